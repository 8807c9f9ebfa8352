"""Linear algebra over stacks of small matrices, on every core.

NumPy walks a stack of matrices on one core and releases the interpreter while it does, so a few
threads, each with its part of the stack, use the machine.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from scipy.linalg import lapack

Stack = Float[np.ndarray, "batch row column"]
Vectors = Float[np.ndarray, "batch row"]
Vector = Float[np.ndarray, " batch"]

_SMALLEST_PART = 1 << 18  # multiply-adds below which a thread costs more than it saves


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="separatrix")


def over_parts(function: Callable[..., np.ndarray], *stacks: np.ndarray, work: float) -> np.ndarray:
    """Apply `function` to parts of the stacks on several threads and join what it returns.

    `work` is about the number of multiply-adds in all; little work stays on this thread.
    """
    count = len(stacks[0])
    parts = int(min(os.cpu_count() or 1, count, work // _SMALLEST_PART))
    if parts <= 1:
        return function(*stacks)
    edges = np.linspace(0, count, parts + 1).astype(int)
    slices = [slice(a, b) for a, b in pairwise(edges)]
    return np.concatenate(list(_pool().map(lambda s: function(*(x[s] for x in stacks)), slices)))


def solve(matrices: Stack, vectors: Vectors) -> Vectors:
    """Solve A x = b for each pair by LU; a singular matrix gives NaN, not an exception."""
    work = len(matrices) * matrices.shape[-1] ** 3 / 3
    return over_parts(_solve_part, matrices, vectors, work=work)


def _solve_part(matrices: Stack, vectors: Vectors) -> Vectors:
    if matrices.dtype == np.float32:
        return _solve_single(matrices, vectors)
    try:
        return np.linalg.solve(matrices, vectors[..., None])[..., 0]
    except np.linalg.LinAlgError:
        # One exactly singular matrix makes NumPy refuse the whole stack: find which.
        if len(matrices) == 1:
            return np.full_like(vectors, np.nan)
        half = len(matrices) // 2
        return np.concatenate(
            [_solve_part(matrices[s], vectors[s]) for s in (slice(half), slice(half, None))]
        )


def _solve_single(matrices: Stack, vectors: Vectors) -> Vectors:
    """Solve in single precision: NumPy's copies take as long as the factorizations there."""
    solutions = np.empty(vectors.shape)
    for row, (matrix, vector) in enumerate(zip(matrices, vectors, strict=True)):
        _, _, solution, info = lapack.sgesv(matrix, vector)
        solutions[row] = solution if info == 0 else np.nan
    return solutions


def solve_positive(matrices: Stack, vectors: Vectors, shifts: Vector) -> Vectors:
    """Solve (A + w) x = b for symmetric A, which is overwritten, and numbers w.

    By Cholesky's method, which takes half the operations of LU; where A + w is not positive
    definite in the arithmetic of A the answer is NaN.
    """
    solver = lapack.sposv if matrices.dtype == np.float32 else lapack.dposv
    matrices[:, range(matrices.shape[1]), range(matrices.shape[1])] += shifts[:, None]
    solutions = np.empty(vectors.shape)
    for row, (matrix, vector) in enumerate(zip(matrices, vectors, strict=True)):
        _, solution, info = solver(matrix.T, vector, lower=1, overwrite_a=1)
        solutions[row] = solution if info == 0 else np.nan
    return solutions


def gram(matrices: Stack) -> Stack:
    """Return AᵀA for each matrix."""
    work = len(matrices) * matrices.shape[-1] ** 3
    return over_parts(_gram_part, matrices, work=work)


def _gram_part(matrices: Stack) -> Stack:
    with np.errstate(over="ignore", invalid="ignore"):  # then solve_positive answers NaN
        return matrices.swapaxes(1, 2) @ matrices


def apply_transposed(matrices: Stack, vectors: Vectors) -> Float[np.ndarray, "batch column"]:
    """Return Aᵀ v for each pair."""
    return (vectors[:, None, :] @ matrices)[:, 0, :]


def apply(matrices: Stack, vectors: Float[np.ndarray, "batch column"]) -> Vectors:
    """Return A v for each pair."""
    return (matrices @ vectors[..., None])[..., 0]
