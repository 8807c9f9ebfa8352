"""What linearize takes, derivatives by the input, and states at which nothing is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from linear_tools import linear_map, with_spectrum

import separatrix as sx

MAP_SPECTRUM = [1.25, -0.9, 0.3 + 0.6j, 0.3 - 0.6j, 0.5]


def test_input_jacobians():
    W, B = with_spectrum(MAP_SPECTRUM), np.random.default_rng(1).standard_normal((5, 3))
    system = sx.DiscreteMap(lambda x, u: jnp.tanh(W @ x + B @ u), 5, input=np.array([1, 0.5, 0.5]))
    state = np.random.default_rng(2).standard_normal(5)
    slope = 1 - np.tanh(W @ state + B @ system.input) ** 2
    lin = sx.linearize(system, state[None])
    np.testing.assert_allclose(lin.jacobians[0], slope[:, None] * W, rtol=1e-12)
    np.testing.assert_allclose(lin.input_jacobians[0], slope[:, None] * B, rtol=1e-12)
    assert sx.linearize(linear_map(W), state[None]).input_jacobians is None


def test_what_linearize_takes():
    known = systems.ring(3, "map")
    points = sx.find_fixed_points(known.system, known.candidates)
    one, two = sx.linearize(known.system, points), sx.linearize(known.system, points.states)
    assert (one.eigenvalues == two.eigenvalues).all()
    single = sx.linearize(known.system, points.states[:1].astype(np.float32))
    assert single.states.dtype == single.jacobians.dtype == np.float64
    state = sx.linearize(known.system, points.states[0])
    assert len(state) == 1 and (state.eigenvalues[0] == two.eigenvalues[0]).all()
    assert len(sx.linearize(known.system, np.zeros((0, 3)))) == 0
    assert len(sx.linearize(known.system, points[:0])) == 0


@pytest.mark.parametrize("shape", [(2, 3), (0, 1), (3,), (1, 1, 4)])
def test_points_of_another_shape_are_refused(shape):
    with pytest.raises(sx.InvalidInputError) as caught:
        sx.linearize(systems.ring(4, "map").system, np.zeros(shape))
    assert str(caught.value) == (
        f"points must have shape (point, 4), one column for each unit of the system, got {shape}."
    )


def test_a_jacobian_that_is_not_finite_gives_nan_modes_and_no_error():
    lin = sx.linearize(sx.DiscreteMap(jnp.sqrt, 1), np.array([[-1.0], [1.0]]))
    for field in (lin.eigenvalues, lin.right, lin.left, lin.time_constants, lin.periods):
        assert np.isnan(field[0]).all()
        assert not np.isnan(field[1]).any()
    assert lin.stability.tolist() == ["unknown", "stable"]
    assert lin.eigenvalues[1, 0] == 0.5
    assert np.isnan(lin.condition[0]) and lin.n_unstable.tolist() == [-1, 0]


@pytest.mark.parametrize(("kind", "bad"), [("map", np.nan), ("flow", np.inf)])
def test_nothing_is_known_at_a_state_that_is_not_finite(kind, bad):
    """A rectifier has slope 0 or 1 even there, so its Jacobian looks sound."""
    net = sx.networks.CTRNN(3, 4, 3, activation="relu", key=jax.random.key(0))
    system = net.at_input([1, 0.5, 0.5]) if kind == "map" else net.flow_at_input([1, 0.5, 0.5])
    states = np.zeros((2, 4))
    states[0, 1] = bad
    lin = sx.linearize(system, states)
    for field in (lin.jacobians, lin.input_jacobians, lin.eigenvalues, lin.right, lin.condition):
        assert np.isnan(field[0]).all()
        assert np.isfinite(field[1]).all()
    assert lin.stability[0] == "unknown"
    assert lin.stability[1] != "unknown"
    assert (lin.n_unstable[0], np.isnan(lin.time_constants[0]).all()) == (-1, True)
