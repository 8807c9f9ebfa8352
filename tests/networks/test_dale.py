import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import separatrix as sx

Dale = sx.networks.DaleCTRNN


def assert_signed(network, num_excitatory):
    """Every unit excites or inhibits, and none reaches itself."""
    W = np.asarray(network.connectivity())
    assert (W[:, :num_excitatory] >= 0).all() and (W[:, num_excitatory:] <= 0).all()
    assert (np.diag(W) == 0).all()


def test_every_unit_excites_or_inhibits_and_none_reaches_itself(key):
    net = Dale(3, 50, 2, key=key)
    assert_signed(net, 40)
    assert np.count_nonzero(net.connectivity()) == 50 * 49


def test_training_keeps_the_signs(task, key):
    how = {"steps": 40, "epoch_steps": 40, "optimizer": optax.adam(0.05), "progress": False}
    fit = sx.train(Dale(3, 20, 3, noise=0.1, key=key), task, key=jax.random.key(1), **how)
    assert_signed(fit.network, 16)
    # Some weights wanted to change their sign; it is the signed weights that may not.
    assert (np.asarray(fit.network.recurrent_weights) < 0).any()
    assert fit.history.loss[-8:].mean() < 0.7 * fit.history.loss[:8].mean()


def test_excitation_and_inhibition_balance_at_the_start(key):
    W = np.asarray(Dale(3, 500, 2, key=key).connectivity(), float)
    balance = W.sum(1) / np.abs(W).sum(1)
    assert abs(balance.mean()) < 0.02
    assert np.abs(W[:, 400:]).max() <= 1 / np.sqrt(500) * 1.002  # √(N/(N−1)): no self-connection
    assert np.abs(W[:, :400]).max() <= 0.25 / np.sqrt(500) * 1.002


def test_excitatory_units_are_read_out_by_their_rates(key):
    net, x = Dale(3, 5, 2, key=key), jnp.linspace(-1, 1, 5)
    expected = np.asarray(net.readout_weights) @ np.maximum(x, 0)[:4] + net.readout_bias
    np.testing.assert_allclose(net.readout(x), expected, rtol=1e-5)


def test_a_connection_that_is_not_there_is_not_learned(task, key):
    drawn = np.asarray(Dale(3, 200, 2, connection_probability=0.2, key=key).connectivity())
    assert (drawn != 0).mean() == pytest.approx(0.2, abs=0.01)
    net = Dale(3, 10, 3, mask=np.tri(10), key=key)
    np.testing.assert_array_equal(np.asarray(net.connectivity()) != 0, np.tri(10, k=-1))
    fit = sx.train(net, task, steps=8, epoch_steps=8, key=key, progress=False)
    there = np.asarray(fit.network.connectivity()) != 0
    assert not there[~np.tri(10, k=-1, dtype=bool)].any()


def test_one_excitatory_and_one_inhibitory_unit_solved_by_hand():
    """x = (w_EI r_I + b_E, w_IE r_E + b_I): for rectifiers above threshold a linear system."""
    net = Dale(1, 2, 1, excitatory_fraction=0.5, tau=100.0, dt=20.0, key=jax.random.key(0))
    net = eqx.tree_at(
        lambda n: (n.recurrent_weights, n.bias),
        net,
        (np.array([[9.0, 0.5], [-2.0, 9.0]]), np.array([2.0, 0.5])),
    )
    np.testing.assert_array_equal(net.connectivity(), [[0, -0.5], [2.0, 0]])
    points = sx.find_fixed_points(net.at_input([0.0]), np.zeros((1, 2)))
    r_e = (2.0 - 0.5 * 0.5) / (1 + 0.5 * 2.0)
    np.testing.assert_allclose(points.states, [[r_e, 2 * r_e + 0.5]], rtol=1e-14)
    eigenvalues = sx.linearize(net.flow_at_input([0.0]), points.states).eigenvalues[0]
    np.testing.assert_allclose(np.sort_complex(eigenvalues), [-1 - 1j, -1 + 1j], rtol=1e-14)
