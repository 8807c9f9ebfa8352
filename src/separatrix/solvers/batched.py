"""Linear algebra over stacks of small matrices, on every core.

NumPy walks a stack of matrices on one core and releases the interpreter while it does, so a few
threads, each with its part of the stack, use the machine.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from scipy.linalg import get_lapack_funcs, lapack

from .._parallel import cores, on_every_core, one_blas_thread

Stack = Float[np.ndarray, "batch row column"]
Vectors = Float[np.ndarray, "batch row"]
Columns = Float[np.ndarray, "batch row right"]
Vector = Float[np.ndarray, " batch"]

_SMALL = 32  # rows up to which a call of LAPACK costs more than what it computes
_SMALLEST_PART = 1 << 18  # multiply-adds below which a thread costs more than it saves


def over_parts(function: Callable[..., np.ndarray], *stacks: np.ndarray, work: float) -> np.ndarray:
    """Apply `function` to parts of the stacks on several threads and join what it returns.

    `work` is about the number of multiply-adds in all; little work stays on this thread.
    """
    count = len(stacks[0])
    number = int(min(cores(), count, work // _SMALLEST_PART))
    if number <= 1:
        return function(*stacks)
    edges = np.linspace(0, count, number + 1).astype(int)
    slices = [slice(a, b) for a, b in pairwise(edges)]
    with one_blas_thread():  # a part each is enough
        parts = on_every_core(lambda s: function(*(x[s] for x in stacks)), slices)
    return np.concatenate(parts)


def solve(matrices: Stack, vectors: Vectors) -> Vectors:
    """Solve A x = b for each pair by LU; a singular matrix gives NaN, not an exception."""
    return solve_columns(matrices, vectors[..., None])[..., 0]


def solve_columns(matrices: Stack, columns: Columns) -> Columns:
    """Solve A X = B for each pair by LU; a singular matrix gives NaN, not an exception."""
    work = len(matrices) * matrices.shape[-1] ** 3 / 3
    return over_parts(_solve_part, matrices, columns, work=work)


def solve_squares(matrices: Stack, weights: Vectors, vectors: Vectors) -> Vectors:
    """Solve (AᵀA + diag w) x = b for each A, w and b, in A's precision; NaN where singular."""
    work = len(matrices) * matrices.shape[-1] ** 3
    return over_parts(_solve_squares, matrices, weights, vectors, work=work)


def _solve_squares(matrices: Stack, weights: Vectors, vectors: Vectors) -> Vectors:
    with np.errstate(over="ignore", invalid="ignore"):
        squares = matrices.swapaxes(1, 2) @ matrices
        np.einsum("bii->bi", squares)[...] += weights
    # NumPy, which walks the stack without Python, solves few units quicker than LAPACK.
    if matrices.shape[-1] <= _SMALL:
        return _solve_part(squares, vectors[..., None])[..., 0]
    return _solve_positive(squares, vectors)


def solve_positive(matrices: Stack, vectors: Vectors) -> Vectors:
    """Solve A x = b for each symmetric A, in its precision; NaN where it is not positive."""
    work = matrices.size * matrices.shape[2] / 3
    return over_parts(_solve_positive, matrices, vectors, work=work)


def _solve_positive(matrices: Stack, vectors: Vectors) -> Vectors:
    factorize, solve = get_lapack_funcs(("potrf", "potrs"), dtype=matrices.dtype)
    with np.errstate(over="ignore"):  # what is too large for the type has no solution
        right = vectors.astype(matrices.dtype)
    solutions = np.full(vectors.shape, np.nan)
    for row, matrix in enumerate(matrices):
        # A symmetric matrix in C's order is one in Fortran's, which LAPACK works in.
        factor, info = factorize(matrix.T, lower=1, clean=False)
        if not info:
            solutions[row] = solve(factor, right[row], lower=1)[0]
    return solutions


def _solve_part(matrices: Stack, columns: Columns) -> Columns:
    try:
        return np.linalg.solve(matrices, columns)
    except np.linalg.LinAlgError:
        # One exactly singular matrix makes NumPy refuse the whole stack: find which.
        if len(matrices) == 1:
            return np.full_like(columns, np.nan)
        half = len(matrices) // 2
        return np.concatenate(
            [_solve_part(matrices[s], columns[s]) for s in (slice(half), slice(half, None))]
        )


def eigenvalues(matrices: Stack) -> Complex[np.ndarray, "batch mode"]:
    """Return the eigenvalues of each matrix, which has to be finite."""
    work = 10 * float(len(matrices)) * matrices.shape[-1] ** 3
    return over_parts(_eigenvalues, matrices, work=work)


def _eigenvalues(matrices: Stack) -> Complex[np.ndarray, "batch mode"]:
    return np.linalg.eigvals(matrices).astype(complex)


class Solver:
    """Solves A x = b for each matrix A of a stack, several times; NaN where A is singular.

    Large matrices are factorized once (LU). Small ones are solved anew by NumPy, which walks the
    stack without Python: that takes less time than calls of LAPACK one by one.
    """

    def __init__(self, matrices: Stack):
        self._matrices = matrices
        small = matrices.shape[-1] <= _SMALL
        self._factors = None if small else [_Factors(matrix) for matrix in matrices]

    def solve(self, vectors: Vectors, among: np.ndarray | None = None) -> Vectors:
        """Return the solutions for vectors b, one for each matrix, or for those at some places."""
        if not len(vectors):
            return np.zeros(vectors.shape)
        if self._factors is None:
            return solve(self._matrices if among is None else self._matrices[among], vectors)
        factors = self._factors if among is None else [self._factors[i] for i in among.tolist()]
        return np.array([factor.solve(v) for factor, v in zip(factors, vectors, strict=True)])

    def are_regular(self) -> np.ndarray:
        """Return which matrices are far from singular, by a cheap estimate of their condition.

        Small ones are not estimated: their singular values cost no more.
        """
        if self._factors is None:
            return np.zeros(len(self._matrices), bool)
        return np.array([factors.reciprocal_condition() > 1e-9 for factors in self._factors], bool)

    def are_singular(self, among: np.ndarray) -> np.ndarray:
        """Return whether each of the matrices `among` is singular to rounding."""
        if self._factors is not None:
            return np.array([self._factors[i].is_singular() for i in among.tolist()], bool)
        values = np.linalg.svd(self._matrices[among], compute_uv=False)
        level = values.shape[1] * np.finfo(self._matrices.dtype).eps
        return ~(values[:, -1] > level * values[:, 0])


class _Factors:
    """The LU factors of a matrix A, or of Aᵀ where that lies in memory as LAPACK wants it."""

    def __init__(self, matrix: np.ndarray):
        self._prefix = "s" if matrix.dtype == np.float32 else "d"
        self._transposed = matrix.flags.c_contiguous
        self._matrix = matrix.T if self._transposed else matrix
        self._lu, self._pivots, info = self._routine("getrf")(self._matrix)
        self._is_singular = info != 0

    def _routine(self, name: str) -> Callable[..., Any]:
        return getattr(lapack, self._prefix + name)

    def solve(self, vector: Vector) -> Vector:
        """Return the solution x of A x = b, NaN where A is singular."""
        if self._is_singular:
            return np.full_like(vector, np.nan)
        solve, transposed = self._routine("getrs"), int(self._transposed)
        return solve(self._lu, self._pivots, vector, trans=transposed)[0]

    def reciprocal_condition(self) -> float:
        """Return 1 / (|A| |A⁻¹|) in the norm of column sums, estimated by LAPACK; 0 if singular."""
        if self._is_singular:
            return 0.0
        length = np.abs(self._matrix).sum(0).max()
        return float(self._routine("gecon")(self._lu, length)[0])

    def is_singular(self) -> bool:
        """Return whether A is singular to rounding by its condition number, as in LAPACK."""
        return not self.reciprocal_condition() > np.finfo(self._lu.dtype).eps


def apply_transposed(matrices: Stack, vectors: Vectors) -> Float[np.ndarray, "batch column"]:
    """Return Aᵀ v for each pair."""
    return (vectors[:, None, :] @ matrices)[:, 0, :]


def apply(matrices: Stack, vectors: Float[np.ndarray, "batch column"]) -> Vectors:
    """Return A v for each pair."""
    return (matrices @ vectors[..., None])[..., 0]
