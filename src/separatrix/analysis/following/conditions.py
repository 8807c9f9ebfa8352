"""The conditions that end a state, in the order of the page docs/reference/verdict.md.

Each is a function of the batch, of the rows that have no end yet, and of whether this is the last
look. It notes the ends of those for which it is true. Where two are true of a state at once, the
first one of the table counts.
"""

from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum

import numpy as np
import scipy
from jaxtyping import Int

from ..._parallel import give_memory_back
from ..._watch import is_over
from ..fixed_points.evaluator import DENSE
from ..orbits import minimal_length
from .approach import approaches
from .batch import Batch
from .bounded import growth_time, is_bounded
from .closing import solved_cycle
from .end import What
from .rest import ends_of_rest, rest_at_known
from .thresholds import AT
from .turns import Open, Turn, curve_of_flow, cycle_of_steps, invariant_circle

Rows = Int[np.ndarray, " row"]
_PLACES_OF_TURN = 32  # that have to lie on a curve


class When(IntEnum):
    """When a condition is looked at: after each block of steps, now and then, or at the last."""

    EACH_BLOCK = 0
    NOW_AND_THEN = 1
    LAST = 2


def captured(batch: Batch, rows: Rows, final: bool) -> None:
    """Note which states have come within the reach of a stable point, and come nearer."""
    pool = batch.pool
    stable = np.flatnonzero(pool.is_stable & (pool.reach > 0))
    if not len(stable):
        return
    now, then = batch.moving.states[rows], batch.before.states[rows]
    away = scipy.spatial.distance.cdist(now, pool.states[stable])
    nearest = stable[np.nan_to_num(away, nan=np.inf).argmin(1)]
    away = np.linalg.norm(now - pool.states[nearest], axis=1)
    nearer = away <= np.linalg.norm(then - pool.states[nearest], axis=1) + batch.floor(rows)
    there = nearer & (away <= pool.reach[nearest])
    batch.end(rows[there], What.POINT, nearest[there])
    for k in () if batch.is_quick else np.flatnonzero(there):  # at rest, steps become long
        times, places = batch.history.places(int(rows[k]))
        came = np.linalg.norm(places - pool.states[nearest[k]], axis=1) <= pool.reach[nearest[k]]
        if came.any():  # not every step is a place
            batch.found.times[batch.alive[rows[k]]] = times[came.argmax()]


def approaching(batch: Batch, rows: Rows, final: bool) -> None:
    """Note which states come to a stable point as its slowest mode says."""
    batch.search(rows if final else rows[batch.history.slowed(rows)], final)
    _approach(batch, final)
    left = batch.open()
    if final and 0 < len(left) < len(rows):  # they may end at as many points
        approaching(batch, left, final)


def _approach(batch: Batch, final: bool) -> None:
    rows, pool, states = batch.open(), batch.pool, batch.moving.states
    stable = np.flatnonzero(pool.is_stable & ~np.isnan(pool.rate) & (final | (pool.reach == 0)))
    if not len(stable):
        return
    every = scipy.spatial.distance.cdist(states, pool.states)
    nearest = stable[every[:, stable].argmin(1)]
    every[np.arange(len(every)), nearest] = np.inf
    clearly = AT.clearly * every.min(1)
    times, away, parts = batch.history.distances(pool.states[nearest], pool.left[nearest])
    for k, floor in zip(rows, batch.floor(rows), strict=True):
        mode = float(pool.rate[nearest[k]]), float(pool.turn[nearest[k]])
        if away[-1, k] <= min(floor, clearly[k]) or any(
            approaches(times[:, k], away[:, k], measure[:, k], *mode, final)
            for measure in (away, parts)
        ):
            batch.end(k, What.POINT, nearest[k])


def resting(batch: Batch, rows: Rows, final: bool) -> None:
    """Note which states have stopped: at an unstable point, a continuum, on a kink."""
    block = batch.history.last_states()
    for before in (block[:1], block):  # most have moved since the first step of the block
        away = np.linalg.norm(before[:, rows] - block[-1, rows], axis=2).max(0)
        rows = rows[away <= batch.floor(rows)]
    if not len(rows):
        return
    batch.search(rows, final)
    _approach(batch, final)
    rows = np.intersect1d(rows, batch.open())
    states, floor = batch.moving.states[rows], batch.floor(rows)
    what, which, batch.pool = ends_of_rest(batch.motion, states, batch.pool, floor, batch.scale)
    stays = (what != What.UNSTABLE) | final | batch.is_past().all()  # else it may leave within 2 T
    batch.end(rows[stays], what[stays], which[stays])


def resting_quickly(batch: Batch, rows: Rows, final: bool) -> None:
    """Note which states have stopped, at a point that is known or elsewhere, or on a cycle."""
    away = np.linalg.norm(batch.moving.states[rows] - batch.before.states[rows], axis=1)
    rows = rows[away <= batch.floor(rows)]
    states, floor = batch.moving.states[rows], batch.floor(rows)
    what, which = rest_at_known(states, batch.pool, floor)
    what[what == What.UNKNOWN] = What.UNSTABLE  # or not: in any case it is not one of these
    if batch.motion.is_map:
        moves = np.linalg.norm(batch.motion.velocities(states), axis=1) > 16 * floor
        what[moves], which[moves] = What.CURVE, -1
    batch.end(rows, what, which)


def turning(batch: Batch, rows: Rows, final: bool) -> None:
    """Note which states go round a closed curve: one that is known, or one of their own."""
    few = rows if final else rows[:: max(1, len(rows) // AT.first_tried)][: AT.first_tried]
    for some in (few, rows):
        for k in map(int, np.intersect1d(some, batch.open())):
            if is_over():
                return
            curve = None if _join(batch, k) else _curve(batch, k)
            if isinstance(curve, Turn):
                _on_curve(batch, k, curve)
            batch.may_close[batch.alive[k]] = curve is Open.NOT_YET
        if len(batch.open()) == len(rows):
            return


def _curve(batch: Batch, k: int) -> Turn | Open:
    """Return the closed curve that the last steps of a state tell."""
    times, path = batch.history.recent(k)
    floor = AT.tells * float(batch.floor(np.array([k]))[0])
    if not np.isfinite(path).all() or np.ptp(path, axis=0).max() <= floor:
        return Open.NO
    if batch.motion.is_map:
        return _solved(batch, cycle_of_steps(path, 1e-15 * float(np.abs(path).max())), path)
    return curve_of_flow(times, path, batch.motion.velocities(path), floor)


def _solved(batch: Batch, curve: Turn | Open, path: np.ndarray) -> Turn | Open:
    """Return a cycle of a map as Newton's method finds it, where it does not close already."""
    if not isinstance(curve, Turn) or (curve.is_told and curve.miss <= AT.rounding):
        return curve
    if batch.system.size > DENSE:
        return curve if curve.is_told else Open.NOT_YET
    if not curve.is_told and (
        batch.futile >= AT.first_tried or invariant_circle(path) is not Open.NO
    ):
        return Open.NO
    states = solved_cycle(batch.motion, curve.path[:-1], curve.diameter)
    batch.futile += states is None
    steps = 0 if states is None else minimal_length(states, AT.rounding * batch.size)
    if states is None or steps < 2:
        return Open.NO
    around = np.append(states[:steps], states[:1], axis=0)
    turn = curve.turn if steps == curve.steps else float("nan")
    solved = replace(
        curve, period=float(steps), steps=steps, turn=turn, path=around, miss=0.0, is_told=True
    )
    return solved if curve.is_told or solved.carries(curve.path) else Open.NOT_YET


def _on_curve(batch: Batch, k: int, curve: Turn) -> None:
    known = (place for place, other in enumerate(batch.curves) if other.is_same(curve))
    place = next(known, len(batch.curves))
    if place == len(batch.curves):
        batch.curves.append(curve)
    elif batch.curves[place].steps and not curve.steps:
        batch.curves[place] = replace(batch.curves[place], circle=curve)
    batch.end(k, What.CURVE, place)


def _join(batch: Batch, k: int) -> bool:
    """Note whether a state has come to a curve that is known, over the last turn of it."""
    for place, curve in enumerate(batch.curves):
        since = float(batch.moving.times[k]) - AT.whole_turn * curve.period
        times, path = batch.history.recent(k, since)
        turn = path[times >= since]
        if curve.carries(turn[:: max(1, len(turn) // _PLACES_OF_TURN)]):
            batch.end(k, What.CURVE, place)
            return True
    return False


def circling(batch: Batch, rows: Rows, final: bool) -> None:
    """Note which states of a map go round an invariant circle.

    If turns of some are too few, or miss by little, these are run on by themselves.
    """
    late = [
        k
        for k in map(int, rows[~batch.may_close[batch.alive[rows]]])
        if batch.motion.is_map
        and not is_over()
        and _goes_round(batch, k, batch.history.recent(k)[1])
    ][: AT.run_on]
    if not late:
        return
    moving = batch.moving.take(np.array(late))
    paths = np.stack([batch.history.recent(k)[1] for k in late], 1)[-AT.longest :]
    while len(paths) < AT.longest and not is_over():
        more = min(len(paths), AT.longest - len(paths))
        moving, block = batch.motion.advance(moving, more, np.inf)
        paths = np.concatenate([paths, block.states[1:]])
        waits = [_goes_round(batch, k, paths[:, j]) for j, k in enumerate(late)]
        if not any(waits):
            return


def _goes_round(batch: Batch, k: int, path: np.ndarray) -> bool:
    """Note whether a state goes round an invariant circle; return if more steps may tell."""
    is_known = _join(batch, k) or not np.isfinite(path).all()
    circle = Open.NO if is_known else invariant_circle(path)
    if isinstance(circle, Turn):
        _on_curve(batch, k, circle)
    return circle is Open.NOT_YET


def staying(batch: Batch, rows: Rows, final: bool) -> None:
    """Note which states come to a curve slowly, and which of the rest stay in bounds or grow."""
    for k in map(int, rows):
        if is_over() or _join(batch, k) or batch.may_close[batch.alive[k]]:
            continue
        times, places = batch.history.places(k, 0.5)
        if is_bounded(times, places, batch.pool):
            batch.end(k, What.BOUNDED)
        else:
            batch.found.grows[batch.alive[k]] = growth_time(times, places, batch.pool)


def escaping(batch: Batch, rows: Rows, final: bool) -> None:
    """Note which states have left for infinity, or where the system is not finite."""
    with np.errstate(all="ignore"):
        size = np.abs(batch.moving.states[rows]).max(1, initial=0.0)
    gone = ~(size <= batch.infinite)
    for k in np.flatnonzero(batch.moving.is_stuck[rows] & ~gone):
        before = np.abs(batch.history.places(int(rows[k]))[1]).max(1)
        gone[k] = (
            size[k] > AT.stuck_grown * before[0] and size[k] >= AT.stuck_largest * before.max()
        )
    batch.end(rows[gone], What.INFINITY)


Table = tuple[tuple[Callable[[Batch, Rows, bool], None], When], ...]
CONDITIONS: Table = (
    (captured, When.EACH_BLOCK),
    (approaching, When.NOW_AND_THEN),
    (resting, When.NOW_AND_THEN),
    (turning, When.NOW_AND_THEN),
    (circling, When.LAST),
    (staying, When.LAST),
    (escaping, When.EACH_BLOCK),
)
QUICK: Table = (
    (captured, When.EACH_BLOCK),
    (resting_quickly, When.EACH_BLOCK),
    (escaping, When.EACH_BLOCK),
)


def note_ends(batch: Batch, when: When) -> None:
    """Note the ends of states, by all conditions that are looked at now."""
    if when > When.EACH_BLOCK:
        give_memory_back()
    for condition, soonest in QUICK if batch.is_quick else CONDITIONS:
        rows = batch.open()
        if soonest <= when and len(rows):
            condition(batch, rows, when == When.LAST)
