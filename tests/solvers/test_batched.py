"""Stacks of small linear systems, in double and in single precision, against NumPy."""

import numpy as np
import pytest

from separatrix.solvers import batched

ROUNDING = {np.float64: 1e-12, np.float32: 1e-4}
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
