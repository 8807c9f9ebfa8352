"""BLAS and LAPACK without Python's global lock, so that threads with a matrix each use every core.

SciPy's own functions hold it. The same routines are called here through the table that SciPy keeps
for compiled modules.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.linalg import cython_blas, cython_lapack

Matrix = Float[np.ndarray, "row column"]
Square = Float[np.ndarray, "column column"]
Vector = Float[np.ndarray, " column"]

_OF_BLAS = ("syrk", "trsv")
_SLOW_SOLUTIONS = 192
"""Rows from which LAPACK, which prepares for many right-hand sides, takes longer than two calls."""
_LETTERS = {np.dtype(np.float32): "s", np.dtype(np.float64): "d"}
_LOWER, _PLAIN, _TRANSPOSED = (ctypes.byref(ctypes.c_char(letter)) for letter in (b"L", b"N", b"T"))
_ONE = ctypes.byref(ctypes.c_int(1))


def square(matrix: Matrix, result: Square | None = None) -> Square:
    """Return the lower triangle of AᵀA as LAPACK has it, in Fortran's order; the rest is zero.

    Of a `result` that is given only the triangle is written.
    """
    if not matrix.flags.forc:
        matrix = np.ascontiguousarray(matrix)
    in_order = matrix.flags.c_contiguous
    rows, size = matrix.shape
    if result is None:
        result = np.zeros((size, size), matrix.dtype, order="F")
    length = ctypes.c_double if matrix.dtype == np.float64 else ctypes.c_float
    # Of a matrix in C's order BLAS sees the transposed one.
    form, leading = (_PLAIN, size) if in_order else (_TRANSPOSED, rows)
    _routine("syrk", matrix.dtype)(
        _LOWER, form, _number(size), _number(rows),
        ctypes.byref(length(1.0)), matrix.ctypes.data, _number(max(leading, 1)),
        ctypes.byref(length(0.0)), result.ctypes.data, _number(max(size, 1)),
    )  # fmt: skip
    return result


def factorize_positive(matrix: Square) -> bool:
    """Factorize A by Cholesky in its place: the lower triangle, in Fortran's order.

    Returns whether A is positive definite; if not, there are no factors. Of NaN in A there may be
    no other sign than NaN in solutions.
    """
    size, failed = _number(len(matrix)), ctypes.c_int(0)
    factorize = _routine("potrf", matrix.dtype)
    factorize(_LOWER, size, matrix.ctypes.data, size, ctypes.byref(failed))
    return failed.value == 0


def solve_factorized(factor: Square, vector: Vector) -> None:
    """Solve A x = b in place of b, with the factor of A that `factorize_positive` left."""
    size, address = _number(len(factor)), factor.ctypes.data
    if len(factor) < _SLOW_SOLUTIONS:
        solve, failed = _routine("potrs", factor.dtype), ctypes.c_int(0)
        solve(_LOWER, size, _ONE, address, size, vector.ctypes.data, size, ctypes.byref(failed))
        return
    solve = _routine("trsv", factor.dtype)
    for form in (_PLAIN, _TRANSPOSED):
        solve(_LOWER, form, _PLAIN, size, address, size, vector.ctypes.data, _ONE)


def _number(value: int) -> Any:
    return ctypes.byref(ctypes.c_int(value))


@cache
def _routine(name: str, dtype: np.dtype[Any]) -> Callable[..., None]:
    """Return a routine, whose arguments are addresses, for a type of number."""
    module = cython_blas if name in _OF_BLAS else cython_lapack
    capsule = module.__pyx_capi__[_LETTERS[dtype] + name]
    signature = ctypes.pythonapi.PyCapsule_GetName
    signature.restype, signature.argtypes = ctypes.c_char_p, [ctypes.py_object]
    address = ctypes.pythonapi.PyCapsule_GetPointer
    address.restype, address.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    text = signature(capsule)
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (text.count(b",") + 1))
    return kind(address(capsule, text))
