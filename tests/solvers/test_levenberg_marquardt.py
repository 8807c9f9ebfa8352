"""Jacobians that scale one matrix lead to the steps that matrices of their own would."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.solvers.levenberg_marquardt import DenseJacobians, ScaledJacobians

N = 50
W = 1.2 * np.random.default_rng(0).standard_normal((N, N)) / N**0.5
FIELDS = {
    "rows": lambda x: jnp.tanh(W @ x + 0.1) - x,
    "columns": lambda x: W @ jnp.tanh(x) - x + 0.1,
    "rows, no offsets": lambda x: jax.nn.softplus(W @ x),
}


def jacobians(name, states):
    """Return residuals, the Jacobians that scale a matrix, and the same as matrices."""
    evaluator = Evaluator(sx.Flow(FIELDS[name], N))
    residuals, scaled = evaluator.residual_and_rough_jacobian(states)
    assert isinstance(scaled, ScaledJacobians)
    exact, matrices = evaluator.residual_and_jacobian(states)
    np.testing.assert_allclose(residuals, exact, rtol=0, atol=1e-14)
    return residuals, scaled, DenseJacobians(matrices)


@pytest.mark.parametrize("name", FIELDS)
def test_products_and_matrices(name):
    states = np.random.default_rng(1).standard_normal((5, N))
    residuals, scaled, dense = jacobians(name, states)
    for some, others in zip(scaled.measured(residuals), dense.measured(residuals), strict=True):
        np.testing.assert_allclose(some, others, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scaled.matrices(), dense.matrices(), rtol=0, atol=1e-6)
    some = scaled[np.array([4, 1])].joined(scaled[:2])
    assert len(some) == 4
    some[np.array([0, 1])] = scaled[2:4]
    expected = dense.matrices()[[2, 3, 0, 1]]
    np.testing.assert_allclose(some.matrices(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("damping", [1e-2, 1.0, 1e3])
@pytest.mark.parametrize("name", FIELDS)
def test_damped_steps(name, damping):
    states = np.random.default_rng(2).standard_normal((20, N))
    residuals, scaled, dense = jacobians(name, states)
    gradient, columns = dense.measured(residuals)
    steps, weights = scaled.damped_steps(residuals, gradient, np.full(20, damping), columns)
    # With the weights that were taken, to single precision: that of the squares of the Jacobians
    J = dense.matrices()
    squares = J.swapaxes(1, 2) @ J + weights[:, :, None] * np.eye(N)
    expected = np.linalg.solve(squares, -gradient[..., None])[..., 0]
    error = np.linalg.norm(steps - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert error.max() < 5e-2 if damping < 1 else error.max() < 1e-4
    wanted = np.median(columns, axis=0) if name != "columns" else columns
    assert np.all(weights <= 2.01 * damping * wanted)
    assert np.all(weights >= 0.99 * damping * wanted)


@pytest.mark.parametrize("name", ["rows", "columns"])
def test_the_same_fixed_points_as_with_dense_jacobians(name, monkeypatch):
    starts = np.random.default_rng(3).uniform(-1, 1, (300, N))
    flow = sx.Flow(FIELDS[name], N)
    found = sx.find_fixed_points(flow, starts, slow_points=False)
    monkeypatch.setattr(Evaluator, "_shared_matrix", None)
    again = sx.find_fixed_points(flow, starts, slow_points=False)
    assert found.fixed.certified.all()
    assert found.index_sum == again.index_sum == (1 if name == "rows" else found.index_sum)
    assert len(found.fixed) == len(again.fixed)
    far = np.abs(found.states[:, None] - again.states[None]).max(2).min(1)
    assert far.max() < 1e-9


def test_saturated_units_do_not_slow_the_steps_down():
    """Their scales are as small as 1e-30, and products of those denormal."""
    states = 40 * np.random.default_rng(4).standard_normal((4, N))
    residuals, scaled, dense = jacobians("rows", states)
    gradient, columns = dense.measured(residuals)
    seen = []
    assemble = scaled._shared.assemble
    scaled._shared.assemble = lambda *a: seen.append(assemble(*a)) or seen[0].copy()
    scaled.damped_steps(residuals, gradient, np.ones(4), columns)
    entries = np.abs(seen[0][seen[0] != 0])
    assert entries.min() > 1e-30


def test_outlying_candidates_do_not_set_the_scale_of_all():
    evaluator = Evaluator(sx.Flow(lambda x: jnp.sinh(W @ x) - x, N))
    states = np.random.default_rng(5).standard_normal((9, N))
    states[0] *= 20
    residuals, scaled = evaluator.residual_and_rough_jacobian(states)
    gradient, columns = scaled.measured(residuals)
    _, weights = scaled.damped_steps(residuals, gradient, np.ones(9), columns)
    assert weights.max() < 2.1 * np.median(columns, axis=0).max() < 1e-3 * columns.max()
