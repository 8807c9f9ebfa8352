import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx


class Integrator(sx.networks.AbstractNetwork):
    """Adds up the difference of the two stimuli: the ideal observer as a network.

    State: (sum of the differences, the latest fixation cue).
    """

    num_inputs: int = eqx.field(static=True, default=3)
    num_units: int = eqx.field(static=True, default=2)
    num_outputs: int = eqx.field(static=True, default=3)
    dt: float = eqx.field(static=True, default=10.0)
    gain: float = 1.0
    silent: bool = eqx.field(static=True, default=False)

    def step(self, state, input):
        return jnp.stack([state[0] + self.gain * (input[1] - input[2]), input[0]])

    def readout(self, state):
        fixate = jnp.where((state[1] > 0.5) | self.silent, 1e6, -1e6)
        return jnp.stack([fixate, state[0], -state[0]])

    def initial_state(self):
        return jnp.zeros(2)


@pytest.fixture(scope="module")
def quiet_task():
    """Noise on the stimulus alone, so that the integrator adds up nothing but evidence."""
    return sx.tasks.PerceptualDecisionMaking(noise_on="stimulus", stimulus=500.0, dt=10.0)


@pytest.fixture(scope="module")
def ideal(quiet_task):
    return sx.psychometric(Integrator(), quiet_task, num_trials=20_000, key=jax.random.key(0))


def test_a_perfect_integrator_is_the_ideal_observer(ideal):
    error = np.sqrt(ideal.ideal_accuracy * (1 - ideal.ideal_accuracy) / ideal.num_trials)
    assert (np.abs(ideal.accuracy - ideal.ideal_accuracy) <= 4 * error + 1e-12).all()
    assert (np.abs(ideal.p_first - ideal.ideal_p_first) <= 4 * error + 1e-12).all()
    assert ideal.mean_accuracy == pytest.approx(ideal.ideal_mean_accuracy, abs=0.01)
    assert ideal.ideal_mean_accuracy == pytest.approx(0.864539, abs=1e-6)
    assert (ideal.p_none == 0).all()


def test_its_conditions(ideal):
    levels = [0.0, 6.4, 12.8, 25.6, 51.2]
    np.testing.assert_allclose(
        ideal.signed_coherence, sorted({-c for c in levels} | set(levels)), atol=1e-5
    )
    assert ideal.num_trials.sum() == 20_000
    assert ideal.num_trials[4] == pytest.approx(4000, abs=250)  # both signs of no evidence
    pooled = (ideal.accuracy * ideal.num_trials).sum() / 20_000
    assert ideal.mean_accuracy == pytest.approx(pooled, rel=1e-12)


def test_the_ideal_observer_in_theory(ideal):
    np.testing.assert_allclose(ideal.ideal_p_first, 1 - ideal.ideal_p_first[::-1], atol=1e-12)
    np.testing.assert_allclose(ideal.ideal_accuracy[4:7], [0.5, 0.844214, 0.978508], atol=1e-6)


def test_a_network_that_never_answers(task):
    silent = sx.psychometric(
        Integrator(dt=100.0, silent=True), task, num_trials=200, key=jax.random.key(1)
    )
    assert (silent.p_none == 1).all()
    assert (silent.p_first == 0).all()
    assert silent.mean_accuracy == 0


def test_more_than_two_choices_are_refused():
    task = sx.tasks.PerceptualDecisionMaking(num_choices=3)
    network = sx.networks.CTRNN(4, 5, 4, key=jax.random.key(0))
    with pytest.raises(sx.InvalidInputError, match="closed form for 2 choices only"):
        sx.psychometric(network, task, key=jax.random.key(0))


def test_a_task_without_evidence_has_no_curve():
    task = sx.tasks.GoNoGo()
    net = sx.networks.CTRNN(task.num_inputs, 4, task.num_outputs, key=jax.random.key(0))
    with pytest.raises(sx.InvalidInputError, match=r"got a GoNoGo: sx\.performance scores any"):
        sx.psychometric(net, task, key=jax.random.key(1))
