"""Every field of a file of proofs, changed: nothing false is verified, nothing broken is read."""

import contextlib
import copy
import io
import json
import math
from collections import Counter

import proof_files
import pytest
from proof_oracle import is_true, proved

from separatrix.store.certificates import FORMAT, _digest

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
        self.verifier, self.path, self.counts = verifier, path, Counter(refused=0)
        self.known = {}

    def on(self, text):
        """Return the exit code; count the outcomes; fail where a false claim is verified."""
        self.path.write_text(text)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = self.verifier.main([str(self.path)])
        try:
            systems, _ = self.verifier.read_file(self.path)
        except (OSError, ValueError, RecursionError, self.verifier.Refused):
            self.counts["refused"] += 1
            assert code == 2
            return code
        outcomes = set()
        for about in systems:
            centers = {point["label"]: point for point in about["points"]}
            for label, claim, outcome, _ in self.verifier.check_system(about):
                outcomes.add(outcome)
                self.counts[outcome] += 1
                if outcome == "verified":
                    assert self.is_true(about, centers[label], claim), (claim, text)
        assert code == (1 if "refuted" in outcomes else 0 if "verified" in outcomes else 2)
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


OFTEN = ("rate",)
"""The equations that are tested with every change of the code; the laws test the others."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in OFTEN else pytest.mark.weekly) for name in EQUATIONS],
)
def test_what_is_verified_of_a_changed_file_is_true(verifier, tmp_path, name):
    verdicts, told = Verdicts(verifier, tmp_path / "told.json"), file_of(name)
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
    assert min(verdicts.counts.values()) > 50, verdicts.counts


def replaced(told, old, new):
    text = json.dumps(told)
    assert old in text
    return text.replace(old, new, 1)


TEXTS = {
    "a field twice": ('"kind": ', '"kind": "map", "kind": '),
    "deep": ('"map"', "[" * 100_000 + "]" * 100_000),
    "unclosed": ('"map"', "[" * 100_000),
    "a long number": ('"label": 0', '"label": ' + "1" * 5000),
    "half a character": ('"name": "rate', '"name": "\\ud800'),
    "a second line": ('"name": "rate', '"name": "rate\\n1 verified'),
    "direction of writing": ('"name": "rate', '"name": "rate\\u202e'),
    "a mark in front": ("{", "\ufeff{"),
    "nothing": ("{", ""),
}


@pytest.mark.parametrize("what", TEXTS)
def test_what_json_allows_and_a_file_of_proofs_does_not_is_refused(verifier, tmp_path, what):
    text = replaced(file_of("rate"), *TEXTS[what])
    assert Verdicts(verifier, tmp_path / "told.json").on(text) == 2


def test_what_does_not_belong_together_is_refused(verifier, tmp_path, monkeypatch):
    told, most = file_of("rate"), {"entries": 50, "units": 8}
    for what, number in most.items():
        monkeypatch.setitem(verifier.MOST, what, number)
    assert Verdicts(verifier, tmp_path / "told.json").on(json.dumps(told)) == 0
    (system,) = told["systems"]
    point = system["points"][0]
    exists, unique, _ = point["claims"]
    absent = {"claim": "absent", "radius": 0.1}
    both = {"label": 0, "center": [0.5], "claims": [absent, {"claim": "exists", "radius": 1.0}]}
    units = most["units"] + 1
    wide = {name: rows * units for name, rows in UNIT.items()}
    wide["recurrent_weights"] = [[2.0] * units] * units
    parts = {
        "two of one name": {"systems": [system, system]},
        "two of one label": {"points": [point, point]},
        "two of one claim": {"claims": [exists, exists]},
        "a count of another claim": {"claims": [exists | {"count": 0}]},
        "a radius of another claim": {"claims": [unique | {"radius": exists["radius"]}]},
        "there and not": {"points": [proof_files.point(both)]},
        "two numbers of one unit": {"center": point["center"] * 2},
        "many": {"points": [point | {"label": k} for k in range(most["entries"] + 1)]},
        "wide": mended(proof_files.numbers(system) | {"points": [], "parameters": wide}),
        "no system": {"systems": []},
        "no point": {"points": []},
        "no claim": {"claims": []},
    }
    verdicts, codes = Verdicts(verifier, tmp_path / "told.json"), {}
    for what, part in parts.items():
        if {"claims", "center"} & part.keys():
            part = {"points": [point | part]}
        if "systems" not in part:
            part = {"systems": [system | part]}
        codes[what] = verdicts.on(json.dumps(told | part))
    assert codes == dict.fromkeys(parts, 2)


@pytest.mark.parametrize("what", ["bytes", "brackets", "numbers"])
def test_a_file_is_refused_for_its_size_before_it_is_parsed(verifier, tmp_path, monkeypatch, what):
    told = json.dumps(file_of("rate"))
    monkeypatch.setattr(verifier.json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    monkeypatch.setitem(verifier.MOST, what, 20)
    assert Verdicts(verifier, tmp_path / "told.json").on(told) == 2


def test_what_is_no_text_is_refused(verifier, tmp_path):
    for content in (b"\xff\xfe", b"\x00" * 100, "{}".encode("utf-16")):
        (tmp_path / "told.json").write_bytes(content)
        assert verifier.main([str(tmp_path / "told.json")]) == 2
    assert verifier.main([str(tmp_path)]) == verifier.main(["\0"]) == verifier.main([]) == 2


PLASTIC_SETTINGS = [("tau_x", -200.0), ("tau_u", 0.0), ("baseline", 1.5), ("baseline", -0.1)]


@pytest.mark.parametrize(("name", "value"), PLASTIC_SETTINGS)
def test_synapses_of_another_kind_are_refused(verifier, tmp_path, name, value):
    """With such settings a zero of what is tested is no fixed point, as x and u are kept within."""
    told = file_of("plastic")
    system = proof_files.numbers(told)["systems"][0]
    system["parameters"][name] = [value]
    verdicts = Verdicts(verifier, tmp_path / "told.json")
    assert verdicts.on(json.dumps(told | {"systems": [mended(system)]})) == 2


@pytest.mark.parametrize("name", [name for name in EQUATIONS if name not in ("flow", "low rank")])
def test_only_an_equation_of_rates_or_currents_without_a_leak_inside_is_a_flow(
    verifier, tmp_path, name
):
    verdicts = Verdicts(verifier, tmp_path / "told.json")
    told = changed(file_of(name), ("systems", 0, "kind"), "flow")
    assert (verdicts.on(json.dumps(told)) == 2) == (name != "rate")


def test_another_zero_in_the_ball_leaves_the_number_of_directions_open(verifier, tmp_path):
    """Two zeros of 0 unstable directions, and one of 1 between them."""
    told = proof_files.numbers(file_of("rate"))
    claims = [{"claim": "unstable", "radius": 5.0, "count": count} for count in (0, 1)]
    (system,) = told["systems"]
    outcomes = []
    for claim in claims:
        points = [system["points"][1] | {"claims": [claim]}]
        path = proof_files.write(told | {"systems": [system | {"points": points}]}, tmp_path / "p")
        (about,) = verifier.read_file(path)[0]
        outcomes += [outcome for *_, outcome, _ in verifier.check_system(about)]
    assert outcomes == ["refuted", "not checkable"]
