"""What is measured of networks that do many tasks, on networks whose answers are known."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

TASK = sx.tasks.Yang2019(dt=100.0, rules=["reactgo", "reactanti", "dm1"])
DECISIONS = sx.tasks.Yang2019(dt=100.0, rules=["dm1", "dm2"])


class Pointer(sx.networks.AbstractNetwork):
    """Points to wherever the first ring shows something, turned by an angle; else it fixates."""

    num_inputs: int = eqx.field(static=True, default=85)
    num_units: int = eqx.field(static=True, default=64)
    num_outputs: int = eqx.field(static=True, default=33)
    dt: float = eqx.field(static=True, default=100.0)
    turn: np.ndarray = eqx.field(default_factory=lambda: np.zeros(1, np.int32))

    def step(self, state, input):
        return input[1:65]

    def readout(self, state):
        ring = state[:32] + state[32:]
        shown = ring.max() > 0.4
        fixate = jnp.where(shown, -5.0, 5.0)
        return jnp.concatenate([fixate[None], jnp.roll(20.0 * ring - 10.0, self.turn[0])])

    def initial_state(self):
        return jnp.zeros(64)


@pytest.fixture(scope="module")
def found():
    return sx.classics.rule_performance(Pointer(), TASK, num_trials=1000, key=jax.random.key(0))


def test_a_network_that_points_at_the_stimulus_does_react_go_and_not_react_anti(found):
    score = dict(zip(found.rules, found.score, strict=True))
    assert score["reactgo"] == 1.0
    assert score["reactanti"] == 0.0
    assert score["dm1"] == 0.0  # it goes on fixating when the stimuli are gone
    assert found.num_trials.sum() == 1024 and (found.num_trials > 200).all()
    np.testing.assert_allclose(found.chance, 0.2)
    assert (found.ideal_score > 0.8).all()
    assert found.mean_score == pytest.approx(found.score.mean())


def test_the_rules_are_drawn_alike_whatever_the_training_draws():
    task = sx.tasks.Yang2019(dt=100.0, rules=TASK.rules, rule_weights=[9.0, 0.0, 0.0], shared=True)
    one = sx.classics.rule_performance(Pointer(), task, num_trials=512, key=jax.random.key(3))
    two = sx.classics.rule_performance(Pointer(), TASK, num_trials=512, key=jax.random.key(3))
    np.testing.assert_array_equal(one.num_trials, two.num_trials)
    np.testing.assert_array_equal(one.score, two.score)


def test_units_that_relay_a_modality_vary_in_its_rules():
    variance = sx.classics.rule_variance(
        Pointer(), DECISIONS, num_trials=16, num_timings=3, key=jax.random.key(1), restarts=2
    )
    first, second = variance.variance[:32], variance.variance[32:]
    assert (first[:, 0] > 0).all() and (second[:, 1] > 0).all()
    assert (first[:, 1] == 0).all() and (second[:, 0] == 0).all()
    assert variance.best_num_clusters == 2
    assert variance.preferred_tasks() == ("dm1", "dm2")
