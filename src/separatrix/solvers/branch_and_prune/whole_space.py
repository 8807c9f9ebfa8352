"""Exhaustive search of unbounded boxes, for piecewise-linear functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..interval.arithmetic import Array, Interval, point
from ..interval.interpreter import EnclosedFunction
from .exhaustion import Exhaustion
from .frontier import Limits, search_box
from .homogeneous import ChartZeros, Homogeneous, charts
from .known import ZeroTable

_KEPT = 1000  # unresolved boxes that are handed back
_SMALL = 2.0**-20  # no scale to go by, if it is not merely rounding


def search_unbounded(
    limits: Limits,
    base: EnclosedFunction,
    homogeneous: Homogeneous,
    lower: Array,
    upper: Array,
    known: ZeroTable,
) -> Exhaustion:
    """Search a box (n,) with infinite ends: a cube about the origin, then all that is outside."""
    reach = _reach(base)
    inner = (np.clip(lower, -reach, reach), np.clip(upper, -reach, reach))
    parts = [search_box(limits, base, *inner, known)]
    boxes = parts[0].boxes
    for chart, low, high in charts(homogeneous, lower, upper, reach):
        part = search_box(limits, chart, low, high, ChartZeros(chart, base, known), boxes)
        boxes += part.boxes
        left = chart.states(Interval(part.unresolved_lower, part.unresolved_upper))
        parts.append(
            replace(
                part,
                unresolved_lower=np.where(np.isnan(left.lower), -np.inf, left.lower),
                unresolved_upper=np.where(np.isnan(left.upper), np.inf, left.upper),
            )
        )
    states, errors, radii = known.added(lower, upper)
    return Exhaustion(
        states=states,
        error_bounds=errors,
        radii=radii,
        complete=all(part.complete for part in parts),
        boxes=boxes,
        unresolved_lower=np.concatenate([part.unresolved_lower for part in parts])[:_KEPT],
        unresolved_upper=np.concatenate([part.unresolved_upper for part in parts])[:_KEPT],
        reason=next((part.reason for part in parts if part.reason), ""),
    )


def _reach(base: EnclosedFunction) -> float:
    """Choose the half-width of the cube: the size of the constant terms sets the scale."""
    value = base.bounds(point(np.zeros((1, *base.shape)))).bounds.magnitude().max(initial=0.0)
    return float(2.0 ** np.ceil(np.log2(4.0 * value))) if _SMALL < value < 1 / _SMALL else 1.0
