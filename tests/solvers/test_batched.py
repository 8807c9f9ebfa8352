"""Stacks of small linear systems, in double and in single precision, against NumPy."""

import numpy as np
import pytest

from separatrix.solvers import batched
from separatrix.solvers.batched import Cholesky
from separatrix.solvers.levenberg_marquardt import DenseJacobians

ROUNDING = {np.float64: 1e-12, np.float32: 1e-4}
CHOLESKY = {np.float64: 1e-11, np.float32: 1e-3}
EVERY = np.arange(4)


@pytest.fixture(params=[np.float64, np.float32])
def stack(request):
    """Four matrices of either precision, of which the third is singular."""
    matrices = np.random.default_rng(0).standard_normal((4, 5, 5)).astype(request.param)
    matrices[2] = 0
    return matrices


def test_a_singular_matrix_spoils_only_its_own_answer(stack):
    vectors = np.ones((4, 5))
    x = batched.solve(stack, vectors)
    assert np.isnan(x[2]).all()
    good = [0, 1, 3]
    left = batched.apply(stack[good].astype(float), x[good]) - vectors[good]
    assert np.abs(left).max() < ROUNDING[stack.dtype.type]


@pytest.mark.parametrize(("size", "layout"), [(5, "F"), (40, "C"), (40, "F")])
def test_a_solver_solves_more_than_once_and_at_some_places(stack, layout, size):
    """Of a few rows anew by NumPy, of many with factors that are kept."""
    wide = np.tile(np.eye(size, dtype=stack.dtype), (4, 1, 1))
    wide[:, :5, :5] = stack
    matrices = wide if layout == "C" else wide.swapaxes(1, 2).copy().swapaxes(1, 2)
    solver = batched.Solver(matrices)
    for vector in np.eye(size)[:3]:
        x = solver.solve(np.tile(vector, (4, 1)))
        assert np.isnan(x[2]).any()
        left = batched.apply(wide[[0, 1, 3]].astype(float), x[[0, 1, 3]]) - vector
        assert np.abs(left).max() < ROUNDING[stack.dtype.type]
        some = solver.solve(np.tile(vector, (2, 1)), np.array([3, 0]))
        np.testing.assert_array_equal(some, x[[3, 0]])
    assert solver.solve(np.zeros((0, size)), np.zeros(0, int)).shape == (0, size)


@pytest.mark.parametrize("size", [5, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matrices_are_singular_where_rounding_decides(size, dtype):
    rng = np.random.default_rng(0)
    matrices = rng.standard_normal((4, size, size)).astype(dtype)
    matrices[1, -1] = matrices[1, :-1].sum(0)
    matrices[2] = 0
    matrices[3] *= np.logspace(-6, 6, size)[:, None] if dtype is np.float64 else 1e-3
    solver = batched.Solver(matrices)
    assert solver.are_singular(np.arange(4)).tolist() == [False, True, True, False]
    assert solver.are_singular(np.array([3, 1])).tolist() == [False, True]


def test_matrices_that_are_regular_by_far():
    """Estimates may err, so between 1e-9 and singular nothing is said."""
    matrices = np.stack([np.diag(np.r_[np.ones(39), least]) for least in (1.0, 1e-6, 1e-12, 0.0)])
    assert batched.Solver(matrices).are_regular().tolist() == [True, True, False, False]
    assert not batched.Solver(np.eye(5)[None]).are_regular().any()


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
        assert x.dtype == float and np.abs(left).max() < CHOLESKY[dtype]
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
    assert np.abs(left).max() < CHOLESKY[dtype]
