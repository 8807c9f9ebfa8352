import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from same import assert_same

import separatrix as sx

CTRNN = sx.networks.CTRNN


def inputs_for(net, trials=3, time=11, seed=5):
    return jax.random.normal(jax.random.key(seed), (trials, time, net.num_inputs))


def drawn(key, **how):
    """Return the recurrent weights and biases of a network."""
    net = CTRNN(50, 400, 3, key=key, **how)
    return np.asarray(net.recurrent_weights, float), np.asarray(net.bias)


def test_initializations(key):
    w, bias = drawn(key, initialization="kaiming_normal")
    assert w.std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert np.abs(w).max() <= 2 * np.sqrt(2 / 400) / 0.8796 + 1e-6 and not bias.any()
    w, bias = drawn(key, initialization="torch_linear")
    assert np.abs(w).max() <= 1 / 20 and bias.std() > 0
    assert w.std() == pytest.approx(1 / 20 / np.sqrt(3), rel=0.02)


def test_initializations_of_recurrent_weights(key):
    kinds = ("orthogonal", "diagonal", "gaussian")
    plain, scaled = (
        {kind: drawn(key, recurrent_initialization=kind, gain=gain)[0] for kind in kinds}
        for gain in (None, 1.5)
    )
    np.testing.assert_allclose(plain["orthogonal"] @ plain["orthogonal"].T, np.eye(400), atol=1e-5)
    np.testing.assert_allclose(scaled["orthogonal"], 1.5 * plain["orthogonal"], rtol=1e-6)
    np.testing.assert_array_equal(plain["diagonal"], 0.5 * np.eye(400))
    np.testing.assert_array_equal(scaled["diagonal"], 1.5 * np.eye(400))
    assert plain["gaussian"].std() == pytest.approx(1 / np.sqrt(400), rel=0.02)
    radius = np.abs(np.linalg.eigvals(scaled["gaussian"])).max()
    assert radius == pytest.approx(1.5, rel=0.1)  # Girko's circle has radius g


def test_the_flow_of_units_with_time_constants_of_their_own(key):
    tau, u = np.linspace(50.0, 400.0, 6), [1.0, 0.5, 0.5]
    net = CTRNN(3, 6, 2, tau=tau, dt=20.0, activation="tanh", key=key)
    flow, step = net.flow_at_input(u), net.at_input(u)
    assert flow.tau == 50.0
    points = sx.find_fixed_points(flow, np.zeros((1, 6)))
    mu, lam = (sx.linearize(system, points.states).eigenvalues[0] for system in (step, flow))
    both = [np.sort_complex(v) for v in (mu, 1 + 20 / 50 * lam)]
    np.testing.assert_allclose(*both, atol=1e-12)


def test_the_private_noise_of_a_linear_unit_has_the_variance_that_was_asked_for(key):
    """x' = (1 − α) x + √(2α) σ ξ has the variance σ² / (1 − α/2)."""
    net = CTRNN(1, 40, 1, tau=100.0, dt=20.0, activation="linear", noise=0.3, key=key)
    net = eqx.tree_at(lambda n: n.recurrent_weights, net, jnp.zeros((40, 40)))
    x = jnp.zeros((20, 1000, 1))
    states = np.asarray(eqx.filter_jit(net.unroll_noisy)(x, jax.random.key(1)))[:, 50:]
    assert states.std() == pytest.approx(0.3 / np.sqrt(1 - 0.1), rel=0.02)
    correlation = np.corrcoef(states[0].T)[np.triu_indices(40, 1)]
    assert np.abs(correlation.mean()) < 0.02  # it is each unit's own


def test_the_backward_pass_with_noise_is_the_gradient_of_stepping(key):
    net = CTRNN(3, 5, 2, dt=30.0, activation="tanh", noise=0.2, key=key)
    x, weigh = inputs_for(net), jax.random.normal(jax.random.key(9), (3, 11, 5))
    noise = jax.random.normal(key, (11, 3, 5)) * (0.2 * np.sqrt(2 / net.alpha))

    def stepwise(net):
        state, states = jnp.zeros((3, 5)), []
        for t in range(11):
            current = state @ net.recurrent_weights.T + x[:, t] @ net.input_weights.T + net.bias
            state = net.update(state, current + noise[t])
            states.append(state)
        return jnp.stack(states, 1)

    fast, plain = (
        eqx.filter_jit(eqx.filter_grad(lambda net, run=run: jnp.sum(weigh * run(net))))(net)
        for run in (lambda n: n.unroll_noisy(x, key), stepwise)
    )
    assert_same(fast, plain, rtol=2e-4, atol=2e-5)


def test_noise_enters_training_and_nothing_else(task, key):
    silent, noisy = (CTRNN(3, 6, 3, noise=noise, key=key) for noise in (0.0, 0.5))
    quiet, loud = (
        sx.train(net, task, steps=4, epoch_steps=4, key=key, progress=False).history.loss
        for net in (silent, noisy)
    )
    assert (quiet != loud).all()
    x = inputs_for(silent)
    np.testing.assert_array_equal(silent.unroll(x), noisy.unroll(x))
