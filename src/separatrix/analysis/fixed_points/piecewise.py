"""Fixed and slow points of piecewise-linear systems, exactly."""

import numpy as np
from jaxtyping import Float

from ...solvers.piecewise_linear import (
    DescentOutcome,
    PiecewiseLinear,
    RegionSolution,
    WalkOutcome,
    descend_speed,
    solve_regions,
)
from .found import Found


def search_piecewise(
    residual: PiecewiseLinear,
    velocity: PiecewiseLinear,
    starts: Float[np.ndarray, "candidate unit"],
    slow_points: bool,
) -> Found:
    """Walk from region to region to the zeros; what finds none slides to a minimum of the speed.

    `residual` is what is solved, `velocity` the change of the true map or flow, whose norm is the
    speed. Minima that are zeros are given to the walk once more, which proves them.
    """
    found = Found.empty(len(starts))
    walk = solve_regions(residual, starts)
    descent, lost, zeros = None, np.zeros(0, int), []
    if slow_points:
        lost = np.flatnonzero((walk.point < 0) & np.isfinite(starts).all(1))
        descent = descend_speed(velocity, starts[lost])
        zeros = [k for k, minimum in enumerate(descent.minima) if minimum.zero]
    if descent is not None and zeros:
        walk = solve_regions(residual, np.concatenate([starts, descent.states[zeros]]))
    _collect_zeros(walk, len(starts), found)
    if descent is None:
        return found
    labels = {
        k: int(walk.point[len(starts) + row])
        for row, k in enumerate(zeros)
        if walk.outcome[len(starts) + row] == WalkOutcome.ZERO
    }
    for k, minimum in enumerate(descent.minima):
        members = lost[(descent.point == k) & (descent.outcome != DescentOutcome.UNVERIFIED)]
        if k in labels:
            found.reached[members] = labels[k]
            found.reasons[members] = "slid into a fixed point, which the region walk proved"
        elif minimum.verified and not minimum.zero and len(members):
            reason = f"a local minimum of the speed on {int(minimum.kinks.sum())} kinks"
            label = found.add(minimum.state, "slow", np.nan, members, reason)
            text = f"no slower point, so no fixed point, within {minimum.radius:.1e}"
            found.prove(label, np.nan, minimum.radius, text)
    for row in np.flatnonzero(found.reached[lost] < 0):
        found.reasons[lost[row]] = descent.reason(int(row))
    return found


def _collect_zeros(walk: RegionSolution, count: int, found: Found) -> None:
    outcome, point = walk.outcome[:count], walk.point[:count]
    for k, zero in enumerate(walk.zeros):
        members = np.flatnonzero((outcome == WalkOutcome.ZERO) & (point == k))
        label = found.add(zero.state, "fixed", zero.error_bound, members, "reached by region walk")
        if zero.proved:
            text = f"exists within {zero.error_bound:.1e}, alone within {zero.margin:.1e}"
            found.prove(label, zero.error_bound, zero.margin, text)
    for candidate in np.flatnonzero(found.reached < 0):
        found.reasons[candidate] = walk.reason(int(candidate))
