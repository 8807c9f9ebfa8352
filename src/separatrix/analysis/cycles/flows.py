"""Periodic orbits of flows, by multiple shooting."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..._watch import is_over
from ...solvers.endings import Ending
from ...solvers.shooting import MultipleShooting, ShootingResult
from ..orbits import same_orbit
from .followed import PHASES, follow_candidates
from .found import Cycle, CycleSearchResult, Led
from .propagation import Propagator

_STEP = 0.02  # of the integrator that looks for recurrence, in time constants
_SPACING = 5  # of its steps between the states that are looked at
_LOOKED_AT = 4096  # states in which a trajectory has to return
_FOLLOWED = 20.0  # time constants, times 20 or more, for which others are followed
_LOST = (
    "left to infinity, or its motion is faster than the integrator's steps: start nearer to the "
    "cycle, or give the period to try, with length=…"
)
_STIFF = 0.5  # step times |λ| that the integrator allows, which is unstable above 2.8
_FINEST = 1024  # times that its steps may be finer for that
_UNCERTAIN = 1e-6  # part of the period by which finer steps change it, above which they are refined
_SHARPENINGS = 4  # corrections of a period before the orbit is closed
_SHIFTS = 16  # places within a piece where the orbit may be cut
_FARTHEST = 1e100  # from the origin that a trajectory may get: distances are squared
_AT_REST = 1e-6  # size of an orbit, relative to its states, that is a fixed point


def search_flow(
    propagator: Propagator,
    starts: np.ndarray,
    period: float | None,
    method: MultipleShooting,
    found: CycleSearchResult,
    orbit: np.ndarray | None = None,
) -> None:
    """Search from every start, as given (with a period to try) and after the transient.

    `orbit` `(piece, unit)` is a first guess of the whole orbit of a single start.
    """
    attempts = [] if period is None else [starts]
    if method.transient or period is None:
        step = _STEP / _finer(propagator, starts)
        attempts.append(propagator.follow(starts, round(method.transient / step), step))
    for states in attempts:
        if is_over():
            found.reasons[found.reached < 0] = Ending.RUNNING.text
            break
        if period is None:
            states, periods, reasons, led = _recurrence(propagator, states)
            periods = _sharpened(propagator, states, periods, method)
        else:
            periods, reasons = np.full(len(states), period), np.full(len(states), "")
            led = np.full(len(states), Led.UNKNOWN, dtype=object)
        rows = np.flatnonzero(np.isfinite(periods))
        for start in np.flatnonzero(~np.isfinite(periods)):
            found.miss(int(start), str(reasons[start]), Led(led[start]))
        if len(rows):
            whole = orbit[None] if orbit is not None and states is starts else None
            _shoot(propagator, states[rows], periods[rows], method, found, rows, whole)
    if period is None:
        _search_followed(propagator, starts, method, found)


def _search_followed(
    propagator: Propagator, starts: np.ndarray, method: MultipleShooting, found: CycleSearchResult
) -> None:
    """Search for the cycles of those starts whose return was not seen, by following them."""
    open_ = (
        (found.reached < 0) & (found.led == Led.UNKNOWN) & (found.reasons != Ending.RUNNING.text)
    )
    rows = np.flatnonzero(open_ & np.isfinite(starts).all(1))
    for curve, there in follow_candidates(propagator, starts, rows, found, _FOLLOWED):
        first, states = there[:1], curve.path[:1]
        _shoot(propagator, states, np.array([curve.period]), method, found, first, None)
        for start in map(int, there[1:]):
            if found.reached[first[0]] >= 0:
                found.hit(start, int(found.reached[first[0]]), str(found.reasons[first[0]]))
            else:
                found.miss(start, str(found.reasons[first[0]]))


def _recurrence(
    propagator: Propagator, states: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the slowest state of what may be an orbit, and when it comes back; else NaN.

    And for each state a reason, and what it led to.

    Where the motion is slow an error of the period is least of an error of the state.
    """
    spacing = _STEP * _SPACING
    stride = _SPACING * _finer(propagator, states)
    periods, slowest = np.full(len(states), np.nan), states.copy()
    reasons, led = (np.full(len(states), each, dtype=object) for each in (_LOST, Led.UNKNOWN))
    reasons[~np.isfinite(states).all(1)] = "the start, or where it leads, is not finite"
    for k in range(0, len(states), 64):  # bounds the memory of the trajectories
        if is_over():
            reasons[k:] = Ending.RUNNING.text
            break
        part = states[k : k + 64]
        traces = propagator.sample(
            part, np.full(len(part), spacing * _LOOKED_AT), _LOOKED_AT, stride
        )
        for row, trace in enumerate(traces, start=k):
            if not np.abs(trace).max() < _FARTHEST:
                continue
            if np.ptp(trace, axis=0).max() <= _AT_REST * (1 + np.abs(trace).max()):
                reasons[row], led[row] = "came to rest at a fixed point", Led.POINT
                continue
            pace = np.linalg.norm(np.diff(trace, axis=0), axis=1)
            place = int(pace[: len(pace) // 2].argmin())
            back = _first_return(trace[place:], float(pace[place : place + 2].max()))
            reasons[row] = (
                f"did not return within {spacing * _LOOKED_AT:.0f} time constants; of a longer "
                "cycle give the period to try, with length=…"
            )
            if back:
                slowest[row], periods[row] = trace[place], back * spacing
    return slowest, periods, reasons, led


def _first_return(trace: np.ndarray, stride: float) -> float:
    """Return after how many samples the first state is there again, a fraction; 0 if never.

    That is the first sample at which the distance, having been large, has a small minimum. `stride`
    is the distance to the next sample at the start: a return is as slow.
    """
    distance = np.linalg.norm(trace - trace[0], axis=1)
    left = int((distance > 0.5 * distance.max()).argmax())
    near = max(0.1 * distance.max(), 2 * stride)
    middle = distance[1:-1]
    minima = (middle <= distance[:-2]) & (middle < distance[2:]) & (middle < near)
    minima[: max(left - 1, 0)] = False
    if not minima.any():
        return 0.0
    back = int(minima.argmax()) + 1
    along = trace[back + 1] - trace[back - 1]
    square = float(along @ along)
    part = 2 * float((trace[0] - trace[back]) @ along) / square if square > 0 else 0.0
    return back + float(np.clip(part, -1.0, 1.0))


def _sharpened(
    propagator: Propagator, states: np.ndarray, periods: np.ndarray, method: MultipleShooting
) -> np.ndarray:
    """Correct periods by when the states pass nearest to where they began, while that helps.

    Where the motion has fast parts a small error of the period is a large one of the states there.
    """
    periods = periods.copy()
    rows = np.flatnonzero(np.isfinite(periods))
    finer = _finer_on(propagator, states[rows, None], periods[rows], method)
    for factor, part in _groups(finer):
        here, stretch = rows[part], propagator.stretch(factor * method.segments * method.substeps)
        nearest = np.full(len(here), np.inf)
        trial = periods[here]
        for _ in range(_SHARPENINGS):
            ends, _, rates = stretch(states[here], trial)
            missing = states[here] - ends
            distance = np.linalg.norm(missing, axis=1)
            better = distance < nearest
            periods[here] = np.where(better, trial, periods[here])
            nearest = np.where(better, distance, nearest)
            square = np.square(rates).sum(1)
            step = (missing * rates).sum(1) / np.where(square > 0, square, np.inf)
            trial = periods[here] + np.where(better, np.clip(step, -0.1 * trial, 0.1 * trial), 0.0)
    return periods


def _finer(propagator: Propagator, states: np.ndarray) -> int:
    """Return how many times finer steps the fastest motion at some of the states asks for."""
    known = propagator.rates(states[np.isfinite(states).all(1)])
    wanted = _STEP * float(known.max(initial=0.0)) / _STIFF
    return int(np.clip(np.ceil(wanted), 1, _FINEST))


def _shoot(
    propagator: Propagator,
    states: np.ndarray,
    periods: np.ndarray,
    method: MultipleShooting,
    found: CycleSearchResult,
    rows: np.ndarray,
    orbits: np.ndarray | None,
) -> None:
    """Close orbits, those on which the motion is faster with finer steps of the integrator."""
    finer = _finer_on(propagator, states[:, None], periods, method)
    if orbits is None:
        orbits = np.empty((len(states), method.segments, states.shape[1]))
        for factor, part in _groups(finer):
            orbits[part] = _cut(propagator, states[part], periods[part], method, factor)
    finer = np.maximum(finer, _finer_on(propagator, orbits, periods, method))
    for factor, part in _groups(finer):
        steps = replace(method, substeps=factor * method.substeps)
        _close(propagator, orbits[part], periods[part], steps, found, rows[part])


def _cut(
    propagator: Propagator,
    states: np.ndarray,
    periods: np.ndarray,
    method: MultipleShooting,
    factor: int,
) -> np.ndarray:
    """Cut orbits into pieces of equal durations; stiff ones where the motion is slow.

    A state amid a jump moves far with any error of its time, and Newton's method starts astray.
    """
    if factor == 1:
        return propagator.sample(states, periods, method.segments, method.substeps)
    substeps = -(-factor * method.substeps // _SHIFTS)
    dense = propagator.sample(states, periods, _SHIFTS * method.segments, substeps)
    pace = np.linalg.norm(np.roll(dense, -1, axis=1) - np.roll(dense, 1, axis=1), axis=2)
    slowest = pace.reshape(len(states), method.segments, _SHIFTS).max(1).argmin(1)
    cuts = slowest[:, None] + _SHIFTS * np.arange(method.segments)
    return np.take_along_axis(dense, cuts[:, :, None], 1)


def _groups(finer: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    return ((int(factor), np.flatnonzero(finer == factor)) for factor in np.unique(finer))


def _finer_on(
    propagator: Propagator, orbits: np.ndarray, periods: np.ndarray, method: MultipleShooting
) -> np.ndarray:
    """Return, a power of two for each orbit, how many times more steps its fastest motion needs."""
    count, pieces, size = orbits.shape
    rates = propagator.rates(orbits.reshape(-1, size)).reshape(count, pieces).max(1)
    wanted = rates * periods / (method.segments * method.substeps) / _STIFF
    return 2 ** np.ceil(np.log2(np.clip(wanted, 1, _FINEST))).astype(int)


def _close(
    propagator: Propagator,
    orbits: np.ndarray,
    periods: np.ndarray,
    method: MultipleShooting,
    found: CycleSearchResult,
    rows: np.ndarray,
) -> None:
    """Close orbits, reduce them to one turn, refine the integrator, and keep each once."""
    coarse = propagator.stretch(method.substeps)
    shot = method.solve(coarse, orbits, periods)
    rows, shot = _drop(found, rows, shot)
    if not len(rows):
        return
    dense = _dense(propagator, shot, method)
    turns = np.array([_turns(orbit) for orbit in dense])
    # the first turn, cut anew: one turn of an orbit that went round several times
    first = propagator.sample(
        shot.orbits[:, 0], shot.periods / turns, method.segments, method.substeps
    )
    first = np.where((turns == 1)[:, None, None], shot.orbits, first)
    once = method.solve(coarse, first, shot.periods / turns)
    final, change = _refined(propagator, once, method)
    kept, final = _drop(found, rows, final)
    change, turns = change[np.isin(rows, kept)], turns[np.isin(rows, kept)]
    if len(kept):
        dense = _dense(propagator, final, method)
        for k, start in enumerate(kept):
            _keep(found, int(start), final, k, dense[k], float(change[k]), int(turns[k]))


def _refined(
    propagator: Propagator, once: ShootingResult, method: MultipleShooting
) -> tuple[ShootingResult, np.ndarray]:
    """Halve the steps; and quarter them while that changes the period much, as often as allowed.

    The last change of each period is returned, too.
    """
    substeps = 2 * method.substeps
    final = method.solve(propagator.stretch(substeps), once.orbits, once.periods)
    change = np.abs(final.periods - once.periods)
    both = (once.endings == Ending.ZERO) & (final.endings == Ending.ZERO)
    open_ = Ending.RUNNING if is_over() else Ending.ORBIT_STALLED
    final = replace(final, endings=np.where(both, final.endings, open_))
    for _ in range(method.refinements):
        rows = np.flatnonzero(both & (change > _UNCERTAIN * np.abs(final.periods)))
        if not len(rows):
            break
        substeps *= 4
        finer = propagator.stretch(substeps)
        closer = method.solve(finer, final.orbits[rows], final.periods[rows])
        better = closer.endings == Ending.ZERO
        both[rows[~better]] = False  # it stays what it was
        rows = rows[better]
        change[rows] = np.abs(closer.periods[better] - final.periods[rows])
        final = final.put(rows, closer, better)
    return final, change


def _drop(
    found: CycleSearchResult, rows: np.ndarray, shot: ShootingResult
) -> tuple[np.ndarray, ShootingResult]:
    """Leave out what did not close, and what closed by shrinking to a fixed point."""
    closed = shot.endings == Ending.ZERO
    swing = np.ptp(shot.orbits, axis=1).max(1)
    at_rest = swing <= _AT_REST * (1 + np.abs(shot.orbits).max((1, 2)))
    forward = shot.periods > 0
    for k, start in enumerate(rows):
        if not closed[k]:
            found.miss(int(start), Ending(shot.endings[k]).text)
        elif at_rest[k] or not forward[k]:
            found.miss(int(start), "shrank to a fixed point", Led.POINT)
    good = closed & ~at_rest & forward
    return rows[good], shot.select(good)


def _dense(propagator: Propagator, shot: ShootingResult, method: MultipleShooting) -> np.ndarray:
    """Return equally spaced states of each orbit, every piece from its own start.

    Small errors of an unstable orbit cannot grow over a whole turn then. Their number is the
    multiple of the pieces next above `PHASES`.
    """
    count, pieces, size = shot.orbits.shape
    each = -(-PHASES // pieces)
    durations = np.repeat(shot.periods / pieces, pieces)
    substeps = max(2 * method.substeps // each, 4)
    dense = propagator.sample(shot.orbits.reshape(-1, size), durations, each, substeps)
    return dense.reshape(count, pieces * each, size)


def _turns(orbit: np.ndarray) -> int:
    """Return how many times a closed orbit `(phase, unit)` goes round."""
    size = np.ptp(orbit, axis=0).max()
    for turns in range(len(orbit) // 4, 1, -1):
        if len(orbit) % turns == 0:
            apart = np.roll(orbit, -(len(orbit) // turns), axis=0) - orbit
            if np.abs(apart).max() <= 1e-4 * size:
                return turns
    return 1


def _keep(
    found: CycleSearchResult,
    start: int,
    shot: ShootingResult,
    k: int,
    orbit: np.ndarray,
    change: float,
    turns: int,
) -> None:
    period, error = float(shot.periods[k]), float(shot.errors[k])
    known = next(
        (
            i
            for i, other in enumerate(found.cycles)
            if abs(other.period - period) <= 1e-5 * period and same_orbit(orbit, other.orbit)
        ),
        None,
    )
    if known is None:
        known = len(found.cycles)
        multipliers = np.linalg.eigvals(shot.monodromy[k]).astype(complex)
        found.cycles.append(Cycle(orbit, period, error, multipliers, change))
    found.hit(start, known, "closed" if turns == 1 else f"closed {turns} times over")
