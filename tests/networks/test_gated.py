import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.store import load_network, save_network

GRU, LSTM = sx.networks.GRU, sx.networks.LSTM


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


H, U = np.linspace(-1, 1, 5), np.array([1.0, 0.2, -0.3])


def test_the_residual_of_a_gru_does_not_know_the_update_gate(key):
    net = GRU(3, 5, 2, key=key)
    other = eqx.tree_at(lambda n: n.input_bias, net, net.input_bias.at[5:10].add(30.0))
    np.testing.assert_array_equal(net.residual(H, U), other.residual(H, U))
    assert np.abs(net.step(H, U) - other.step(H, U)).max() > 0.1
    np.testing.assert_allclose(other.step(H, U), H, atol=1e-6)  # an open gate keeps everything


def test_a_closed_lstm_is_solved_by_hand(key):
    """Without recurrent weights the point is c = i g / (1 − f), h = o tanh(c)."""
    zero = jax.tree.map(lambda x: np.zeros(np.shape(x)), LSTM(1, 3, 1, key=key))
    biases = np.array([[0.3, -1.0, 2.0], [2.0, 0.0, 15.0], [1.0, -2.0, 0.1], [0.5, 1.0, -1.0]])
    net = eqx.tree_at(lambda n: n.input_bias, zero, biases.ravel())
    i, o = sigmoid(biases[[0, 3]])
    c = i * np.tanh(biases[2]) * (1 + np.exp(biases[1]))
    points = sx.find_fixed_points(net.at_input([0.0]), np.zeros((1, 6)))
    np.testing.assert_allclose(points.states, [[*(o * np.tanh(c)), *c]], rtol=1e-13)
    assert points.kind.tolist() == ["fixed"]
    assert c[2] > 2e5  # a forget gate that is open but for 3e-7


def test_initializations(key):
    for array in jax.tree.leaves(LSTM(50, 100, 3, key=key)):
        assert np.abs(array).max() <= 0.1
        assert np.asarray(array).std() == pytest.approx(0.1 / np.sqrt(3), rel=0.5)
    net = LSTM(50, 100, 3, initialization="orthogonal", key=key)
    for block in np.split(np.asarray(net.recurrent_weights, float), 4):
        np.testing.assert_allclose(block @ block.T, np.eye(100), atol=1e-5)
    for bias in (net.input_bias, net.recurrent_bias, net.readout_bias):
        assert not np.any(bias)


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
    with pytest.raises(sx.UnreadableFileError, match="9 rows"):
        load_network(tmp_path / "n")


@pytest.mark.parametrize("forget", [30.0, 2000.0])
def test_an_lstm_whose_cells_have_no_bound_in_numbers_still_has_a_residual(forget, key):
    net = LSTM(2, 3, 1, forget_bias=forget, key=key)
    with jax.enable_x64(True):
        state = jnp.array([0.1, 0.2, 0.3, 1e6, -2e6, 3e6])
        value = eqx.filter_jit(net.residual)(state, jnp.zeros(2))
        assert np.isfinite(value[:3]).all() and (value[3:] != 0).all()
