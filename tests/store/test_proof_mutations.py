"""Every field of a file of proofs, changed: nothing false is verified, nothing broken is read."""

import contextlib
import copy
import importlib.util
import io
import json
import math
from collections import Counter
from pathlib import Path

import flint
import proof_files
import pytest
from proof_oracle import is_true, proved

from separatrix.store.certificates import FORMAT, _digest

VERIFIER = Path(__file__).parents[2] / "tools" / "verify_certificates.py"
LEAKY = {"dt": 1.0, "tau": [2.0], "alpha": [0.5], "input": [0.5]}
UNIT = {"recurrent_weights": [[2.0]], "input_weights": [[0.5]], "bias": [-0.05]}
RATE = {"equation": "rate", "kind": "map", "activation": "tanh", "leak": "outside", **LEAKY}
GATES = {"input_weights": [[0.2], [-0.3], [0.1]], "recurrent_weights": [[0.5], [0.3], [3.0]]}
GATES |= {"input_bias": [0.1, 0.2, 0.0], "recurrent_bias": [1.5, 0.0, 0.1]}
FOUR = {name: [*rows, rows[1]] for name, rows in GATES.items()}
FOUR["recurrent_weights"] = [[1.0], [0.5], [3.0], [1.0]]
PLASTIC = {"recurrent_weights": [[2.0]], "input_weights": [[1.0]], "bias": [3.0]}
PLASTIC |= {"tau_x": [200.0], "tau_u": [1500.0], "baseline": [0.25]}
GRU = {"equation": "gru", "kind": "map", "input": [0.5], "parameters": GATES}
LINEAR = {"linear": [[0.5]], "weights": [[-1.25]], "constant": [1.0], "gate_weights": [[1.0]]}
THIN = {"left": [[4.0]], "right": [[4.0]], "input_weights": [[0.5]], "bias": [-4.25]}
CURRENT = {"equation": "current", "kind": "flow", "activation": "sigmoid", "divisor": 2, **LEAKY}
EQUATIONS = {
    "rate": RATE | {"parameters": UNIT},
    "flow": RATE | {"parameters": UNIT, "kind": "flow"},
    "inside": RATE | {"parameters": UNIT, "leak": "inside"},
    "low rank": CURRENT | {"parameters": THIN},
    "gru": GRU,
    "reset first gru": GRU | {"equation": "reset first gru"},
    "lstm": GRU | {"equation": "lstm", "parameters": FOUR},
    "plastic": {"equation": "plastic", "kind": "map", **LEAKY, "parameters": PLASTIC},
    "rectified": {
        "equation": "rectified",
        "kind": "map",
        "parameters": LINEAR | {"gate_bias": [0.0]},
    },
}
"""Systems of one unit, of every equation that the verifier knows."""

NOTHING = object()
OTHERS = [None, True, False, 0, -1, 1.5, math.nan, math.inf, "", "1", "nan", [], {}, [None], [[]]]
OTHERS += [10**30, "0x1p+0", "0x1.8p+0", " 0x1.0000000000000p+0", "0x1.0000000000000p+1024", "\0"]
WORDS = ["map", "flow", "inside", "outside", "rate", "current", "gru", "reset first gru", "lstm"]
WORDS += ["plastic", "rectified", "relu", "tanh", "sigmoid", "softplus", "linear", "exists"]
WORDS += ["unique", "unstable", "absent", "separatrix proofs 1", "no name"]


@pytest.fixture(scope="module")
def verifier():
    before = flint.ctx.prec
    spec = importlib.util.spec_from_file_location("verify_certificates", VERIFIER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    flint.ctx.prec = before


def file_of(name):
    about = EQUATIONS[name] | {"name": name, "points": proved(EQUATIONS[name])}
    return {"format": FORMAT, "systems": [mended(about)]}


def mended(system):
    """Return a system as a file has it, with its digest and sentences made anew."""
    return proof_files.written(system | {"digest": _digest(proof_files.arrays(system))})


def places(told, path=()):
    """Yield the way to every value of a file."""
    if path:
        yield path
    pairs = enumerate(told) if isinstance(told, list) else getattr(told, "items", tuple)()
    for key, each in pairs:
        yield from places(each, (*path, key))


def at(told, path):
    for key in path:
        told = told[key]
    return told


def changed(told, path, value):
    told = copy.deepcopy(told)
    inner = at(told, path[:-1])
    if value is NOTHING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return told


def of_another_form(value):
    """Yield what is never in the place of a value, whatever it is."""
    for other in OTHERS:
        if isinstance(value, str) and isinstance(other, str):
            if value.startswith(("0x", "-0x")) or not other.isprintable() or not other:
                yield other
        elif type(other) is not type(value) or isinstance(other, list):
            yield other


def neighbors(value):
    """Yield values of the same form."""
    if isinstance(value, str) and value.startswith(("0x", "-0x")):
        x = float.fromhex(value)
        near = (math.nextafter(x, math.inf), math.nextafter(x, -math.inf), x + 1, x - 1, -x)
        far = (2 * x, x / 2, 1e-300, 1e300, -1e300, 5e-324, 0.0)
        yield from (y.hex() for y in (*near, *far) if y.hex() != value)
    elif isinstance(value, str):
        yield from (word for word in (*WORDS, value + "x", value[::-1]) if word != value)
    elif isinstance(value, int):
        yield from (value + 1, value - 1, 2**31, 2**40)
    elif isinstance(value, list):
        yield from (value[:-1], value + value[-1:], value[::-1], [value])


class Verdicts:
    """What the verifier says of changed files, held against what is true."""

    def __init__(self, verifier, path):
        self.verifier, self.path, self.counts = verifier, path, Counter()
        self.known = {}

    def on(self, text):
        """Return the exit code; count the outcomes; fail where a false claim is verified."""
        self.path.write_text(text)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = self.verifier.main([str(self.path)])
        self.counts["refused"] += code == 2
        if code == 2:
            return code
        outcomes = set()
        for about in self.verifier.read_file(self.path)[0]:
            centers = {point["label"]: point for point in about["points"]}
            for label, claim, outcome, _ in self.verifier.check_system(about):
                outcomes.add(outcome)
                self.counts[outcome] += 1
                if outcome == "verified":
                    assert self.is_true(about, centers[label], claim), (claim, text)
        assert code == int("refuted" in outcomes)
        return code

    def is_true(self, about, point, claim):
        """Return whether a claim is true; most of a changed file is as it was."""
        unit = {key: about[key] for key in about if key not in ("name", "digest", "points")}
        key = json.dumps([unit, point["center"], {**claim, "sentence": ""}])
        if key not in self.known:
            self.known[key] = is_true(about, point, claim)
        return self.known[key]

    def on_mended(self, told):
        """Judge what is changed, with sentences and digest that fit, where they can be made."""
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError, OverflowError):
            systems = [mended(system) for system in proof_files.numbers(told)["systems"]]
            self.on(json.dumps(told | {"systems": systems}))


def check_every_field(verdicts, told, names):
    """Change every field of a file in every way."""
    assert verdicts.on(json.dumps(told)) == 0
    assert set(verdicts.counts) == {"refused", "verified"} and not verdicts.counts["refused"]
    for path in places(told):
        value, is_named = at(told, path), isinstance(path[-1], str)
        for other in [*of_another_form(value), *([NOTHING] if is_named else [])]:
            assert verdicts.on(json.dumps(changed(told, path, other))) == 2, (path, other)
        if isinstance(value, dict):
            assert verdicts.on(json.dumps(changed(told, (*path, "further"), 1))) == 2, path
        for other in (*neighbors(value), *([] if is_named else [NOTHING])):
            verdicts.on(json.dumps(changed(told, path, other)))
            verdicts.on_mended(changed(told, path, other))


@pytest.mark.parametrize("name", EQUATIONS)
def test_x(verifier, tmp_path, name):
    verdicts = Verdicts(verifier, tmp_path / "told.json")
    check_every_field(verdicts, file_of(name), name)
    print(verdicts.counts)
