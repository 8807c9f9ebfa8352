"""Stacks of small linear systems, in double and in single precision, against NumPy."""

import numpy as np
import pytest

from separatrix.solvers import batched
from separatrix.solvers.batched import Cholesky
from separatrix.solvers.levenberg_marquardt import DenseJacobians

ROUNDING = {np.float64: 1e-12, np.float32: 1e-4}
CHOLESKY = {np.float64: 1e-11, np.float32: 1e-3}
EVERY = np.arange(4)
in_both_precisions = pytest.mark.parametrize("dtype", [np.float64, np.float32])
# Few rows are solved anew by NumPy, many with factors that are kept.
few_rows_and_many = pytest.mark.parametrize("size", [5, 40])


def stack(size, dtype):
    """Four matrices, random in a corner and the identity beside it; the third corner is 0."""
    matrices = np.tile(np.eye(size, dtype=dtype), (4, 1, 1))
    matrices[:, :5, :5] = np.random.default_rng(0).standard_normal((4, 5, 5))
    matrices[2, :5, :5] = 0
    return matrices


def positive(size, dtype):
    roots = np.random.default_rng(0).standard_normal((4, size, size))
    return (roots @ roots.swapaxes(1, 2) + size * np.eye(size)).astype(dtype)


def assert_solves(solve, matrices, good, tolerance):
    """Check that it solves more than once, and at some places as at all; return a solution."""
    size = matrices.shape[1]
    for vector in np.eye(size)[:3]:
        x = solve(np.tile(vector, (4, 1)), EVERY)
        left = batched.apply(matrices[good].astype(float), x[good]) - vector
        assert np.abs(left).max() < tolerance
        some = solve(np.tile(vector, (2, 1)), np.array([3, 0]))
        np.testing.assert_array_equal(some, x[[3, 0]])
    assert solve(np.zeros((0, size)), np.zeros(0, int)).shape == (0, size)
    return x


@in_both_precisions
@pytest.mark.parametrize(("size", "layout"), [(5, "F"), (40, "C"), (40, "F")])
def test_a_singular_matrix_spoils_only_its_own_answer(size, layout, dtype):
    matrices = stack(size, dtype)
    if layout == "F":
        matrices = matrices.swapaxes(1, 2).copy().swapaxes(1, 2)
    solver, good = batched.Solver(matrices), [0, 1, 3]
    kept = assert_solves(solver.solve, matrices, good, ROUNDING[dtype])
    last = np.tile(np.eye(size)[2], (4, 1))
    for x in (kept, solver.solve(last), batched.solve(matrices, last)):
        assert np.isnan(x[2, :5]).all()
        np.testing.assert_allclose(x[good], kept[good], atol=ROUNDING[dtype])


@few_rows_and_many
@in_both_precisions
def test_matrices_are_singular_where_rounding_decides(size, dtype):
    rng = np.random.default_rng(0)
    matrices = rng.standard_normal((4, size, size)).astype(dtype)
    matrices[1, -1] = matrices[1, :-1].sum(0)
    matrices[2] = 0
    matrices[3] *= np.logspace(-6, 6, size)[:, None] if dtype is np.float64 else 1e-3
    solver = batched.Solver(matrices)
    assert solver.are_singular(EVERY).tolist() == [False, True, True, False]
    assert solver.are_singular(np.array([3, 1])).tolist() == [False, True]


def test_matrices_that_are_regular_by_far():
    """Estimates may err, so between 1e-9 and singular nothing is said."""
    matrices = np.stack([np.diag(np.r_[np.ones(39), least]) for least in (1.0, 1e-6, 1e-12, 0.0)])
    assert batched.Solver(matrices).are_regular().tolist() == [True, True, False, False]
    assert not batched.Solver(np.eye(5)[None]).are_regular().any()


@few_rows_and_many
@in_both_precisions
def test_factors_of_positive_matrices_are_put_by_and_by(size, dtype):
    matrices = positive(size, dtype)
    before = matrices.copy()
    matrices.flags.writeable = False  # as what JAX returns
    factors = Cholesky.empty(4, size, dtype)
    for rows in (slice(0, 3), slice(3, 6)):
        factors.put(rows, matrices[rows])
    np.testing.assert_array_equal(matrices, before)
    assert assert_solves(factors.solve, matrices, EVERY, CHOLESKY[dtype]).dtype == float


@pytest.mark.parametrize("bad", [-1.0, np.nan])
def test_a_matrix_that_is_not_positive_spoils_only_its_own_answer(bad):
    matrices = positive(40, np.float32)
    matrices[2, 7, 7] = bad * 1e3
    factors = Cholesky.empty(4, 40)
    factors.put(slice(None), matrices)
    x = factors.solve(np.ones((4, 40)), EVERY)
    assert np.isnan(x[2]).any() and np.isfinite(x[[0, 1, 3]]).all()


@few_rows_and_many
@in_both_precisions
def test_damped_systems(size, dtype):
    """Of a few rows all at once, of many one by one."""
    shifts = np.array([1.0, 0.5, 2.0, 0.0])
    matrices = stack(size, dtype)
    matrices[3, :, 0] = 0
    gradient = np.ones((4, size))
    _, steps = DenseJacobians(matrices).damped(shifts, gradient)
    x = steps(gradient, gradient, EVERY)
    assert np.isnan(x[3]).all()  # nothing holds its first column
    wide = matrices.astype(float)
    squares = wide.swapaxes(1, 2) @ wide + shifts[:, None, None] * np.eye(size)
    left = (squares[:3] @ x[:3, :, None])[..., 0] + 1
    assert np.abs(left).max() < CHOLESKY[dtype]
