"""Steps of Levenberg–Marquardt's method, and the Jacobians that they are solved with."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.solvers.levenberg_marquardt import (
    DenseJacobians,
    ScaledJacobians,
)

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


@pytest.mark.parametrize("damping", [1e-2, 1e3])
@pytest.mark.parametrize("name", FIELDS)
def test_damped_steps(name, damping):
    states = np.random.default_rng(2).standard_normal((20, N))
    residuals, scaled, dense = jacobians(name, states)
    gradient, columns = dense.measured(residuals)
    damped = scaled.damped(np.full(20, damping), columns)
    steps, weights = damped.steps(residuals, gradient, np.arange(20)), damped.weights
    some = np.array([7, 3])
    again = damped.steps(residuals[some], gradient[some], some)
    np.testing.assert_allclose(again, steps[some], rtol=1e-12)
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
    starts = np.random.default_rng(3).uniform(-1, 1, (100, N))
    flow = sx.Flow(FIELDS[name], N)
    found = sx.find_fixed_points(flow, starts, slow_points=False)
    monkeypatch.setattr(Evaluator, "_shared_matrix", None)
    again = sx.find_fixed_points(flow, starts, slow_points=False)
    assert found.fixed.certified.all()
    assert found.index_sum == again.index_sum == (1 if name == "rows" else found.index_sum)
    assert len(found.fixed) == len(again.fixed)
    far = np.abs(found.states[:, None] - again.states[None]).max(2).min(1)
    assert far.max() < 1e-9
