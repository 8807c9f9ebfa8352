"""Fixed and slow points of piecewise-linear systems, exactly."""

import numpy as np
from jaxtyping import Float

from ...solvers.piecewise_linear import (
    DescentOutcome,
    PiecewiseLinear,
    RegionSolution,
    SlowSolution,
    WalkOutcome,
    Zero,
    descend_speed,
    evaluation_error,
    same_zero,
    solve_regions,
)
from ...solvers.zero_test import ZeroTest
from .continua import join, name_continuum
from .evaluator import Evaluator
from .found import Found


def search_piecewise(
    residual: PiecewiseLinear,
    velocity: PiecewiseLinear,
    starts: Float[np.ndarray, "candidate unit"],
    slow_points: bool,
) -> Found:
    """Walk from region to region to the zeros; what finds none slides to a minimum of the speed.

    `residual` is what is solved, `velocity` the change of the true map or flow, whose norm is the
    speed. Minima that are zeros are given to the walk once more, which solves their regions.

    Nothing is proved here: the pieces were read from the function with rounded coefficients, so
    what holds for them need not hold for the function. Its own enclosures decide (`certify`).
    """
    found = Found.empty(*starts.shape)
    walk = solve_regions(residual, starts)
    _collect_walk(walk, found)
    _collect_continua(residual, walk, found)
    if not slow_points:
        return found
    # Newton's method found nothing from those that were led downhill: slow points may be nearer.
    lost = np.flatnonzero(((walk.point < 0) | walk.downhill) & np.isfinite(starts).all(1))
    descent = descend_speed(velocity, starts[lost])
    labels = _solve_minima(residual, descent, walk.zeros, found)
    for k, minimum in enumerate(descent.minima):
        members = lost[(descent.point == k) & (descent.outcome != DescentOutcome.UNVERIFIED)]
        if k in labels:
            found.reached[members] = labels[k]
            found.reasons[members] = "slid into a fixed point, to which the region walk leads"
        elif minimum.verified and not minimum.zero and len(members):
            reason = f"a local minimum of the speed on {int(minimum.kinks.sum())} kinks"
            found.add(minimum.state, "slow", np.nan, members, reason)
    for row in np.flatnonzero(found.reached[lost] < 0):
        found.reasons[lost[row]] = descent.reason(int(row))
    return found


def is_as_read(
    residual: PiecewiseLinear, evaluator: Evaluator, zero_test: ZeroTest, found: Found
) -> bool:
    """Tell whether the function, at all points found, is what was read of it, but for rounding.

    Its own enclosures cannot tell: where it jumps they hold either side.
    """
    states = found.stacked(list(range(len(found.states))))
    fixed = np.array([kind == "fixed" for kind in found.kinds], bool)
    expected = np.where(fixed[:, None], 0.0, residual(states))
    for rows in evaluator.chunks(len(states)):
        if evaluator.is_large:
            residuals, jacobians = evaluator.residual(states[rows]), None
        else:
            residuals, jacobians = evaluator.residual_and_jacobian(states[rows])
        rounding = np.array([evaluation_error(residual, x).max() for x in states[rows]])
        level = np.maximum(zero_test.estimated_level(states[rows], jacobians), rounding)
        if not (np.abs(residuals - expected[rows]).max(1) <= level).all():
            return False
    return True


def _collect_walk(walk: RegionSolution, found: Found) -> None:
    """Add the zeros of the walk, in their order, and say how every candidate fared."""
    for k, zero in enumerate(walk.zeros):
        members = np.flatnonzero((walk.outcome == WalkOutcome.ZERO) & (walk.point == k))
        _add_zero(zero, members, "reached by region walk", found)
    for candidate in np.flatnonzero(found.reached < 0):
        found.reasons[candidate] = walk.reason(int(candidate))


def _collect_continua(residual: PiecewiseLinear, walk: RegionSolution, found: Found) -> None:
    """Add one point for each continuum of zeros, which may go on through several regions."""
    reached = np.unique(walk.point[walk.outcome == WalkOutcome.CONTINUUM])
    if not len(reached):
        return
    states = np.array([walk.continua[k].state for k in reached])

    def onto_continua(middles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        again = solve_regions(residual, middles)
        on_one = again.outcome == WalkOutcome.CONTINUUM
        zeros = middles.copy()
        for row in np.flatnonzero(on_one):
            continuum = again.continua[again.point[row]]
            along = continuum.directions @ continuum.directions.T
            zeros[row] = continuum.state + along @ (middles[row] - continuum.state)
        return zeros, on_one

    numbers = join(states, onto_continua)
    for number in range(numbers.max() + 1):
        parts = reached[numbers == number]
        members = np.isin(walk.point, parts) & (walk.outcome == WalkOutcome.CONTINUUM)
        first = walk.continua[parts[0]]
        text = name_continuum(first.singular_values)
        found.refuse(found.add(first.state, "fixed", np.inf, np.flatnonzero(members), text), text)


def _add_zero(zero: Zero, members: np.ndarray, reason: str, found: Found) -> int:
    return found.add(zero.state, "fixed", zero.rounding, members, reason)


def _solve_minima(
    residual: PiecewiseLinear, descent: SlowSolution, zeros: tuple[Zero, ...], found: Found
) -> dict[int, int]:
    """Walk from the minima that are zeros: minimum -> label of a fixed point, known or new."""
    minima = [k for k, minimum in enumerate(descent.minima) if minimum.zero]
    if not minima:
        return {}
    again = solve_regions(residual, descent.states[minima])
    labels = []
    for zero in again.zeros:
        known = next((k for k, one in enumerate(zeros) if _is_one_point(one, zero)), None)
        if known is None:
            known = _add_zero(zero, np.zeros(0, int), "reached by region walk", found)
        labels.append(known)
    return {
        k: labels[again.point[row]]
        for row, k in enumerate(minima)
        if again.outcome[row] == WalkOutcome.ZERO
    }


def _is_one_point(one: Zero, other: Zero) -> bool:
    """Tell whether two zeros are one: a region has one at most, regions may share a boundary."""
    return np.array_equal(one.pattern, other.pattern) or same_zero(one, other)
