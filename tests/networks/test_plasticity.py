import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

STP = sx.networks.ShortTermPlasticityRNN


def step_as_published(net, state, s):
    """One step of the paper's program, with its times in seconds."""
    h, x, u = np.split(np.asarray(state, float), 3)
    U, dt = np.asarray(net.baseline), net.dt
    new_x = x + dt / np.asarray(net.tau_x) * (1 - x) - dt / 1000 * u * x * h
    new_u = u + dt / np.asarray(net.tau_u) * (U - u) + dt / 1000 * U * (1 - u) * h
    new_x, new_u = np.clip(new_x, 0, 1), np.clip(new_u, 0, 1)
    W = np.asarray(net.connectivity(), float)
    current = W @ (new_u * new_x * h) + np.asarray(net.input_weights) @ s + np.asarray(net.bias)
    a = dt / net.tau
    return np.concatenate([np.maximum(0, (1 - a) * h + a * current), new_x, new_u])


@pytest.mark.parametrize("fraction", [None, 0.5])
@pytest.mark.parametrize("scale", [1.0, 100.0])  # the faster ones empty their synapses
def test_a_step_is_the_published_one(fraction, scale, key):
    net = STP(3, 6, 2, excitatory_fraction=fraction, key=key)
    s = np.array([1.0, 0.2, -0.3])
    for h in scale * np.random.default_rng(0).uniform(0, 5, (10, 6)):
        state = np.concatenate([h, np.linspace(0, 1, 6), np.linspace(1, 0, 6)])
        expected = step_as_published(net, state, s)
        np.testing.assert_allclose(
            net.step(jnp.float32(state), jnp.float32(s)), expected, rtol=1e-4, atol=1e-5
        )


def test_synapses_at_a_constant_rate_settle_where_the_equations_say(key):
    """x = 1 / (1 + τ_x u h), u = U (1 + τ_u h) / (1 + U τ_u h)."""
    rates, net = np.array([5.0, 20.0, 0.0, 1.0]), STP(1, 4, 1, key=key)
    zero = jax.tree.map(lambda a: np.zeros(np.shape(a)), net)
    net = eqx.tree_at(lambda n: n.bias, zero, rates)  # without recurrent weights h = b
    points = sx.find_fixed_points(net.at_input([0.0]), np.asarray(net.initial_state())[None])
    U, tau_x, tau_u = (np.asarray(v) for v in (net.baseline, net.tau_x, net.tau_u))
    u = U * (1 + tau_u / 1000 * rates) / (1 + U * tau_u / 1000 * rates)
    x = 1 / (1 + tau_x / 1000 * u * rates)
    np.testing.assert_allclose(points.states, [[*rates, *x, *u]], rtol=1e-12, atol=1e-30)
    assert points.certified.all() and points.stability.tolist() == ["stable"]


def test_every_second_unit_facilitates(key):
    net = STP(1, 4, 1, key=key)
    assert net.tau_u == (1500.0, 200.0, 1500.0, 200.0)
    assert net.tau_x == (200.0, 1500.0, 200.0, 1500.0)
    assert net.baseline == (0.15, 0.45, 0.15, 0.45)
    at_rest = [0] * 4 + [1] * 4 + [0.15, 0.45] * 2
    np.testing.assert_allclose(net.initial_state(), at_rest, rtol=1e-6)


def test_signs_and_balance_of_excitation_and_inhibition(key):
    """As in `DaleCTRNN`: without it rates of a large network run away."""
    net = STP(3, 400, 2, excitatory_fraction=0.8, key=key)
    W = np.asarray(net.connectivity())
    assert (W[:, :320] >= 0).all() and (W[:, 320:] <= 0).all() and not np.diag(W).any()
    assert -W[:, 320:].sum() == pytest.approx(W[:, :320].sum(), rel=0.03)
    assert net.readout_weights.shape == (2, 320)
