import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.networks.activations import ACTIVATIONS

CTRNN = sx.networks.CTRNN


def inputs_for(net, trials=3, time=11, seed=5):
    return jax.random.normal(jax.random.key(seed), (trials, time, net.num_inputs))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_two_places_of_the_leak_agree_when_dt_is_tau(activation, key):
    outside, inside = (
        CTRNN(3, 8, 2, tau=50.0, dt=50.0, activation=activation, leak=leak, key=key)
        for leak in ("outside", "inside")
    )
    x = inputs_for(outside)
    np.testing.assert_allclose(outside.unroll(x), inside.unroll(x), rtol=1e-6, atol=1e-6)


def test_the_two_places_of_the_leak_differ_when_dt_is_shorter(key):
    outside, inside = (
        CTRNN(3, 8, 2, tau=100.0, dt=20.0, leak=leak, key=key) for leak in ("outside", "inside")
    )
    x = inputs_for(outside)
    assert np.abs(outside.unroll(x) - inside.unroll(x)).max() > 1e-2


def evaluate64(function, states, u):
    """Evaluate a function of (state, input) at every state, in float64."""
    with jax.enable_x64(True):
        at = jax.vmap(function, in_axes=(0, None))
        return np.asarray(at(jnp.asarray(np.asarray(states)), jnp.asarray(np.asarray(u, float))))


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


@pytest.mark.parametrize("leak", ["outside", "inside"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_unroll_is_the_same_as_stepping(activation, leak, key):
    net = CTRNN(3, 8, 2, tau=100.0, dt=30.0, activation=activation, leak=leak, key=key)
    x = inputs_for(net)
    plain = super(CTRNN, net).unroll(x)
    np.testing.assert_allclose(net.unroll(x), plain, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("leak", ["outside", "inside"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_backward_pass_is_the_gradient_of_stepping(activation, leak, key):
    net = CTRNN(3, 8, 2, tau=100.0, dt=30.0, activation=activation, leak=leak, key=key)
    x = inputs_for(net)
    weigh = jax.random.normal(jax.random.key(9), (3, 11, 8))

    def gradient(unroll):
        return jax.grad(lambda net, x: jnp.sum(weigh * unroll(net, x)), argnums=(0, 1))(net, x)

    fast = gradient(lambda net, x: net.unroll(x))
    plain = gradient(lambda net, x: super(CTRNN, net).unroll(x))
    for a, b in zip(jax.tree.leaves(fast), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("leak", ["outside", "inside"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dt", [20.0, 100.0])
def test_the_residual_vanishes_where_the_step_stands_still(activation, leak, dt, key):
    net = CTRNN(3, 6, 2, tau=100.0, dt=dt, activation=activation, leak=leak, key=key)
    u = jnp.array([1.0, 0.5, 0.5])
    starts = jax.random.normal(jax.random.key(1), (40, 6))
    system = net.at_input(u)
    from_residual = sx.find_fixed_points(system, starts, slow_points=False)
    from_step = sx.find_fixed_points(
        sx.DiscreteMap(net.step, 6, dt, input=u), starts, slow_points=False
    )
    for points in (from_residual, from_step):
        for function in (net.step, net.residual):
            values = evaluate64(function, points.states, u)
            left = values - points.states if function == net.step else values
            assert np.abs(left).max(initial=0) < 1e-6
    # only the rectifiers at this seed may have none; the bounded ones must have one
    if activation in ("tanh", "sigmoid"):
        assert len(from_residual) >= 1


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


def test_the_flow_has_the_fixed_points_of_the_map_and_euler_multipliers(key):
    net = CTRNN(3, 6, 2, tau=100.0, dt=20.0, activation="tanh", key=key)
    u = [1.0, 0.5, 0.5]
    starts = jax.random.normal(jax.random.key(1), (40, 6))
    as_map = sx.find_fixed_points(net.at_input(u), starts, slow_points=False)
    as_flow = sx.find_fixed_points(net.flow_at_input(u), starts, slow_points=False)
    assert len(as_map) == len(as_flow)
    mu = sx.linearize(net.at_input(u), as_map.states).eigenvalues
    lam = sx.linearize(net.flow_at_input(u), as_map.states).eigenvalues
    by_real = [np.sort_complex(v) for v in (mu[0], 1 + 0.2 * lam[0])]
    np.testing.assert_allclose(*by_real, atol=1e-12)


def test_a_leaky_rectifier_code_has_no_flow(key):
    net = CTRNN(3, 6, 2, tau=100.0, dt=20.0, leak="inside", key=key)
    with pytest.raises(sx.InvalidInputError, match="analyse it as a map"):
        net.flow_at_input([1.0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"tau": -1.0}, "tau must be positive"),
        ({"dt": 0.0}, "dt must be positive"),
        ({"dt": 201.0}, r"dt = 201 ms is larger than 2 tau = 200 ms"),
        ({"activation": "rleu"}, "unknown activation 'rleu': did you mean 'relu'"),
        ({"initialization": "kaiming"}, "did you mean 'kaiming_normal'"),
        ({"leak": "both"}, '"outside" or "inside"'),
    ],
)
def test_settings_that_make_no_network(arguments, text, key):
    with pytest.raises(sx.InvalidInputError, match=text):
        CTRNN(3, 8, 2, key=key, **arguments)


def test_sizes_are_checked(key):
    with pytest.raises(sx.InvalidInputError, match="num_units must be a whole number"):
        CTRNN(3, 0, 2, key=key)


def test_an_input_of_the_wrong_length(key):
    with pytest.raises(sx.InvalidInputError, match=r"shape \(3,\).*got \(2,\)"):
        CTRNN(3, 8, 2, key=key).at_input([1.0, 0.5])


def test_nan_in_the_input(key):
    with pytest.raises(sx.InvalidInputError, match="1 values that are NaN or infinite"):
        CTRNN(3, 8, 2, key=key).at_input([1.0, np.nan, 0.5])


def test_nan_in_the_weights_is_named(key):
    import equinox as eqx

    net = CTRNN(3, 8, 2, key=key)
    net = eqx.tree_at(lambda n: n.bias, net, net.bias.at[2].set(jnp.nan))
    with pytest.raises(sx.InvalidInputError, match=r"CTRNN\.bias has 1 values"):
        net.at_input([1.0, 0.5, 0.5])
