"""Stacks of positive definite matrices, each factorized once, on every core."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import DTypeLike

from . import lapack
from .batched import over_parts

Stack = Float[np.ndarray, "batch row column"]
Vectors = Float[np.ndarray, "batch row"]
Columns = Float[np.ndarray, "batch column"]


class Cholesky:
    """Factors of a stack of symmetric matrices A, that solve A x = b several times.

    The answers are in double precision, and NaN where A is not positive definite in its own.
    """

    def __init__(self, factors: Stack, usable: Bool[np.ndarray, " batch"]):
        self._factors, self._usable = factors, usable

    @classmethod
    def empty(cls, count: int, size: int, dtype: DTypeLike = np.float32) -> Cholesky:
        """Return room for the factors of so many matrices."""
        return cls(np.empty((count, size, size), dtype), np.zeros(count, bool))

    @classmethod
    def of_squares(cls, matrices: Stack, weights: Columns) -> Cholesky:
        """Factorize AᵀA + diag w for each A and w."""
        size = matrices.shape[2]
        factors = cls.empty(len(matrices), size, matrices.dtype)
        stacks, work = (matrices, weights, factors._factors), matrices.size * size
        factors._usable[:] = over_parts(_factorize_squares, *stacks, work=work)
        return factors

    def put(self, rows: slice, matrices: Stack) -> None:
        """Factorize matrices, and keep the factors in these rows."""
        stacks, work = (matrices, self._factors[rows]), matrices.size * matrices.shape[2] / 3
        self._usable[rows] = over_parts(_factorize, *stacks, work=work)

    def solve(self, vectors: Vectors, among: Int[np.ndarray, " some"]) -> Vectors:
        """Return x of A x = b, for one b each for some of the matrices."""
        work = 2 * vectors.size * vectors.shape[1]
        return over_parts(self._solve, among, vectors, work=work)

    def _solve(self, among: Int[np.ndarray, " some"], vectors: Vectors) -> Vectors:
        with np.errstate(over="ignore"):  # what is too large for a factor's type has no solution
            solutions = vectors.astype(self._factors.dtype)
        for place, solution in zip(among.tolist(), solutions, strict=True):
            lapack.solve_factorized(self._factors[place].T, solution)
        solutions[~self._usable[among]] = np.nan
        return solutions.astype(float)


def _factorize(matrices: Stack, room: Stack) -> Bool[np.ndarray, " batch"]:
    usable = np.empty(len(matrices), bool)
    for row, (matrix, factor) in enumerate(zip(matrices, room, strict=True)):
        factor[...] = matrix  # one by one: what is factorized is in the cache then
        usable[row] = lapack.factorize_positive(factor.T)
    return usable


def _factorize_squares(
    matrices: Stack, weights: Columns, room: Stack
) -> Bool[np.ndarray, " batch"]:
    usable = np.empty(len(matrices), bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for row, (matrix, factor) in enumerate(zip(matrices, room, strict=True)):
            lapack.square(matrix, factor.T)
            factor.reshape(-1)[:: len(factor) + 1] += weights[row]
            usable[row] = lapack.factorize_positive(factor.T)
    return usable
