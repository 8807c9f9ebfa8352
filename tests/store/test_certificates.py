"""Proofs that are written out, and the verifier that others check them with."""

import json
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import flint
import jax
import jax.numpy as jnp
import jsonschema
import numpy as np
import proof_files
import pytest
from planted_lies import planted_lies
from true_proofs import INPUT, NETWORKS, PROOFS

import separatrix as sx
import separatrix.store
from separatrix.store.certificates import FORMAT, _digest, equation_of

SCHEMA = Path(separatrix.store.__file__).with_name("proofs-2.schema.json")
VERIFIER = Path(__file__).parents[2] / "tools" / "verify_certificates.py"


def verify(path):
    return subprocess.run(
        [sys.executable, VERIFIER, path], capture_output=True, text=True, check=False
    )


def verdict_on(told, tmp_path):
    """Return the exit code, and what is said of all statements."""
    done = verify(proof_files.write(told, tmp_path / "told.json"))
    return done.returncode, done.stdout.rpartition("all statements: ")[2].strip()


def test_true_statements_of_every_cell_are_verified_and_planted_lies_refuted(tmp_path):
    truth = proof_files.read(PROOFS)
    # Of low rank a larger ball is proved in latent variables; a silent plastic unit is on a kink.
    assert verdict_on(truth, tmp_path) == (0, "144 verified, 0 refuted, 7 not checkable")
    lies = planted_lies(truth)
    besides = sum(len(system["points"]) - 1 for system in lies["systems"])  # a true second zero
    expected = f"{besides} verified, 50 refuted, 0 not checkable"
    assert verdict_on(lies, tmp_path) == (1, expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_equation_is_that_of_the_network_and_has_its_jacobian(verifier, name):
    network = NETWORKS[name]()
    told = proof_files.written(equation_of(network, INPUT) | {"points": []})
    system = verifier.System(proof_files.numbers(told))
    draw = np.random.default_rng(0).standard_normal(network.initial_state().shape)
    with jax.enable_x64():
        expected = network.at_input(INPUT).evaluate(jnp.asarray(draw))
    state, h = [flint.arb(v) for v in draw.tolist()], flint.arb(2) ** -80
    step = system.both(state, 0)[1]().value
    np.testing.assert_allclose([float(v) for v in step], expected, rtol=1e-13, atol=1e-14)
    for which in (0, 1):  # what is zero at fixed points, and the step itself
        slope = system.both(state, 0)[which]().slope
        for k in range(len(state)):
            ends = ([v + h * sign * (j == k) for j, v in enumerate(state)] for sign in (1, -1))
            above, below = (system.both(end, 0)[which]().value for end in ends)
            for i in range(len(state)):
                assert abs((above[i] - below[i]) / (2 * h) - slope[i, k]) < 1e-30


def test_what_is_written_reads_back_as_it_was(tmp_path):
    network = NETWORKS["CTRNN tanh"]()
    system = network.at_input(INPUT)
    points = sx.find_fixed_points(system, np.random.default_rng(1).standard_normal((20, 6)))
    path = sx.export_certificates({"a": (network, INPUT, points)}, tmp_path / "proofs.json")
    (told,) = proof_files.read(path)["systems"]
    centers = {point["label"]: point["center"] for point in told["points"]}
    for k in np.flatnonzero(points.certified):
        assert centers[int(points.label[k])] == np.asarray(points.states[k]).tolist()
    weights = np.array(told["parameters"]["recurrent_weights"])
    assert (weights == np.asarray(network.recurrent_weights, float)).all()
    claims = [claim["claim"] for point in told["points"] for claim in point["claims"]]
    assert claims.count("exists") == int(points.fixed.certified.sum()) == 5
    assert verify(path).stdout.endswith(f"{len(claims)} verified, 0 refuted, 0 not checkable\n")


def test_an_equation_that_is_not_known_is_not_checkable(tmp_path):
    class Own(sx.networks.GRU):
        """A class of a user's own, whose step may be another."""

    equation = equation_of(Own(2, 4, 1, key=jax.random.key(0)), INPUT)
    truth = proof_files.read(PROOFS)
    system = truth["systems"][0] | equation | {"digest": _digest({})}
    system = {key: system[key] for key in (*equation, "name", "digest", "points")}
    code, said = verdict_on(truth | {"systems": [system]}, tmp_path)
    assert code == 2 and said.startswith("0 verified, 0 refuted")  # nothing is shown to be right


def test_what_is_written_has_the_form_of_the_schema():
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    is_valid = jsonschema.Draft202012Validator(schema).is_valid
    told = json.loads(PROOFS.read_text())
    assert schema["properties"]["format"]["const"] == told["format"] == FORMAT
    for system in told["systems"]:
        assert is_valid(told | {"systems": [system]})
        for key in system:  # every entry is needed, but for what only some equations have
            without = {name: each for name, each in system.items() if name != key}
            assert not is_valid(told | {"systems": [without]}), key
        for key in system["parameters"].keys() - {"recurrent_weights"}:
            without = {name: each for name, each in system["parameters"].items() if name != key}
            assert not is_valid(told | {"systems": [system | {"parameters": without}]}), key
        for point in system["points"][:1]:
            for part in (point, *point["claims"]):
                for key, value in part.items():
                    for other in (None, 1.5, [], "0x1p+0"):
                        part[key] = other
                        assert not is_valid(told | {"systems": [system]}) or key == "sentence"
                    part[key] = value


def test_a_file_of_the_first_format_is_refused_with_how_to_write_it_anew(tmp_path):
    (tmp_path / "old.json").write_text('{"format": "separatrix proofs 1", "systems": [0.5]}')
    done = verify(tmp_path / "old.json")
    assert done.returncode == 2 and "separatrix certify RUN" in done.stderr


def test_what_is_no_file_of_proofs_has_an_exit_code_of_its_own(tmp_path):
    assert verify(tmp_path / "missing.json").returncode == 2
    (tmp_path / "other.json").write_text('{"format": "other"}')
    assert verify(tmp_path / "other.json").returncode == 2


LINE = {"equation": "rate", "kind": "flow", "parameters": {}}
ENTRIES = [("GRU", INPUT), ("GRU",), ({"equation": "rate"},), (LINE | {"gain": 2.0},)]
ENTRIES += [(LINE | {"input": [np.nan]},)]


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_cannot_be_exported_is_refused(entry):
    """A flow of a network that is a map; no input; an equation that lacks parts, or has others."""
    points = sx.find_fixed_points(sx.Flow(lambda x: -0.5 * x, 1), np.ones((1, 1)))
    given = [NETWORKS[part]() if part == "GRU" else part for part in entry]
    with pytest.raises(sx.InvalidInputError):
        sx.export_certificates({"it": (*given, points)}, "never.json")


@pytest.mark.parametrize("name", ["", "two\nlines", "\u202e", "x" * 301])
def test_a_name_that_is_no_printed_line_is_refused(name):
    points = sx.find_fixed_points(sx.Flow(lambda x: -0.5 * x, 1), np.ones((1, 1)))
    with pytest.raises(sx.InvalidInputError):
        sx.export_certificates({name: (LINE, points)}, "never.json")


def test_a_flow_has_no_leak_inside(tmp_path):
    """A step that forgets its state may have it inside; the equation is the same."""
    inside = NETWORKS["CTRNN tanh, leak inside"]()
    undamped = sx.networks.CTRNN(
        2, 6, 1, activation="tanh", tau=20.0, dt=20.0, leak="inside", key=jax.random.key(0)
    )
    weights = (inside.recurrent_weights, inside.input_weights, inside.bias)
    undamped = eqx.tree_at(
        lambda net: (net.recurrent_weights, net.input_weights, net.bias), undamped, weights
    )
    points = sx.find_fixed_points(undamped.flow_at_input(INPUT), np.zeros((1, 6)))
    path = sx.export_certificates({"a": (undamped, INPUT, points)}, tmp_path / "proofs.json")
    assert verify(path).stdout.endswith("3 verified, 0 refuted, 0 not checkable\n")
