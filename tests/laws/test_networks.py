"""Laws over every network: what training, analysis and files expect of any of them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import separatrix as sx
from separatrix.experiment import NETWORKS as EVERY
from separatrix.networks.activations import RANGES
from separatrix.systems import in_float64

N = sx.networks
U = np.array([0.5, -1.0, 0.3])


def grown(network, factor=3.0):
    """Scale the recurrent weights up, so that there is more than one fixed point to find."""
    return eqx.tree_at(lambda n: n.recurrent_weights, network, factor * network.recurrent_weights)


def overlapping(network):
    """Give the patterns of a low-rank network an overlap, so that they keep themselves up."""
    return eqx.tree_at(lambda n: n.right, network, network.right + 3.0 * network.left)


NETWORKS = {
    name: lambda key, make=make: make(3, 6, 3, dt=100.0, key=key) for name, make in EVERY.items()
} | {
    "CTRNN": lambda key: grown(N.CTRNN(3, 6, 3, tau=300.0, activation="tanh", key=key)),
    "CTRNN of several time scales": lambda key: N.CTRNN(
        3,
        6,
        3,
        tau=np.linspace(100, 400, 6),
        leak="inside",
        activation="tanh",
        trainable_initial_state=True,
        recurrent_initialization="gaussian",
        gain=1.5,
        noise=0.1,
        key=key,
    ),
    "CTRNN of rectifiers": lambda key: N.CTRNN(
        3, 6, 3, tau=300.0, leak="inside", recurrent_initialization="diagonal", key=key
    ),
    "GRU": lambda key: grown(N.GRU(3, 6, 3, key=key)),
    "GRU, trained start": lambda key: N.GRU(3, 6, 3, trainable_initial_state=True, key=key),
    "LSTM": lambda key: grown(N.LSTM(3, 6, 3, key=key)),
    "LSTM, trained start": lambda key: N.LSTM(
        3, 6, 3, forget_bias=1.0, initialization="orthogonal", trainable_initial_state=True, key=key
    ),
    "DaleCTRNN": lambda key: N.DaleCTRNN(3, 6, 3, tau=300.0, noise=0.1, key=key),
    "DaleCTRNN, sparse": lambda key: grown(
        N.DaleCTRNN(
            3, 6, 3, tau=np.linspace(100, 400, 6), excitatory_fraction=0.5, activation="sigmoid",
            connection_probability=0.7, trainable_initial_state=True, key=key,
        )
    ),
    "LowRankRNN": lambda key: overlapping(N.LowRankRNN(3, 6, 3, rank=2, tau=300.0, key=key)),
    "LowRankRNN with a random part": lambda key: N.LowRankRNN(
        3, 6, 3, random_strength=1.0, tau=300.0, trainable_initial_state=True, key=key
    ),
    "ShortTermPlasticityRNN of two kinds": lambda key: grown(
        N.ShortTermPlasticityRNN(
            3, 6, 3, dt=100.0, tau=200.0, excitatory_fraction=0.7, noise=0.1, key=key
        )
    ),
}  # fmt: skip


@pytest.fixture(params=NETWORKS)
def network(request, key):
    return NETWORKS[request.param](key)


def starts(network, count=100, scale=1.0):
    size = network.initial_state().shape[0]
    return scale * np.random.default_rng(0).standard_normal((count, size))


def evaluate(function, states):
    """Evaluate a function of (state, input) in float64."""
    with jax.enable_x64(True):
        wide = jax.tree.map(
            lambda x: jnp.asarray(x, jnp.float64) if eqx.is_inexact_array_like(x) else x, function
        )
        return np.asarray(jax.vmap(lambda x: wide(x, jnp.asarray(U)))(jnp.asarray(states)))


def fixed_points(network, residual):
    """Solve one of the two equations from many starts, and keep what lies in the domain.

    Outside of it a saturated gate can leave nothing of a step but rounding.
    """
    system = sx.DiscreteMap(network.step, len(network.initial_state()), input=U, residual=residual)
    points = sx.find_fixed_points(system, starts(network), slow_points=False, certify=False)
    lower, upper = network.domain(U) or (-np.inf, np.inf)
    inside = (points.states >= lower - 1e-12) & (points.states <= upper + 1e-12)
    return points.states[inside.all(1)]


def test_the_zeros_of_the_residual_are_the_fixed_points_and_the_other_way_round(network):
    from_residual = fixed_points(network, network.residual)
    from_step = fixed_points(network, None)
    assert len(from_residual) >= 1 and len(from_step) >= 1
    scale = 1 + np.abs(from_residual).max()
    moved = evaluate(network.step, from_residual) - from_residual
    assert np.abs(moved).max() < 1e-12 * scale
    assert np.abs(evaluate(network.residual, from_step)).max() < 1e-10 * scale
    # The same points, not only points of both equations.
    distance = np.abs(from_residual[:, None] - from_step[None]).max(-1)
    assert max(distance.min(0).max(), distance.min(1).max()) < 1e-9 * scale


def test_jacobians_are_the_finite_differences(network):
    system, h = network.at_input(U), 1e-6
    states = starts(network, 5)
    jacobians = sx.linearize(system, states).jacobians
    for axis, shift in enumerate(h * np.eye(system.size)):
        slope = evaluate(network.step, states + shift) - evaluate(network.step, states - shift)
        np.testing.assert_allclose(jacobians[:, :, axis], slope / (2 * h), atol=1e-8)


def test_a_formula_for_the_jacobian_of_the_residual_is_its_derivative(network):
    system = network.at_input(U)
    with jax.enable_x64(True):
        wide = in_float64(system)
        states = jnp.asarray(starts(network, 5))
        if wide.residual_jacobian(states[0]) is None:
            assert type(network) not in (N.DaleCTRNN, N.LowRankRNN, N.GRU)  # they have one
            return
        formula = jax.vmap(wide.residual_jacobian)(states)
        np.testing.assert_allclose(formula, jax.vmap(jax.jacfwd(wide.residual))(states), atol=1e-12)


def test_inputs_of_another_width_are_refused(network):
    noisy = lambda x: network.unroll_noisy(x, jax.random.key(0))  # noqa: E731
    for unroll in (network.unroll, noisy, super(type(network), network).unroll):
        with pytest.raises(sx.InvalidInputError, match="channels"):
            unroll(jnp.ones((2, 5, 4)))


def test_unrolling_and_its_backward_pass_are_those_of_stepping(network):
    x = jax.random.normal(jax.random.key(5), (3, 11, 3))
    fast = lambda net, x: net.unroll(x)  # noqa: E731
    plain = lambda net, x: super(type(net), net).unroll(x)  # noqa: E731
    expected = plain(network, x)
    np.testing.assert_allclose(fast(network, x), expected, rtol=2e-5, atol=2e-6)
    weigh = jax.random.normal(jax.random.key(9), expected.shape)
    gradients = [
        eqx.filter_grad(lambda pair, unroll=unroll: jnp.sum(weigh * unroll(*pair)))((network, x))
        for unroll in (fast, plain)
    ]
    for a, b in zip(*map(jax.tree.leaves, gradients), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=5e-5)


def test_the_domain_holds_every_fixed_point_and_a_step_keeps_it(network):
    system = network.at_input(U)
    if system.domain is None:
        assert network.activation not in RANGES  # what is not bounded has no box
        return
    lower, upper = (np.broadcast_to(side, (system.size,)) for side in system.domain)
    points = sx.find_fixed_points(system, starts(network, 200, 3.0), slow_points=False)
    assert len(points) >= 1
    slack = 1e-12 * (1 + np.abs(points.states))  # a zero is known to rounding
    assert ((points.states >= lower - slack) & (points.states <= upper + slack)).all()
    far = np.where(np.isfinite(upper), upper, 50.0)
    rng = np.random.default_rng(0)
    corners = np.where(rng.integers(0, 2, (500, system.size)), lower, far)
    inside = rng.uniform(lower, far, (500, system.size))
    following = evaluate(network.step, np.concatenate([corners, inside]))
    assert ((following >= lower) & (following <= upper)).all()


def test_saving_and_loading_is_exact(network, tmp_path):
    sx.save_network(network, tmp_path / "n.safetensors")
    assert eqx.tree_equal(network, sx.load_network(tmp_path / "n.safetensors"))


def test_training_changes_every_weight(network, task):
    fit = sx.train(
        network, task, steps=8, batch_size=4, epoch_steps=8,
        optimizer=optax.adamw(1e-2, weight_decay=0.1),  # decays what has no gradient, too
        key=jax.random.key(1), progress=False,
    )  # fmt: skip
    before, after = (
        jax.tree_util.tree_leaves_with_path(eqx.filter(n, eqx.is_inexact_array))
        for n in (network, fit.network)
    )
    for (path, old), (_, new) in zip(before, after, strict=True):
        changed = (np.asarray(old) != np.asarray(new)).any()
        assert changed == ("random_weights" not in jax.tree_util.keystr(path)), path
    states = sx.simulate(fit.network, task.trials(5, key=jax.random.key(2))).states
    assert states.shape == (5, task.num_steps, len(network.initial_state()))


def test_networks_work_with_64_bits_switched_on(network, task):
    """A user may have switched them on for something else: tasks then draw in double precision."""
    with jax.enable_x64(True):
        states = sx.simulate(network, task.trials(5, key=jax.random.key(2))).states
        assert states.dtype == jnp.float32
        fit = sx.train(network, task, steps=2, batch_size=4, key=jax.random.key(1), progress=False)
    assert np.isfinite(np.asarray(fit.history.loss)).all()
    same = sx.simulate(network, task.trials(5, key=jax.random.key(2))).states
    assert same.shape == states.shape and same.dtype == states.dtype
