"""Exhaustive search of unbounded boxes, for piecewise-linear functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..interval.arithmetic import Array, Interval, point
from ..interval.interpreter import EnclosedFunction
from ..krawczyk.contraction import LARGEST_RADIUS
from .exhaustion import Exhaustion
from .frontier import Limits, search_box
from .homogeneous import ChartZeros, Homogeneous, charts
from .known import KnownZeros, known_zeros

_KEPT = 1000  # unresolved boxes that are handed back
_PART = 4  # of the boxes that may be examined, that look for zeros along rays
_SMALL = 2.0**-20  # too small a scale to go by at once
_TINIEST = 1e-290  # what is less is denormal, or its reciprocal infinite


def search_unbounded(
    limits: Limits,
    base: EnclosedFunction,
    homogeneous: Homogeneous,
    lower: Array,
    upper: Array,
    known: KnownZeros,
) -> Exhaustion:
    """Search a box (n,) with infinite ends: a cube about the origin, then all that is outside.

    A function without constants needs neither; see `only_at_origin`. That asks for all of space,
    whatever the box, since the zero is said to be alone on all its sides.
    """
    examined = only_at_origin(limits, homogeneous, len(lower))
    if examined is not None:
        known.take(np.zeros(len(lower)), 0.0, LARGEST_RADIUS)
        none = np.zeros((0, len(lower)))
        return Exhaustion(*known.added(lower, upper), True, examined, none, none, "")
    found = None
    for reach in _reaches(base):
        boxes = found.boxes if found is not None else 0
        found = _from_both_sides(limits, base, homogeneous, lower, upper, known, reach, boxes)
        if found.complete:
            break
    assert found is not None  # there is at least one
    return found


def _from_both_sides(
    limits: Limits,
    base: EnclosedFunction,
    homogeneous: Homogeneous,
    lower: Array,
    upper: Array,
    known: KnownZeros,
    reach: float,
    spent: int,
) -> Exhaustion:
    """Search the cube of half-width `reach`, and what is outside as seen from afar."""
    inner = (np.clip(lower, -reach, reach), np.clip(upper, -reach, reach))
    parts = [search_box(limits, base, *inner, known, spent)]
    boxes = spent + parts[0].boxes
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


def only_at_origin(limits: Limits, homogeneous: Homogeneous, size: int) -> int | None:
    """Prove that 0 is the only zero; return how many boxes that took, or None if it is not proved.

    A piecewise-linear function g without constants has g(λx) = λ g(x) for λ ≥ 0, so it is zero at
    0, and any other zero lies on a ray of zeros, which meets the surface of the cube. That way
    zeros on kinks are proved to be alone, where slopes are too uncertain for Krawczyk's test.
    """
    cube = Interval(np.append(np.full(size, -1.0), 0.0)[None], np.ones((1, size + 1)))
    found = homogeneous.bounds(cube)
    # An infinite factor makes 0 no zero.
    is_defined = not any(found.refusals) and np.isfinite(found.bounds.magnitude()).all()
    if homogeneous.has_constants or not is_defined:
        return None
    boxes, none = 0, known_zeros(size, None, None, None)
    first = limits.max_boxes - limits.max_boxes // _PART
    everywhere = np.full(size, np.inf)
    for chart, low, high in charts(homogeneous, -everywhere, everywhere, np.inf):
        part = search_box(limits, chart, low, high, none, first + boxes)
        boxes += part.boxes
        if not part.complete:
            return None
    return boxes


def _reaches(base: EnclosedFunction) -> list[float]:
    """Choose the half-width of the cube: the size of the constant terms sets the scale.

    Where they are small, that may be all that rounding left of them: 1 is tried before.
    """
    value = base.bounds(point(np.zeros((1, *base.shape)))).bounds.magnitude().max(initial=0.0)
    if not _TINIEST < value < 1 / _SMALL:
        return [1.0]
    reach = float(2.0 ** np.ceil(np.log2(4.0 * value)))
    return [reach] if value > _SMALL else [1.0, reach]
