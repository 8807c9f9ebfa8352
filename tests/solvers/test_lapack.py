"""BLAS and LAPACK without the lock, against NumPy."""

import numpy as np
import pytest

from separatrix.solvers import lapack


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F", "neither"])
@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (0, 4)])
def test_squares(dtype, order, shape):
    matrix = np.random.default_rng(0).standard_normal((2 * shape[0], shape[1])).astype(dtype)[::2]
    matrix = matrix if order == "neither" else np.array(matrix, order=order)
    square = lapack.square(matrix)
    assert square.dtype == dtype
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(square, np.tril(matrix.T @ matrix), rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_positive_systems_are_solved_in_place(dtype):
    rng = np.random.default_rng(1)
    root, vector = rng.standard_normal((6, 6)), rng.standard_normal(6)
    matrix = root @ root.T + np.eye(6)
    solution = vector.astype(dtype)
    lower = np.asfortranarray(np.tril(matrix).astype(dtype))  # the upper triangle is not read
    assert lapack.factorize_positive(lower)
    lapack.solve_factorized(lower, solution)
    tolerance = 1e3 * np.finfo(dtype).eps
    np.testing.assert_allclose(solution, np.linalg.solve(matrix, vector), rtol=tolerance)


@pytest.mark.parametrize("bad", [-1.0, 0.0, np.nan])
def test_others_are_refused(bad):
    matrix, vector = np.asfortranarray(np.diag([1.0, bad, 1.0])), np.ones(3)
    if lapack.factorize_positive(matrix):
        lapack.solve_factorized(matrix, vector)
        assert np.isnan(vector).any()
