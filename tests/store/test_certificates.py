"""Proofs that are written out, and the verifier that others check them with."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import flint
import jax
import jax.numpy as jnp
import numpy as np
import proof_files
import pytest
from planted_lies import planted_lies
from true_proofs import INPUT, NETWORKS, PROOFS

import separatrix as sx
from separatrix.store.certificates import _digest, equation_of

VERIFIER = Path(__file__).parents[2] / "tools" / "verify_certificates.py"


def verify(path):
    return subprocess.run(
        [sys.executable, VERIFIER, path], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def verifier():
    before = flint.ctx.prec
    spec = importlib.util.spec_from_file_location("verify_certificates", VERIFIER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    flint.ctx.prec = before


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
    assert code == 0 and said.startswith("0 verified, 0 refuted")


def test_what_is_no_file_of_proofs_has_an_exit_code_of_its_own(tmp_path):
    assert verify(tmp_path / "missing.json").returncode == 2
    (tmp_path / "other.json").write_text('{"format": "other"}')
    assert verify(tmp_path / "other.json").returncode == 2


@pytest.mark.parametrize("entry", [("GRU", INPUT), ("GRU",), ({"equation": "rate"},)])
def test_what_cannot_be_exported_is_refused(entry):
    """A flow of a network that is a map; no input; an equation that lacks its parts."""
    points = sx.find_fixed_points(sx.Flow(lambda x: -0.5 * x, 1), np.ones((1, 1)))
    given = [NETWORKS[part]() if part == "GRU" else part for part in entry]
    with pytest.raises(sx.InvalidInputError):
        sx.export_certificates({"it": (*given, points)}, "never.json")
