"""What an exhaustive search of a box has proved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..interval.arithmetic import Array


@dataclass(frozen=True)
class Exhaustion:
    """The zeros that an exhaustive search added to those already known, and what it leaves open.

    Attributes
    ----------
    states, error_bounds, radii
        New zeros ``(point, n)``: each is proved to exist within its error bound, and to be the only
        one within its radius, in the largest norm.
    complete
        Whether it is proved that the box holds no zero but these and the known ones.
    boxes
        How many boxes were examined.
    unresolved_lower, unresolved_upper
        Boxes ``(box, n)`` that may hold further zeros; when there are many, the first of them.
    reason
        Why the search is not complete; empty where it is.
    """

    states: Array
    error_bounds: Array
    radii: Array
    complete: bool
    boxes: int
    unresolved_lower: Array
    unresolved_upper: Array
    reason: str


def refused(size: int, reason: str) -> Exhaustion:
    """Return the outcome of a search that could not begin."""
    none = np.zeros((0, size))
    return Exhaustion(none, np.zeros(0), np.zeros(0), False, 0, none, none, reason)
