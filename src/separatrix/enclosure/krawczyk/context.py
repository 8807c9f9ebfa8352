"""Preliminaries of every proof: checked arguments, chunks, and NumPy's warnings off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ..._parallel import chunks, on_every_core, one_blas_thread
from ..interval.arithmetic import Array
from ..interval.interpreter import Enclosed

_LARGE = 192  # units from which a second thread is of use
_Result = TypeVar("_Result")
_ENTRIES = 2**20  # of the matrices that are held at once


def in_chunks(count: int, size: int, times: int = 1) -> Iterator[slice]:
    """Cut points into parts of so many times what memory has room for of matrices (n, n)."""
    return chunks(count, times * max(1, _ENTRIES // max(1, size * size)))


def over_chunks(function: Callable[[slice], _Result], count: int, size: int) -> list[_Result]:
    """Apply a function to each part of `count` points; of many units, to a part on each core."""
    parts = list(in_chunks(count, size))
    if size < _LARGE:
        return [function(chunk) for chunk in parts]
    with one_blas_thread():
        return on_every_core(function, parts)


@contextmanager
def quietly(size: int) -> Iterator[None]:
    """Let NaN and infinity pass without a warning, and keep small products on one thread.

    Batches of small matrices wait for BLAS's other threads longer than they compute: on a busy
    machine twenty times longer.
    """
    with np.errstate(all="ignore"):
        if size >= _LARGE:
            yield
            return
        with one_blas_thread():
            yield


def checked_states(states: ArrayLike) -> Array:
    """Return states (point, unit) in float64; raise ValueError if they are no matrix."""
    points = np.asarray(states, dtype=np.float64)
    if points.ndim != 2:
        raise ValueError(f"expected states of shape (point, unit), got {points.shape}")
    return points


def enclose_residual(residual: Callable[[Any], Any], size: int) -> Enclosed:
    """Trace a residual from (size,) to (size,); raise ValueError if it has another shape."""
    enclosed = Enclosed(residual, (size,))
    if enclosed.output_shape != (size,):
        raise ValueError(
            f"expected a residual from ({size},) to ({size},), got {enclosed.output_shape}"
        )
    return enclosed
