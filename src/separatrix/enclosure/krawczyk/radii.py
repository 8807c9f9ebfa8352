"""The largest radius for which something is proved of the ball around each of some states.

Nothing tells how large a system's numbers are beside a state that is zero, and a ball that is
narrow beside 1 holds all that bends in a network whose currents are in amperes. So radii are looked
for between what is tiny beside the state and what is large beside 1.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..interval.arithmetic import Array

Flags = NDArray[np.bool_]

LARGEST_RADIUS = 16.0
"""Within which a zero is said to be alone, in units of the state; a larger claim is of no use."""
_TINIEST = 2.0**-940  # size of the smallest states that count as different from zero
_ENOUGH = 1.5  # ratio of a radius that fails to one that succeeds


def size_of(states: Array) -> Array:
    """Return the largest coordinate of each state (point, unit), or something tiny."""
    return np.max(np.abs(states), axis=1, initial=_TINIEST)


def scale_of(states: Array) -> Array:
    """Return the largest coordinate of each state (point, unit), or 1 where that is more."""
    return np.maximum(1.0, size_of(states))


def largest_radius(
    succeeds: Callable[[np.ndarray, Array], Flags], least: Array, most: Array
) -> Array:
    """Bisect for the exponent of the largest radius of some points that succeeds.

    What is proved of a ball is proved of all smaller ones. `least` is returned where no larger one
    succeeds.
    """
    low, high = least.copy(), most.copy()
    while (active := np.flatnonzero(high > _ENOUGH * low)).size:
        middle = np.sqrt(low[active]) * np.sqrt(high[active])
        good = succeeds(active, middle)
        low[active] = np.where(good, middle, low[active])
        high[active] = np.where(good, high[active], middle)
    return low
