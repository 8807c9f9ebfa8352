import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.store import load_network, save_network

GRU, LSTM = sx.networks.GRU, sx.networks.LSTM


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def in_float64(network):
    return jax.tree.map(lambda x: np.asarray(x, float), network)


def step64(network, state, u):
    with jax.enable_x64(True):
        return np.asarray(eqx.filter_jit(network.step)(jnp.asarray(state), jnp.asarray(u)))


def test_a_gru_step_is_the_documented_equation(key):
    net = in_float64(GRU(3, 5, 2, key=key))
    h, u = np.linspace(-1, 1, 5), np.array([1.0, 0.2, -0.3])
    ir, iz, i_n = np.split(net.input_weights @ u + net.input_bias, 3)
    hr, hz, hn = np.split(net.recurrent_weights @ h + net.recurrent_bias, 3)
    r, z = sigmoid(ir + hr), sigmoid(iz + hz)
    expected = (1 - z) * np.tanh(i_n + r * hn) + z * h
    np.testing.assert_allclose(step64(net, h, u), expected, rtol=1e-14, atol=1e-15)


def test_an_lstm_step_is_the_documented_equation(key):
    net = in_float64(LSTM(3, 5, 2, forget_bias=1.0, key=key))
    h, c, u = np.linspace(-1, 1, 5), np.linspace(2, -3, 5), np.array([1.0, 0.2, -0.3])
    current = net.input_weights @ u + net.input_bias + net.recurrent_weights @ h
    i, f, g, o = np.split(current + net.recurrent_bias, 4)
    following = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    expected = np.concatenate([sigmoid(o) * np.tanh(following), following])
    state = np.concatenate([h, c])
    np.testing.assert_allclose(step64(net, state, u), expected, rtol=1e-14, atol=1e-15)
    readout = net.readout(state)
    np.testing.assert_allclose(readout, net.readout_weights @ h + net.readout_bias, rtol=1e-14)


def test_the_residual_of_a_gru_does_not_know_the_update_gate(key):
    net = GRU(3, 5, 2, key=key)
    other = eqx.tree_at(lambda n: n.input_bias, net, net.input_bias.at[5:10].add(30.0))
    h, u = jnp.linspace(-1, 1, 5), jnp.array([1.0, 0.2, -0.3])
    np.testing.assert_array_equal(net.residual(h, u), other.residual(h, u))
    assert np.abs(net.step(h, u) - other.step(h, u)).max() > 0.1
    np.testing.assert_allclose(other.step(h, u), h, atol=1e-6)  # an open gate keeps everything


def test_a_closed_lstm_is_solved_by_hand():
    """Without recurrent weights the point is c = i g / (1 − f), h = o tanh(c)."""
    net = LSTM(1, 3, 1, key=jax.random.key(0))
    biases = np.array([[0.3, -1.0, 2.0], [2.0, 0.0, 15.0], [1.0, -2.0, 0.1], [0.5, 1.0, -1.0]])
    zero = jax.tree.map(lambda x: np.zeros(np.shape(x)), net)
    net = eqx.tree_at(lambda n: n.input_bias, zero, biases.ravel())
    i, f, g, o = sigmoid(biases[0]), biases[1], np.tanh(biases[2]), sigmoid(biases[3])
    c = i * g * (1 + np.exp(f))
    points = sx.find_fixed_points(net.at_input([0.0]), np.zeros((1, 6)))
    np.testing.assert_allclose(points.states, [[*(o * np.tanh(c)), *c]], rtol=1e-13)
    assert points.kind.tolist() == ["fixed"]
    assert c[2] > 2e5  # a forget gate that is open but for 3e-7


def test_the_flip_flop_gru_has_27_points():
    _, starts = systems.flip_flop("gru32")
    data = np.load(systems.DATA / "flipflop_gru32.npz")
    net = eqx.tree_at(
        lambda n: (n.input_weights, n.recurrent_weights, n.input_bias, n.recurrent_bias),
        GRU(3, 32, 3, key=jax.random.key(0)),
        tuple(data[f"rnn.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")),
    )
    system = net.at_input(np.zeros(3))
    points = sx.find_fixed_points(system, starts)
    assert len(points.fixed) == 27
    assert np.bincount(points.fixed.n_unstable).tolist() == [8, 12, 6, 1]
    assert points.fixed.certified.all()
    jacobians = sx.linearize(system, points.fixed).jacobians
    assert np.sign(np.linalg.det(np.eye(32) - jacobians)).sum() == 1


def test_initializations(key):
    make, gates = LSTM, 4
    net = make(50, 100, 3, key=key)
    for array in jax.tree.leaves(net):
        assert np.abs(array).max() <= 0.1
        assert np.asarray(array).std() == pytest.approx(0.1 / np.sqrt(3), rel=0.5)
    net = make(50, 100, 3, initialization="orthogonal", key=key)
    for block in np.split(np.asarray(net.recurrent_weights, float), gates):
        np.testing.assert_allclose(block @ block.T, np.eye(100), atol=1e-5)
    for bias in (net.input_bias, net.recurrent_bias, net.readout_bias):
        assert (np.asarray(bias) == 0).all()


def test_the_box_for_the_cells_of_an_lstm_is_infinite_without_an_input(key):
    lower, upper = LSTM(2, 3, 1, key=key).domain()
    assert upper.tolist() == [1, 1, 1, np.inf, np.inf, np.inf]
    assert (lower == -upper).all()


def test_a_file_whose_gates_do_not_fit_the_units(tmp_path, key):
    net = eqx.tree_at(
        lambda n: (n.input_weights, n.recurrent_weights, n.input_bias, n.recurrent_bias),
        GRU(2, 3, 1, key=key),
        (np.zeros((8, 2)), np.zeros((8, 3)), np.zeros(8), np.zeros(8)),
    )
    save_network(net, tmp_path / "n")
    with pytest.raises(sx.UnreadableFileError, match="a GRU of 3 units has 9 rows of weights"):
        load_network(tmp_path / "n")


@pytest.mark.parametrize("forget", [30.0, 2000.0])
def test_an_lstm_whose_cells_have_no_bound_in_numbers_still_has_a_residual(forget, key):
    net = in_float64(LSTM(2, 3, 1, forget_bias=forget, key=key))
    with jax.enable_x64(True):
        state = jnp.asarray(np.array([0.1, 0.2, 0.3, 1e6, -2e6, 3e6]))
        value = np.asarray(eqx.filter_jit(net.residual)(state, jnp.asarray(np.zeros(2))))
        assert np.isfinite(value[:3]).all() and (value[3:] != 0).all()
