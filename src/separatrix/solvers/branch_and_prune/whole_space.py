"""Exhaustive search of unbounded boxes, for piecewise-linear functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..interval.arithmetic import Array, Interval, point
from ..interval.interpreter import EnclosedFunction
from .exhaustion import Exhaustion
from .homogeneous import ChartZeros, Homogeneous, charts
from .known import ZeroTable

if TYPE_CHECKING:
    from .search import BranchAndPrune

_KEPT = 1000


def search_unbounded(
    method: BranchAndPrune,
    base: EnclosedFunction,
    homogeneous: Homogeneous,
    lower: Array,
    upper: Array,
    known: ZeroTable,
) -> Exhaustion:
    """Search a box (n,) with infinite ends: a cube about the origin, then all that is outside."""
    reach = _reach(base)
    inner = (np.clip(lower, -reach, reach), np.clip(upper, -reach, reach))
    parts = [method.search_enclosed(base, *inner, known)]
    boxes = parts[0].boxes
    for chart, low, high in charts(homogeneous, lower, upper, reach):
        rest = replace(method, max_boxes=max(0, method.max_boxes - boxes))
        part = rest.search_enclosed(chart, low, high, ChartZeros(chart, base, known))
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
    return float(2.0 ** np.ceil(np.log2(4.0 * value))) if 0 < value < np.inf else 1.0
