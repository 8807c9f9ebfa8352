"""The linearization of a system at its points, with what drives and reads each mode."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from .._records import Record
from ..analysis import FixedPoints, linearize
from ..systems import AbstractSystem

Slopes = Callable[[np.ndarray], Float[np.ndarray, "point output unit"]]
"""A function that returns the derivative of the outputs at states `(point, unit)`."""


def linear_records(
    system: AbstractSystem,
    points: FixedPoints,
    axis: Float[np.ndarray, " unit"],
    slopes: Slopes | None,
    most: int,
) -> dict[str, Record]:
    """Return the records of the linearization, none without points, by name.

    Of more than `most` points: the fixed ones, the middle one along the axis, the slowest ones.
    """
    if not len(points):
        return {}
    linear = linearize(system, points[_to_linearize(points, axis, most)])
    records: dict[str, Record] = {"linearization": linear, "non_normality": linear.non_normality()}
    if slopes is not None:
        readout = slopes(np.asarray(linear.states))
        records["selection_vectors"] = linear.selection_vectors(1, readout)
    return records


def _to_linearize(points: FixedPoints, axis: np.ndarray, limit: int) -> Int[np.ndarray, " chosen"]:
    """Choose the fixed points, the middle point, then the slowest ones, up to `limit`."""
    order = np.lexsort((points.speed, points.kind))
    first = np.flatnonzero(order == points.middle(axis))
    order = np.concatenate([order[first], np.delete(order, first)])
    return np.sort(order[:limit])
