"""Linear algebra over stacks of small matrices, on every core.

NumPy walks a stack of matrices on one core and releases the interpreter while it does, so a few
threads, each with its part of the stack, use the machine.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Complex, Float, Int
from numpy.typing import DTypeLike
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
    """Solve (AᵀA + diag w) x = b for each A, w and b by LU; NaN where that is singular."""
    return over_parts(
        _solve_squares, matrices, weights, vectors, work=len(matrices) * matrices.shape[-1] ** 3
    )


def _solve_squares(matrices: Stack, weights: Vectors, vectors: Vectors) -> Vectors:
    return _solve_part(_squares(matrices, weights), vectors[..., None])[..., 0]


def _squares(matrices: Stack, weights: Vectors) -> Stack:
    with np.errstate(over="ignore", invalid="ignore"):
        squares = matrices.swapaxes(1, 2) @ matrices
        np.einsum("bii->bi", squares)[...] += weights
    return squares


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
        eps = np.finfo(self._matrices.dtype).eps
        if self._factors is not None:  # by the condition number, as in LAPACK
            conditions = [self._factors[i].reciprocal_condition() for i in among.tolist()]
            return ~(np.array(conditions, float) > eps)
        values = np.linalg.svd(self._matrices[among], compute_uv=False)
        return ~(values[:, -1] > values.shape[1] * eps * values[:, 0])


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


class Cholesky:
    """Factors of a stack of symmetric matrices A, that solve A x = b several times.

    The answers are in double precision, and NaN where A is not positive definite in its own.
    """

    def __init__(self, factors: Stack):
        self._factors = factors
        (self._solve_one,) = get_lapack_funcs(("potrs",), dtype=factors.dtype)

    @classmethod
    def empty(cls, count: int, size: int, dtype: DTypeLike = np.float32) -> "Cholesky":
        """Return room for the factors of so many matrices."""
        return cls(np.empty((count, size, size), dtype))

    @classmethod
    def of_squares(cls, matrices: Stack, weights: Vectors) -> "Cholesky":
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


def _factorize_squares(matrices: Stack, weights: Vectors) -> Stack:
    return _factorize(_squares(matrices, weights))


def apply_transposed(matrices: Stack, vectors: Vectors) -> Float[np.ndarray, "batch column"]:
    """Return Aᵀ v for each pair."""
    return (vectors[:, None, :] @ matrices)[:, 0, :]


def apply(matrices: Stack, vectors: Float[np.ndarray, "batch column"]) -> Vectors:
    """Return A v for each pair."""
    return (matrices @ vectors[..., None])[..., 0]
