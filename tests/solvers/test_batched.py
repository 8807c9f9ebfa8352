"""Stacks of small linear systems, in double and in single precision."""

import numpy as np
import pytest

from separatrix.solvers import batched

ROUNDING = {np.float64: 1e-12, np.float32: 1e-4}


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


def test_shifted_positive_matrices(stack):
    vectors, shifts = np.ones((4, 5)), np.array([1.0, 0.5, 2.0, -1e3])
    matrices = batched.gram(stack)
    shifted = matrices.astype(float) + shifts[:, None, None] * np.eye(5)
    x = batched.solve_positive(matrices, vectors, shifts)
    assert np.isnan(x[3]).all()  # not positive definite
    left = batched.apply(shifted[:3], x[:3]) - vectors[:3]
    assert np.abs(left).max() < ROUNDING[stack.dtype.type]
