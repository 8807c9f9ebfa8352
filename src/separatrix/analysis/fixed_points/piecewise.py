"""Fixed and slow points of piecewise-linear systems, exactly."""

import numpy as np
from jaxtyping import Float

from ..._watch import unlimited
from ...solvers.endings import Ending
from ...solvers.piecewise_linear import (
    PiecewiseLinear,
    RegionSolution,
    SlowSolution,
    Zero,
    descend_speed,
    evaluation_error,
    same_zero,
    solve_regions,
)
from ...solvers.zero_test import ZeroTest
from ..point_table import Evidence, PointTable, ends_of
from .continua import join
from .evaluator import Evaluator

_MOST_SLOW_POINTS = 1000  # the slowest are kept


def search_piecewise(
    residual: PiecewiseLinear,
    velocity: PiecewiseLinear,
    starts: Float[np.ndarray, "candidate unit"],
    slow_points: bool,
) -> PointTable:
    """Walk from region to region to the zeros; what finds none slides to a minimum of the speed.

    `residual` is what is solved, `velocity` the change of the true map or flow, whose norm is the
    speed. Minima that are zeros are given to the walk once more, which solves their regions.

    Nothing is proved here: the pieces were read from the function with rounded coefficients, so
    what holds for them need not hold for the function. Its own enclosures decide (`certify`).
    """
    walk = solve_regions(residual, starts)
    table = _with_walk(PointTable.empty(*starts.shape), walk)
    table = _with_continua(table, residual, walk)
    if not slow_points:
        return table
    # Newton's method found nothing from those that were led downhill: slow points may be nearer.
    lost = np.flatnonzero(((walk.point < 0) | walk.downhill) & np.isfinite(starts).all(1))
    descent = descend_speed(velocity, starts[lost])
    table, points = _with_minima(table, residual, walk, descent)
    point = np.append(points, -1)[descent.point]
    point[descent.outcome == Ending.SLIDE_UNVERIFIED] = -1
    there = point >= 0
    slow = np.append(~table.fixed, False)[point]
    table = table.with_values(
        lost[there],
        reached=point[there],
        outcomes=np.where(slow, Ending.SPEED_MINIMUM_ON_KINKS, Ending.SLID_TO_ZERO)[there],
        numbers=np.where(slow, descent.numbers, 0)[there],
    )
    nowhere = table.reached[lost] < 0
    left_out = descent.outcome == Ending.SPEED_MINIMUM_ON_KINKS
    return table.with_values(
        lost[nowhere],
        outcomes=np.where(left_out, Ending.SLOWER_ARE_KEPT, descent.outcome)[nowhere],
        numbers=np.where(left_out, _MOST_SLOW_POINTS, descent.numbers)[nowhere],
    )


def is_as_read(
    residual: PiecewiseLinear, evaluator: Evaluator, zero_test: ZeroTest, table: PointTable
) -> bool:
    """Return whether the function is, at all points found, as it was read, but for rounding.

    Its own enclosures cannot tell: where it jumps they hold either side.
    """
    states = table.states
    expected = np.where(table.fixed[:, None], 0.0, residual(states))
    for rows in evaluator.chunks(len(states)):
        if evaluator.is_large:
            residuals, jacobians = evaluator.residual(states[rows]), None
        else:
            residuals, jacobians = evaluator.residual_and_jacobian(states[rows])
        rounding = evaluation_error(residual, states[rows]).max(1)
        level = np.maximum(zero_test.estimated_level(states[rows], jacobians), rounding)
        if not (np.abs(residuals - expected[rows]).max(1) <= level).all():
            return False
    return True


def _with_walk(table: PointTable, walk: RegionSolution) -> PointTable:
    """Return a table with the zeros of the walk, in their order, and how every candidate fared."""
    at_zero = walk.outcome == Ending.WALK_ZERO
    return _with_zeros(table, walk.zeros).with_values(
        np.arange(len(walk.outcome)),
        reached=np.where(at_zero, walk.point, -1),
        outcomes=walk.outcome,
        numbers=np.where(at_zero, 0, walk.numbers),
    )


def _with_zeros(table: PointTable, zeros: tuple[Zero, ...]) -> PointTable:
    states = np.array([zero.state for zero in zeros]).reshape(len(zeros), table.states.shape[1])
    return table.with_points(states, True, np.array([zero.rounding for zero in zeros], float))


def _with_continua(
    table: PointTable, residual: PiecewiseLinear, walk: RegionSolution
) -> PointTable:
    """Return a table with a point for each continuum of zeros, which may lie in several regions."""
    reached = np.unique(walk.point[walk.outcome == Ending.WALK_CONTINUUM])
    if not len(reached):
        return table
    states = np.array([walk.continua[k].state for k in reached])

    def onto_continua(middles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with unlimited():
            again = solve_regions(residual, middles)
        on_one = again.outcome == Ending.WALK_CONTINUUM
        zeros = middles.copy()
        for row in np.flatnonzero(on_one):
            continuum = again.continua[again.point[row]]
            along = continuum.directions @ continuum.directions.T
            zeros[row] = continuum.state + along @ (middles[row] - continuum.state)
        return zeros, on_one

    numbers = join(states, onto_continua)
    first = [walk.continua[k] for k in reached[np.unique(numbers, return_index=True)[1]]]
    members = np.flatnonzero(walk.outcome == Ending.WALK_CONTINUUM)
    label = len(table) + numbers[np.searchsorted(reached, walk.point[members])]
    table = table.with_points(
        np.array([continuum.state for continuum in first]),
        True,
        np.inf,
        evidence=np.full(len(first), Evidence.CONTINUUM),
        singular_values=np.concatenate([ends_of(c.singular_values[None]) for c in first]),
    )
    return table.with_values(members, reached=label)


def _with_minima(
    table: PointTable, residual: PiecewiseLinear, walk: RegionSolution, descent: SlowSolution
) -> tuple[PointTable, np.ndarray]:
    """Return a table with slow points, and the point for each minimum of the speed, −1 for none.

    From minima that are zeros it is walked to fixed points, known or new.
    """
    points = np.full(len(descent.minima), -1)
    minima = [k for k, minimum in enumerate(descent.minima) if minimum.zero]
    if minima:
        with unlimited():
            again, label_of = solve_regions(residual, descent.states[minima]), []
        for zero in again.zeros:
            known = (
                k for k, one in enumerate(walk.zeros)  # of the same region, or equal to rounding
                if np.array_equal(one.pattern, zero.pattern) or same_zero(one, zero)
            )  # fmt: skip
            label_of.append(next(known, len(table)))
            table = table if label_of[-1] < len(table) else _with_zeros(table, (zero,))
        at_zero = again.outcome == Ending.WALK_ZERO
        points[minima] = np.array([*label_of, -1])[np.where(at_zero, again.point, -1)]
    reached = set(descent.point[descent.outcome != Ending.SLIDE_UNVERIFIED].tolist())
    slow = [
        k for k, minimum in enumerate(descent.minima)
        if minimum.verified and not minimum.zero and k in reached
    ][:_MOST_SLOW_POINTS]  # fmt: skip
    points[slow] = len(table) + np.arange(len(slow))
    return table.with_points(descent.states[slow], False), points
