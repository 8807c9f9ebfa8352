"""In which units cubes and balls are measured: the size of the state, or of what is smaller.

Nothing tells how large a system's numbers are beside a state that is zero, and a cube that is
narrow beside 1 holds all that bends in a network whose currents are in amperes.
"""

from collections.abc import Callable

import numpy as np

from ..interval.arithmetic import Array
from .contraction import Flags

_SMALL = 2.0**-20  # of a state, beside which one of 1 may be too large
_RUNG = 2.0**-40
_DEEPEST = 24  # rungs: 2^-960, just above what is denormal

Attempt = Callable[[np.ndarray, Array], Flags]
"""Rows of some states, and a scale for each -> for which of them that is small enough."""


def scale_of(states: Array) -> Array:
    """Return the largest coordinate of each state (point, unit), or 1 where that is more."""
    return np.maximum(1.0, np.max(np.abs(states), axis=1, initial=0.0))


def try_smaller(states: Array, rows: np.ndarray, attempt: Attempt) -> None:
    """Look for the largest smaller scale that will do, for those of some states that are small.

    What suffices is taken to suffice on all smaller scales, so that a zero where nothing does, as
    of x³, takes five attempts and not twenty-four.
    """
    sizes = np.max(np.abs(states), axis=1, initial=0.0)
    rows = rows[sizes[rows] < _SMALL]
    sizes = np.maximum(sizes[rows], np.finfo(float).tiny)
    deepest = np.clip(np.ceil(np.log2(sizes) / np.log2(_RUNG)), 1, _DEEPEST)
    low, high = np.zeros(len(rows)), deepest + 1  # too large, and small enough or deeper than all
    while (active := np.flatnonzero(high - low > 1)).size:
        rung = np.floor((low + high) / 2)
        good = attempt(rows[active], _RUNG ** rung[active])
        high[active] = np.where(good, rung[active], high[active])
        low[active] = np.where(good, low[active], rung[active])
