"""Putting values together, those without slopes having slopes of zero."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arithmetic import Array, Interval, point
from ..values import Value, count_inputs, doubts, zero_slopes


def joined(values: tuple[Value, ...], join: Callable[[list[Array], int], Array]) -> Value:
    """Put several values together."""

    def together(parts: list[Interval], lead: int) -> Interval:
        boxes = max(part.shape[0] for part in parts)

        def end(arrays: list[Array]) -> Array:
            return join(
                [np.broadcast_to(array, (boxes, *array.shape[1:])) for array in arrays], lead
            )

        lower = end([part.lower for part in parts])
        exact = all(part.exact for part in parts)
        return Interval(lower, lower if exact else end([part.upper for part in parts]))

    bounds = together([value.bounds for value in values], 1)
    doubt = None
    if any(value.doubt is not None for value in values):
        doubt = together([point(doubts(value)) for value in values], 1).lower
    inputs = count_inputs(*values)
    if inputs is None:
        return Value(bounds, None, doubt)
    slopes = together([value.slopes or zero_slopes(value, inputs) for value in values], 2)
    return Value(bounds, slopes, doubt)
