"""Circuits with planted mechanisms: closed latent variables, and their own verdicts."""

import numpy as np
import pytest

import separatrix as sx
from separatrix.models.circuits import MECHANISMS

CHANNELS = 2


def recorded(circuit, steps=300, trials=16, noise=0.01, seed=0):
    """States of a circuit that random pulses drive, and that begins along its driven directions."""
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(trials, circuit.driven.shape[1])) @ circuit.driven.T
    found = []
    for _ in range(steps):
        pulses = rng.choice([-2.0, 0, 2.0], p=[0.01, 0.98, 0.01], size=(trials, CHANNELS))
        states = circuit.step(states, pulses) + noise * rng.normal(size=states.shape)
        found.append(states)
    return np.stack(found, 1)


@pytest.mark.parametrize("rank", [None, 6])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_latent_variables_are_closed_and_the_map_is_the_step(mechanism, rank):
    circuit = sx.models.circuit(mechanism, 60, channels=CHANNELS, rank=rank, seed=3)
    rng = np.random.default_rng(1)
    states, inputs = rng.normal(size=(5, 60)), rng.normal(size=(5, CHANNELS))
    each = [circuit.system.evaluate(x, u) for x, u in zip(states, inputs, strict=True)]
    np.testing.assert_allclose(circuit.step(states, inputs), each, atol=1e-5)
    if rank is not None:
        assert np.linalg.matrix_rank(circuit.weights) <= rank
    if circuit.latent is not None:
        latent = rng.normal(size=(5, circuit.latent.size))
        after = circuit.latent.run(latent, 3)[:, -1]
        states = latent @ circuit.patterns.T
        for _ in range(3):
            states = circuit.step(states, np.zeros((5, CHANNELS)))
        np.testing.assert_allclose(states, after @ circuit.patterns.T, atol=1e-9)


@pytest.mark.laws
@pytest.mark.parametrize("duration", [500.0, 5000.0])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_own_verdict_of_a_circuit_is_right_for_its_mechanism(mechanism, duration):
    circuit = sx.models.circuit(mechanism, 40, channels=CHANNELS, seed=1, duration=duration)
    states = recorded(circuit).reshape(-1, 40)[7::50]
    system = circuit.system
    if circuit.latent is not None and circuit.latent.size < 10:
        states, system = states @ np.linalg.pinv(circuit.patterns).T, circuit.latent
    assert sx.verdict(system, states, duration=duration).held in circuit.right


def test_a_line_keeps_what_it_says_and_a_chain_loses_all():
    line = sx.models.circuit("line", 30, duration=1000.0)
    start = line.driven.T
    after = line.system.run(start, 100)[0, -1]
    assert np.linalg.norm(after) / np.linalg.norm(start) == pytest.approx(0.98, abs=1e-3)
    chain = sx.models.circuit("chain", 30, duration=1000.0)
    assert np.abs(np.linalg.eigvals(chain.weights)).max() < 0.7  # nilpotent, but for rounding
    assert np.linalg.norm(chain.system.run(chain.driven.T, 1000)[0, -1]) < 1e-9


def test_the_turn_of_a_cycle_and_the_passage_of_a_ghost_last_as_asked():
    cycle = sx.models.circuit("cycle", 40, period=800.0)
    found = sx.verdict(cycle.latent, 0.5 * np.eye(2), duration=2000.0)
    times = found.claims[0].numbers
    assert np.nanmin([times["turn"], times["period"]]) == pytest.approx(800.0, rel=0.1)
    ghost = sx.models.circuit("ghost", 40, duration=5000.0)
    path = ghost.latent.run(np.array([-2.0]), 2000)[:, 0]
    assert 400 < (path < 0).sum() < 900  # steps of 10 ms: about 1.2 T


@pytest.mark.parametrize(
    ("mechanism", "arguments"),
    [
        ("ring", {"rank": 1}),
        ("chain", {"units": 3}),
        ("ring", {"background": 0.1}),
        ("line", {"period": 10.0}),
        ("line", {"dt": 200.0}),
    ],
)
def test_what_cannot_be_planted_is_refused(mechanism, arguments):
    with pytest.raises(sx.InvalidInputError):
        sx.models.circuit(mechanism, **({"units": 20} | arguments))
