import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hand_made import HandMade

import separatrix as sx


class Follower(HandMade):
    """A network whose outputs are its last input, through a matrix and an offset."""

    weights: jax.Array
    offset: jax.Array

    def step(self, state, input):
        return input

    def readout(self, state):
        return self.weights @ state + self.offset


def follower(weights, offset, dt=100.0):
    outputs, inputs = weights.shape
    arrays = (jnp.asarray(array, jnp.float32) for array in (weights, offset))
    return Follower(*arrays, sizes=(inputs, inputs, outputs), dt=dt)


def always(answer, task):
    """A network that fixates while the cue is on, and gives one and the same answer after it."""
    weights = np.zeros((task.num_outputs, task.num_inputs))
    weights[0, 0] = 4.0
    return follower(weights, np.arange(task.num_outputs) == answer, task.dt)


KEY = jax.random.key(0)


def test_one_and_the_same_answer_is_right_where_it_is_asked_for():
    task = sx.tasks.DelayComparison()
    done = sx.performance(always(1, task), task, num_trials=400, key=KEY)
    by_choice = done.by("choice")
    assert (by_choice.value.tolist(), by_choice.score.tolist()) == ([0.0, 1.0], [1.0, 0.0])
    assert done.mean_score == by_choice.num_trials[0] / 400
    assert (done.chance, done.fixation_held, done.total_trials) == (0.5, 1.0, 400)
    assert done.task == "DelayComparison" and np.isnan(done.mean_variance_explained)
    # the highest frequency comes first only where it is the larger one
    assert done.by("f1").score[[0, -1]].tolist() == [0.0, 1.0]


def test_every_condition_divides_all_trials():
    task = sx.tasks.DelayComparison(delay=[200.0, 400.0])
    network = sx.networks.CTRNN(task.num_inputs, 4, task.num_outputs, key=KEY)
    done = sx.performance(network, task, num_trials=200, key=KEY)
    for rows in map(done.by, set(done.condition)):
        assert rows.num_trials.sum() == 200
        both = np.average([rows.score, rows.ideal_score], axis=1, weights=rows.num_trials)
        np.testing.assert_allclose(both, [done.mean_score, done.ideal_mean_score], rtol=1e-6)
    assert 0.95 < done.ideal_mean_score <= 1
    trials = task.trials(200, key=KEY)
    pooled = float(task.score(sx.simulate(network, trials).outputs, trials))
    assert done.mean_score == pytest.approx(pooled, abs=1e-6)


def test_target_values_have_a_share_of_their_variance_explained():
    task = sx.tasks.FlipFlop(bits=2, probability=1.0, duration=800.0)  # a pulse at every step
    followed, halved = (
        sx.performance(follower(gain * np.eye(2), np.zeros(2)), task, num_trials=50, key=KEY)
        for gain in (1.0, 0.5)
    )
    assert followed.mean_score == 1.0 and np.isnan(halved.fixation_held)
    assert followed.mean_variance_explained == pytest.approx(1.0, abs=1e-6)
    variance = np.asarray(task.trials(50, key=KEY).targets).var((0, 1)).mean()
    assert halved.mean_variance_explained == pytest.approx(1 - 0.25 / variance, abs=1e-5)


def test_a_condition_of_many_values_is_divided_evenly():
    task = sx.tasks.DelayMatchCategory()
    done = sx.performance(always(1, task), task, num_trials=400, key=KEY)
    samples = done.by("sample")
    assert samples.num_trials.tolist() == [50] * 8 and (np.diff(samples.value) > 0).all()
    assert done.by("category").value.tolist() == [0.0, 1.0]


def test_codes_are_never_put_into_one_group():
    """Of 20 rules, neighboring numbers have nothing in common."""
    task = sx.tasks.Yang2019(dt=100.0)
    network = sx.networks.CTRNN(task.num_inputs, 4, task.num_outputs, key=KEY)
    rules = sx.performance(network, task, num_trials=400, key=KEY).by("rule")
    assert rules.value.tolist() == list(range(20)) and rules.num_trials.sum() == 400
