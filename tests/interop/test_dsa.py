"""Dynamical similarity analysis, by the package dsa-metric."""

import importlib.metadata

import jax
import numpy as np
import pytest

import separatrix as sx

pytest.importorskip("DSA")
import torch

pytestmark = pytest.mark.filterwarnings("default")  # those of other packages


def activity(A, seed, size=6, drive=1.0):
    """Linear dynamics driven by noise in other coordinates, (trial, time, unit), and the noise."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(size, size)))[0][:, : len(A)]
    inputs = rng.normal(size=(20, 50, 1))
    states = rng.normal(size=(20, 50, len(A)))
    for step in range(1, 50):
        states[:, step] = states[:, step - 1] @ A.T + drive * inputs[:, step - 1] * np.ones(len(A))
    return sx.measures.Dynamics(states=states @ turn.T, inputs=inputs)


SLOW, FAST = np.diag([0.9, 0.5]), np.array([[0.6, 0.5], [-0.5, 0.6]])


@pytest.mark.parametrize(
    "measure",
    [
        sx.measures.DSA(rank=2),
        sx.measures.DSA(rank=2, score_method="angular", iterations=300, learning_rate=0.02),
        sx.measures.InputDSA(n_delays=5, rank=2),
    ],
    ids=["wasserstein", "angular", "input_dsa"],
)
def test_the_same_dynamics_in_other_coordinates_are_near(measure):
    networks = {"one": activity(SLOW, 0), "same": activity(SLOW, 1), "other": activity(FAST, 2)}
    found = sx.compare(networks, measure)
    assert found.distances[0, 1] < 0.3 * found.distances[0, 2]
    assert found.measure.endswith(f"(dsa-metric {importlib.metadata.version('dsa-metric')})")
    np.testing.assert_array_equal(found.distances, sx.compare(networks, measure).distances)


def test_the_eigenvalues_of_the_model_are_those_of_the_dynamics():
    other = activity(np.diag([0.8, 0.5]), 1, drive=0.0)
    networks = {"one": activity(SLOW, 0, drive=0.0), "other": other}
    found = sx.compare(networks, sx.measures.DSA(rank=2))
    assert found.distances[0, 1] == pytest.approx(0.1**2 / 2, rel=0.01)  # squares, as it counts


def test_trials_of_different_length_and_the_users_random_numbers():
    whole = activity(SLOW, 0)
    inside = np.arange(50) < np.random.default_rng(0).integers(30, 50, 20)[:, None]
    padded = np.where(inside[..., None], whole.states, 7.0)
    part = sx.measures.Dynamics(states=padded, inputs=whole.inputs, inside=inside)
    before = torch.random.get_rng_state()
    found = sx.compare({"whole": whole, "part": part}, sx.measures.DSA(rank=2))
    assert found.distances[0, 1] < 1e-3
    assert torch.equal(before, torch.random.get_rng_state())


def test_models_that_cannot_be_compared_are_not_known():
    networks = {"six units": activity(SLOW, 0), "eight": activity(SLOW, 0, size=8)}
    found = sx.compare(networks, sx.measures.DSA(score_method="angular", iterations=2))
    assert np.isnan(found.distances[0, 1])
    assert found.reasons[0, 1] == "models of 6 and 8 variables: give both one rank"


def test_a_network_is_compared_with_itself_in_new_trials(tmp_path):
    task = sx.tasks.PerceptualDecisionMaking()
    nets = {
        f"n{k}": sx.networks.CTRNN(3, 8, 3, dt=task.dt, key=jax.random.key(k)) for k in range(2)
    }
    settings = {"task": {"name": "PerceptualDecisionMaking"}}
    runs = {name: sx.records.Run(tmp_path, settings, net, {}) for name, net in nets.items()}
    found = sx.compare(runs, sx.measures.DSA(n_delays=3, rank=4))
    assert (found.null < found.distances[0, 1]).all() and "in new trials" in repr(found)
