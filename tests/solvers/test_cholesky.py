"""Factors of positive definite matrices, against NumPy."""

import numpy as np
import pytest

from separatrix.solvers.batched import Cholesky
from separatrix.solvers.levenberg_marquardt import DenseJacobians

ROUNDING = {np.float64: 1e-11, np.float32: 1e-3}
EVERY = np.arange(4)


def positive(size, dtype=np.float32):
    roots = np.random.default_rng(0).standard_normal((4, size, size))
    return (roots @ roots.swapaxes(1, 2) + size * np.eye(size)).astype(dtype)


@pytest.mark.parametrize("size", [5, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_they_solve_more_than_once_and_at_some_places(size, dtype):
    matrices = positive(size, dtype)
    before = matrices.copy()
    matrices.flags.writeable = False  # as what JAX returns
    factors = Cholesky.empty(4, size, dtype)
    for rows in (slice(0, 3), slice(3, 6)):
        factors.put(rows, matrices[rows])
    np.testing.assert_array_equal(matrices, before)
    for vector in np.eye(size)[:3]:
        x = factors.solve(np.tile(vector, (4, 1)), EVERY)
        left = (matrices.astype(float) @ x[..., None])[..., 0] - vector
        assert x.dtype == float and np.abs(left).max() < ROUNDING[dtype]
        some = factors.solve(np.tile(vector, (2, 1)), np.array([3, 1]))
        np.testing.assert_array_equal(some, x[[3, 1]])
    assert factors.solve(np.zeros((0, size)), np.zeros(0, int)).shape == (0, size)


@pytest.mark.parametrize("bad", [-1.0, np.nan])
def test_a_matrix_that_is_not_positive_spoils_only_its_own_answer(bad):
    matrices = positive(40)
    matrices[2, 7, 7] = bad * 1e3
    factors = Cholesky.empty(4, 40)
    factors.put(slice(None), matrices)
    x = factors.solve(np.ones((4, 40)), EVERY)
    assert np.isnan(x[2]).any() and np.isfinite(x[[0, 1, 3]]).all()


@pytest.mark.parametrize("size", [5, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_damped_systems(size, dtype):
    """Of a few rows all at once, of many one by one."""
    shifts = np.array([1.0, 0.5, 2.0, 0.0])
    matrices = np.tile(np.eye(size, dtype=dtype), (4, 1, 1))
    matrices[:, :5, :5] = np.random.default_rng(0).standard_normal((4, 5, 5))
    matrices[2, :5, :5] = 0
    matrices[3, :, 0] = 0
    jacobians, gradient = DenseJacobians(matrices), np.ones((4, size))
    damped = jacobians.damped(shifts, np.ones((4, size)))
    x = damped.steps(gradient, gradient, EVERY)
    assert np.isnan(x[3]).all()  # nothing holds its first column
    wide = matrices.astype(float)
    squares = wide.swapaxes(1, 2) @ wide + shifts[:, None, None] * np.eye(size)
    left = (squares[:3] @ x[:3, :, None])[..., 0] + 1
    assert np.abs(left).max() < ROUNDING[dtype]
