"""Gate patterns as keys, and the checks of candidates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._parallel import chunks
from .affine import Array
from .form import Bools, PiecewiseLinear
from .reduced import BLOCK, Ints


class PatternTable:
    """Numbers gate patterns in the order in which they are first met."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, patterns: Bools) -> tuple[Ints, Bools]:
        """Return the number of each pattern ``(k, m)``, and the patterns not met before."""
        numbers = np.empty(len(patterns), dtype=np.intp)
        new = []
        for i, packed in enumerate(np.packbits(patterns, axis=1)):
            key = packed.tobytes()
            if key not in self._numbers:
                self._numbers[key] = len(self._numbers)
                new.append(i)
            numbers[i] = self._numbers[key]
        return numbers, patterns[new]


def distinct(patterns: Bools) -> tuple[Bools, Ints]:
    """Return each pattern once, in the order in which they come, and which of them each row is."""
    numbers, first = PatternTable(patterns.shape[1]).add(patterns)
    return first, numbers


def gate_patterns(residual: PiecewiseLinear, states: Array) -> Bools:
    """Return the patterns of many states ``(k, n)``, a block at a time."""
    block = max(BLOCK // max(residual.gate_count, residual.size), 1)
    parts = [residual.gates(states[rows]) for rows in chunks(len(states), block)]
    return np.concatenate(parts) if parts else residual.gates(states)


def checked_candidates(candidates: Any, size: int) -> tuple[Array, Bools]:
    """Return the finite candidates as float64 ``(k, n)`` and which rows of the given these are."""
    states = np.asarray(candidates, dtype=np.float64)
    if states.ndim != 2 or states.shape[1] != size:
        raise ValueError(
            f"candidates must have shape (candidate, {size}), not {states.shape}; reshape the "
            "states with .reshape(-1, units)"
        )
    finite = np.asarray(np.isfinite(states).all(axis=1))
    return states if finite.all() else states[finite], finite
