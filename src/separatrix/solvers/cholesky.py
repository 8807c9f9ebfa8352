"""Stacks of positive definite matrices, each factorized once, on every core."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import DTypeLike
from scipy.linalg import get_lapack_funcs

from .batched import over_parts

Stack = Float[np.ndarray, "batch row column"]
Vectors = Float[np.ndarray, "batch row"]
Columns = Float[np.ndarray, "batch column"]


class Cholesky:
    """Factors of a stack of symmetric matrices A, that solve A x = b several times.

    The answers are in double precision, and NaN where A is not positive definite in its own.
    """

    def __init__(self, factors: Stack):
        self._factors = factors
        (self._solve_one,) = get_lapack_funcs(("potrs",), dtype=factors.dtype)

    @classmethod
    def empty(cls, count: int, size: int, dtype: DTypeLike = np.float32) -> Cholesky:
        """Return room for the factors of so many matrices."""
        return cls(np.empty((count, size, size), dtype))

    @classmethod
    def of_squares(cls, matrices: Stack, weights: Columns) -> Cholesky:
        """Factorize AᵀA + diag w for each A and w."""
        work = matrices.size * matrices.shape[2]
        return cls(over_parts(_factorize_squares, matrices, weights, work=work))

    def put(self, rows: slice, matrices: Stack) -> None:
        """Factorize matrices, and keep the factors in these rows."""
        self._factors[rows] = matrices
        over_parts(_factorize, self._factors[rows], work=matrices.size * matrices.shape[2] / 3)

    def solve(self, vectors: Vectors, among: Int[np.ndarray, " some"]) -> Vectors:
        """Return x of A x = b, for one b each for some of the matrices."""
        with np.errstate(over="ignore"):  # what is too large for a factor's type has no solution
            right = vectors.astype(self._factors.dtype)
        solutions = np.empty(vectors.shape)
        for row, place in enumerate(among.tolist()):
            solutions[row] = self._solve_one(self._factors[place].T, right[row], lower=1)[0]
        return solutions


def _factorize(matrices: Stack) -> Stack:
    """Replace each matrix by its factor, or by NaN where there is none."""
    (factorize,) = get_lapack_funcs(("potrf",), dtype=matrices.dtype)
    for matrix in matrices:
        # A symmetric matrix in C's order is one in Fortran's, which LAPACK works in.
        _, info = factorize(matrix.T, lower=1, overwrite_a=True, clean=False)
        if info:
            matrix[...] = np.nan
    return matrices


def _factorize_squares(matrices: Stack, weights: Columns) -> Stack:
    with np.errstate(over="ignore", invalid="ignore"):
        squares = matrices.swapaxes(1, 2) @ matrices
        np.einsum("bii->bi", squares)[...] += weights
        return _factorize(squares)
