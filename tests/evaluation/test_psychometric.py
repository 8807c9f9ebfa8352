import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hand_made import HandMade

import separatrix as sx


class Integrator(HandMade):
    """Adds up the difference of the two stimuli: the ideal observer as a network.

    State: (sum of the differences, the latest fixation cue).
    """

    silent: bool = eqx.field(static=True, default=False)

    def step(self, state, input):
        return jnp.stack([state[0] + input[1] - input[2], input[0]])

    def readout(self, state):
        fixate = jnp.where((state[1] > 0.5) | self.silent, 1e6, -1e6)
        return jnp.stack([fixate, state[0], -state[0]])


@pytest.fixture(scope="module")
def ideal():
    """Noise is on the stimulus alone, so that the integrator adds up nothing but evidence."""
    task = sx.tasks.PerceptualDecisionMaking(noise_on="stimulus", stimulus=500.0, dt=10.0)
    network = Integrator(sizes=(3, 2, 3), dt=10.0)
    return sx.psychometric(network, task, num_trials=20_000, key=jax.random.key(0))


def test_a_perfect_integrator_is_the_ideal_observer(ideal):
    error = np.sqrt(ideal.ideal_accuracy * (1 - ideal.ideal_accuracy) / ideal.num_trials)
    assert (np.abs(ideal.accuracy - ideal.ideal_accuracy) <= 4 * error + 1e-12).all()
    assert (np.abs(ideal.p_first - ideal.ideal_p_first) <= 4 * error + 1e-12).all()
    assert ideal.mean_accuracy == pytest.approx(ideal.ideal_mean_accuracy, abs=0.01)
    assert (ideal.p_none == 0).all()


def test_its_conditions(ideal):
    levels = [-51.2, -25.6, -12.8, -6.4, 0.0, 6.4, 12.8, 25.6, 51.2]
    np.testing.assert_allclose(ideal.signed_coherence, levels, atol=1e-5)
    assert ideal.num_trials.sum() == 20_000
    assert ideal.num_trials[4] == pytest.approx(4000, abs=250)  # both signs of no evidence
    pooled = np.average(ideal.accuracy, weights=ideal.num_trials)
    assert ideal.mean_accuracy == pytest.approx(pooled, rel=1e-12)


def test_a_network_that_never_answers(task, key):
    network = Integrator(silent=True, sizes=(3, 2, 3))
    silent = sx.psychometric(network, task, num_trials=200, key=key)
    assert (silent.p_none == 1).all() and (silent.p_first == 0).all()
    assert silent.mean_accuracy == 0


def test_a_task_without_two_choices_has_no_curve(key):
    task = sx.tasks.PerceptualDecisionMaking(num_choices=3)
    net = sx.networks.CTRNN(task.num_inputs, 4, task.num_outputs, key=key)
    with pytest.raises(sx.InvalidInputError, match="2 choices"):
        sx.psychometric(net, task, key=key)
