"""What linearize takes, derivatives by the input, and states at which nothing is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from linear_tools import linear_map, with_spectrum

import separatrix as sx


def test_input_jacobians():
    W, B = (
        with_spectrum([1.25, -0.9, 0.3 + 0.6j, 0.3 - 0.6j, 0.5]),
        np.random.default_rng(1).standard_normal((5, 3)),
    )
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
    expected = sx.linearize(known.system, points).eigenvalues
    for given in (points.states, points.states[0]):
        found = sx.linearize(known.system, given).eigenvalues
        assert (found == expected[: len(found)]).all()
    single = sx.linearize(known.system, points.states[:1].astype(np.float32))
    assert single.states.dtype == single.jacobians.dtype == np.float64
    for none in (np.zeros((0, 3)), points[:0]):
        assert len(sx.linearize(known.system, none)) == 0


def test_a_jacobian_that_is_not_finite_gives_nan_modes_and_no_error():
    lin = sx.linearize(sx.DiscreteMap(jnp.sqrt, 1), np.array([[-1.0], [1.0]]))
    for field in (lin.eigenvalues, lin.right, lin.left, lin.time_constants, lin.periods):
        assert np.isnan(field[0]).all() and not np.isnan(field[1]).any()
    assert lin.stability.tolist() == ["unknown", "stable"] and lin.eigenvalues[1, 0] == 0.5
    assert lin.pairing[0] == "unknown"
    assert np.isnan(lin.condition[0]) and lin.n_unstable.tolist() == [-1, 0]


@pytest.mark.parametrize(("kind", "bad"), [("map", np.nan), ("flow", np.inf)])
def test_nothing_is_known_at_a_state_that_is_not_finite(kind, bad):
    """A rectifier has slope 0 or 1 even there, so its Jacobian looks sound."""
    net = sx.networks.CTRNN(3, 4, 3, activation="relu", key=jax.random.key(0))
    system = net.at_input([1, 0.5, 0.5]) if kind == "map" else net.flow_at_input([1, 0.5, 0.5])
    lin = sx.linearize(system, np.array([[0, bad, 0, 0], [0, 0, 0, 0]]))
    for field in (lin.jacobians, lin.input_jacobians, lin.eigenvalues, lin.right, lin.condition):
        assert np.isnan(field[0]).all() and np.isfinite(field[1]).all()
    assert lin.stability[0] == "unknown" != lin.stability[1]
    assert (lin.n_unstable[0], np.isnan(lin.time_constants[0]).all()) == (-1, True)


def test_an_input_that_acts_on_a_gate_alone_has_no_direction_at_a_fixed_point():
    """x' = z x + (1 − z) n with z = σ(2 − 20 u₁): ∂F/∂u₁ = z' (x − n) = 0 where x = n."""
    weights = np.random.default_rng(0).normal(size=(4, 4))

    def step(x, u):
        gate = jax.nn.sigmoid(2 - 20 * u[0])
        return gate * x + (1 - gate) * jnp.tanh(weights @ x + 0.7 + u[1])

    system = sx.DiscreteMap(step, size=4, input=np.zeros(2))
    points = sx.find_fixed_points(system, np.random.default_rng(1).uniform(-1, 1, (50, 4)))
    lin = sx.linearize(system, points)
    fixed = np.asarray(points.kind) == "fixed"
    assert fixed.any() and not lin.input_jacobians[fixed, :, 0].any()
    alignment = lin.selection_vectors().input_alignment[fixed]
    assert np.isnan(alignment[:, :, 0]).all() and np.isfinite(alignment[:, :, 1]).all()
    away = sx.linearize(system, points.states[fixed] + 1e-6)  # there, it has one
    assert np.isfinite(away.selection_vectors().input_alignment).all()


def test_inputs_that_cancel_have_no_direction():
    columns = np.array([[0.1, 0.3], [0.2, 0.6], [0.7, 2.1]])
    system = sx.DiscreteMap(lambda x, u: 0.5 * x + columns @ u, size=3, input=np.zeros(2))
    gating = sx.classics.input_gating(
        sx.linearize(system, np.zeros((1, 3))), [[1.0, 0.0], [0.3, -0.1]]
    )
    assert np.isfinite(gating.overlap[0, 0]) and np.isnan(gating.overlap[0, 1])
