"""Periodic orbits of flows, by multiple shooting."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..._watch import is_over
from ...solvers.endings import Ending
from ...solvers.shooting import MultipleShooting, ShootingResult
from ..following.end import What
from ..following.turns import Turn
from ..orbits import same_orbit
from .followed import PHASES, follow_candidates
from .found import Cycle, CycleSearchResult
from .propagation import Propagator

_FOLLOWED = (20.0, 200.0)  # time constants, times 20 or more, for which candidates are followed
_STIFF = 0.5  # step times |λ| that the integrator allows, which is unstable above 2.8
_FINEST = 1024  # times that its steps may be finer for that
_UNCERTAIN = 1e-6  # part of the period by which finer steps change it, above which they are refined
_SHIFTS = 16  # places within a piece where the orbit may be cut
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
    if period is None:
        _search_followed(propagator, starts, method, found)
        return
    attempts = [starts]
    if method.transient:
        attempts.append(propagator.moved(starts, method.transient))
    rows, periods = np.arange(len(starts)), np.full(len(starts), period)
    for states in attempts:
        if is_over():
            found.reasons[found.reached < 0] = Ending.RUNNING.text
            break
        if len(rows):
            whole = orbit[None] if orbit is not None and states is starts else None
            _shoot(propagator, states, periods, method, found, rows, whole)


def _search_followed(
    propagator: Propagator, starts: np.ndarray, method: MultipleShooting, found: CycleSearchResult
) -> None:
    """Search for the cycles that starts come to when they are followed, from those cycles."""
    for curve, there in follow_candidates(propagator, starts, found, _FOLLOWED):
        state, period = _place_on(propagator, curve, method), np.array([curve.period])
        _shoot(propagator, state, period, method, found, there[:1], None)
        for start in map(int, there[1:]):
            if found.reached[there[0]] >= 0:
                found.hit(start, int(found.reached[there[0]]), str(found.reasons[there[0]]))
            else:
                found.miss(start, str(found.reasons[there[0]]))


def _place_on(propagator: Propagator, curve: Turn, method: MultipleShooting) -> np.ndarray:
    """Return the last state, which is nearest to the cycle; of a stiff one, the slowest.

    Where the motion is slow an error of the period is least of an error of the state.
    """
    path, place = curve.path, -2
    if _finer_on(propagator, path[None], np.array([curve.period]), method)[0] > 1:
        velocities = propagator.step(path, np.ones(len(path)))[0]
        place = int(np.linalg.norm(velocities, axis=1).argmin())
    return path[[place]]


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
            found.miss(int(start), "shrank to a fixed point", What.POINT)
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
