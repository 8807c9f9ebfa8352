"""What is measured of networks that do many tasks, on networks whose answers are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hand_made import HandMade

import separatrix as sx

TASK = sx.tasks.Yang2019(dt=100.0, rules=["reactgo", "reactanti", "dm1"])
DECISIONS = sx.tasks.Yang2019(dt=100.0, rules=["dm1", "dm2"])


class Pointer(HandMade):
    """Points to wherever the first ring shows something; else it fixates."""

    def step(self, state, input):
        return input[1:65]

    def readout(self, state):
        ring = state[:32] + state[32:]
        fixate = jnp.where(ring.max() > 0.4, -5.0, 5.0)
        return jnp.concatenate([fixate[None], 20.0 * ring - 10.0])


POINTER = Pointer(sizes=(85, 64, 33))


@pytest.fixture(scope="module")
def found():
    return sx.classics.rule_performance(POINTER, TASK, num_trials=1000, key=jax.random.key(0))


def test_a_network_that_points_at_the_stimulus_does_react_go_and_not_react_anti(found):
    assert found.rules == ("reactgo", "reactanti", "dm1")
    assert found.score.tolist() == [1, 0, 0]  # in dm1 it goes on fixating without stimuli
    assert found.num_trials.sum() == 1024 and (found.num_trials > 200).all()
    np.testing.assert_allclose(found.chance, 0.2)
    assert (found.ideal_score > 0.8).all()
    assert found.mean_score == pytest.approx(found.score.mean())


def test_the_rules_are_drawn_alike_whatever_the_training_draws():
    weighed = sx.tasks.Yang2019(dt=100.0, rules=TASK.rules, rule_weights=[9, 0.0, 0], shared=True)
    one, two = (
        sx.classics.rule_performance(POINTER, task, num_trials=512, key=jax.random.key(3))
        for task in (weighed, TASK)
    )
    np.testing.assert_array_equal(one.num_trials, two.num_trials)
    np.testing.assert_array_equal(one.score, two.score)


def test_units_that_relay_a_modality_vary_in_its_rules():
    variance = sx.classics.rule_variance(
        POINTER, DECISIONS, num_trials=16, num_timings=3, key=jax.random.key(1), restarts=2
    )
    first, second = variance.variance[:32], variance.variance[32:]
    assert (first[:, 0] > 0).all() and (second[:, 1] > 0).all()
    assert (first[:, 1] == 0).all() and (second[:, 0] == 0).all()
    assert variance.best_num_clusters == 2
    assert variance.preferred_tasks() == ("dm1", "dm2")
