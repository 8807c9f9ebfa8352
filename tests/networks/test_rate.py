import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

CTRNN = sx.networks.CTRNN


def inputs_for(net, trials=3, time=11, seed=5):
    return jax.random.normal(jax.random.key(seed), (trials, time, net.num_inputs))


@pytest.mark.parametrize("leak", ["outside", "inside"])
def test_a_step_is_the_documented_equation(leak, key):
    net = CTRNN(3, 8, 2, tau=100.0, dt=20.0, activation="tanh", leak=leak, key=key)
    r, x = jnp.linspace(-1, 1, 8), jnp.array([1.0, 0.2, -0.3])
    a = net.recurrent_weights @ r + net.input_weights @ x + net.bias
    alpha = 0.2
    if leak == "outside":
        expected = (1 - alpha) * r + alpha * jnp.tanh(a)
    else:
        expected = jnp.tanh((1 - alpha) * r + alpha * a)
    np.testing.assert_allclose(net.step(r, x), expected, rtol=1e-6)


def test_initializations(key):
    many = CTRNN(50, 400, 3, initialization="kaiming_normal", key=key)
    w = np.asarray(many.recurrent_weights)
    assert w.std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert np.abs(w).max() <= 2 * np.sqrt(2 / 400) / 0.8796 + 1e-6
    assert (np.asarray(many.bias) == 0).all()
    linear = CTRNN(50, 400, 3, initialization="torch_linear", key=key)
    w = np.asarray(linear.recurrent_weights)
    assert np.abs(w).max() <= 1 / 20
    assert w.std() == pytest.approx(1 / 20 / np.sqrt(3), rel=0.02)
    assert np.asarray(linear.bias).std() > 0


@pytest.mark.parametrize("name", ["orthogonal", "diagonal", "gaussian"])
def test_initializations_of_recurrent_weights(name, key):
    net, scaled = (
        CTRNN(3, 300, 2, recurrent_initialization=name, gain=gain, key=key) for gain in (None, 1.5)
    )
    w, w_scaled = (np.asarray(n.recurrent_weights, float) for n in (net, scaled))
    assert (np.asarray(net.bias) == 0).all()
    if name == "orthogonal":
        np.testing.assert_allclose(w @ w.T, np.eye(300), atol=1e-5)
        np.testing.assert_allclose(w_scaled, 1.5 * w, rtol=1e-6)
    elif name == "diagonal":
        np.testing.assert_array_equal(w, 0.5 * np.eye(300))
        np.testing.assert_array_equal(w_scaled, 1.5 * np.eye(300))
    else:
        assert w.std() == pytest.approx(1 / np.sqrt(300), rel=0.02)
        radius = np.abs(np.linalg.eigvals(w_scaled)).max()
        assert radius == pytest.approx(1.5, rel=0.1)  # Girko's circle has radius g


@pytest.mark.parametrize("leak", ["outside", "inside"])
def test_a_time_constant_of_each_unit(leak, key):
    tau = np.linspace(50.0, 400.0, 6)
    net = CTRNN(3, 6, 2, tau=tau, dt=20.0, activation="tanh", leak=leak, key=key)
    r, x = jnp.linspace(-1, 1, 6), jnp.array([1.0, 0.2, -0.3])
    following = net.step(r, x)
    for unit in range(6):
        alone = CTRNN(3, 6, 2, tau=tau[unit], dt=20.0, activation="tanh", leak=leak, key=key)
        np.testing.assert_allclose(following[unit], alone.step(r, x)[unit], rtol=1e-6)


def test_the_flow_of_units_with_time_constants_of_their_own(key):
    tau = np.linspace(50.0, 400.0, 6)
    net = CTRNN(3, 6, 2, tau=tau, dt=20.0, activation="tanh", key=key)
    u = [1.0, 0.5, 0.5]
    flow, step = net.flow_at_input(u), net.at_input(u)
    assert flow.tau == 50.0
    points = sx.find_fixed_points(flow, np.zeros((1, 6)))
    mu = sx.linearize(step, points.states).eigenvalues
    lam = sx.linearize(flow, points.states).eigenvalues
    both = [np.sort_complex(v) for v in (mu[0], 1 + 20 / 50 * lam[0])]
    np.testing.assert_allclose(*both, atol=1e-12)


def test_the_private_noise_of_a_linear_unit_has_the_variance_that_was_asked_for(key):
    """x' = (1 − α) x + √(2α) σ ξ has the variance σ² / (1 − α/2)."""
    net = CTRNN(1, 40, 1, tau=100.0, dt=20.0, activation="linear", noise=0.3, key=key)
    net = eqx.tree_at(lambda n: n.recurrent_weights, net, jnp.zeros((40, 40)))
    x = jnp.zeros((20, 1000, 1))
    states = np.asarray(eqx.filter_jit(net.unroll_noisy)(x, jax.random.key(1)))[:, 50:]
    assert states.std() == pytest.approx(0.3 / np.sqrt(1 - 0.1), rel=0.02)
    assert (np.asarray(net.unroll(x)) == 0).all()
    correlation = np.corrcoef(states[0].T)[np.triu_indices(40, 1)]
    assert np.abs(correlation.mean()) < 0.02  # it is each unit's own


def test_the_backward_pass_with_noise_is_the_gradient_of_stepping(key):
    net = CTRNN(3, 5, 2, dt=30.0, activation="tanh", noise=0.2, key=key)
    x, weigh = inputs_for(net), jax.random.normal(jax.random.key(9), (3, 11, 5))

    def stepwise(net):
        noise = jax.random.normal(key, (11, 3, 5)) * (0.2 * np.sqrt(2 / net.alpha))
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
    for a, b in zip(jax.tree.leaves(fast), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_noise_enters_training_and_nothing_else(task, key):
    def trained(noise):
        net = CTRNN(3, 6, 3, noise=noise, key=key)
        fit = sx.train(net, task, steps=4, epoch_steps=4, key=key, progress=False)
        return net, fit.history.loss

    (silent, quiet), (noisy, loud) = trained(0.0), trained(0.5)
    assert (quiet != loud).all()
    x = inputs_for(silent)
    np.testing.assert_array_equal(silent.unroll(x), noisy.unroll(x))


def test_a_leaky_rectifier_code_has_no_flow(key):
    net = CTRNN(3, 6, 2, tau=100.0, dt=20.0, leak="inside", key=key)
    with pytest.raises(sx.InvalidInputError, match="analyze it as a map"):
        net.flow_at_input([1.0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"dt": 0.0}, "dt must be positive"),
        ({"dt": 201.0}, r"dt = 201 ms is larger than 2 tau = 200 ms"),
        ({"activation": "rleu"}, "unknown activation 'rleu': did you mean 'relu'"),
        ({"leak": "both"}, '"outside" or "inside"'),
        ({"noise": -0.1}, "noise must not be negative"),
        ({"tau": [50.0, 100.0]}, r"one for each of 8 units, got shape \(2,\)"),
        ({"gain": 1.5}, "gain scales a recurrent_initialization"),
    ],
)
def test_settings_that_make_no_network(arguments, text, key):
    with pytest.raises(sx.InvalidInputError, match=text):
        CTRNN(3, 8, 2, key=key, **arguments)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([1.0, 0.5], r"shape \(3,\).*got \(2,\)"),
        ("left", "a network does not know its task"),
        ([[1.0, 0.5], [0.0]], "must be an array of real numbers, got"),
        ([1.0, np.nan, 0.5], "1 values that are NaN or infinite"),
    ],
)
def test_an_input_that_cannot_be_frozen(given, text, key):
    with pytest.raises(sx.InvalidInputError, match=text):
        CTRNN(3, 8, 2, key=key).at_input(given)


def test_nan_in_the_weights_is_named(key):
    net = CTRNN(3, 8, 2, key=key)
    net = eqx.tree_at(lambda n: n.bias, net, net.bias.at[2].set(jnp.nan))
    with pytest.raises(sx.InvalidInputError, match=r"CTRNN\.bias has 1 values"):
        net.at_input([1.0, 0.5, 0.5])
