"""Cycles of maps, by multiple shooting."""

import numpy as np

from ..._watch import is_over
from ...solvers.endings import Ending
from ...solvers.shooting import MultipleShooting, ShootingResult
from ..following.end import What
from ..following.turns import going_round
from ..orbits import minimal_length, same_cycle
from .exhaustive import add_missing
from .followed import add_circle, follow_candidates
from .found import CIRCLE, Cycle, CycleSearchResult
from .propagation import Propagator

_ROUNDS, _FEW = 4, 64
"""Turns of an invariant circle, or steps, after which, at the most, its path nearly closes."""


def search_map(
    propagator: Propagator,
    starts: np.ndarray,
    lengths: tuple[int, ...],
    method: MultipleShooting,
    found: CycleSearchResult,
) -> None:
    """Search for cycles of every length from every start, as given and after the transient."""
    attempts = [starts]
    if method.transient:
        attempts.append(propagator.moved(starts, method.transient))
    for length in lengths:
        for states in attempts:
            if is_over():
                found.reasons[found.reached < 0] = Ending.RUNNING.text
                break
            each = [np.array([row]) for row in range(len(states))]
            _collect(found, each, lengths, _solve(propagator, states, length, method))
    found.complete_lengths = add_missing(propagator, found, lengths)
    measure(propagator, found)


def search_followed_map(
    propagator: Propagator,
    starts: np.ndarray,
    method: MultipleShooting,
    found: CycleSearchResult,
) -> None:
    """Search for the cycles that starts come to when they are followed, from those cycles."""
    lengths: set[int] = set()
    for curve, there in follow_candidates(propagator, starts, found):
        if not curve.steps:
            add_circle(propagator, found, curve, there)
            continue
        if is_over():
            for row in there:
                found.miss(int(row), Ending.RUNNING.text)
            continue
        lengths.add(curve.steps)
        solved = _solve(propagator, curve.path[:1], curve.steps, method)
        _collect(found, [there], (curve.steps,), solved)
    if lengths:
        found.complete_lengths = add_missing(propagator, found, tuple(sorted(lengths)))
    measure(propagator, found)


def _solve(
    propagator: Propagator, states: np.ndarray, length: int, method: MultipleShooting
) -> ShootingResult:
    """Solve for a cycle of a length from each of some states."""
    orbits = propagator.sample(states, np.ones(len(states)), length, 1)
    return method.solve(propagator.step, orbits, None)


def _collect(
    found: CycleSearchResult,
    rows: list[np.ndarray],
    lengths: tuple[int, ...],
    solved: ShootingResult,
) -> None:
    """Keep each cycle once, with its minimal length; starts belong to a row of the solution."""
    for row, starts in enumerate(rows):
        for start in map(int, starts):
            _keep(found, start, row, lengths, solved)


def _keep(
    found: CycleSearchResult,
    start: int,
    row: int,
    lengths: tuple[int, ...],
    solved: ShootingResult,
) -> None:
    if solved.endings[row] != Ending.ZERO:
        found.miss(start, Ending(solved.endings[row]).text)
        return
    orbit, error = solved.orbits[row], float(solved.errors[row])
    whole, part = len(orbit), minimal_length(orbit, error)
    if part == 1 and 1 not in lengths:
        found.miss(start, "led to a fixed point", What.POINT)
        return
    cycle = Cycle(orbit[:part], float(part), error)
    known = _known(found, cycle)
    if known is None:
        known = len(found.cycles)
        found.cycles.append(cycle)
    goes = "closed" if part == whole else f"closed {whole // part} times over"
    found.hit(start, known, f"{goes}: a cycle of {part} steps")


def _known(found: CycleSearchResult, cycle: Cycle) -> int | None:
    """Return which cycle this one is, keeping the better copy of the two."""
    for k, other in enumerate(found.cycles):
        if same_cycle(cycle.orbit, other.orbit, max(cycle.error, other.error)):
            if cycle.error < other.error:
                other.orbit, other.error, other.exact = cycle.orbit, cycle.error, cycle.exact
            return k
    return None


def measure(propagator: Propagator, found: CycleSearchResult) -> None:
    """Work out the multipliers of cycles of a map, and how often each goes round."""
    for cycle in found.cycles:
        if cycle.kind == CIRCLE:
            cycle.multipliers = _multipliers_of_circle(propagator, cycle)
            continue
        cycle.multipliers = _multipliers(propagator, cycle.orbit)
        cycle.once = going_round(np.append(cycle.orbit, cycle.orbit[:1], axis=0))
        found.turn[sorted(cycle.starts)] = cycle.once * propagator.system.time_unit
        if np.isfinite(cycle.once):
            cycle.kind = f"locked {cycle.period / cycle.once:.0f}/{len(cycle.orbit)}"


def _multipliers_of_circle(propagator: Propagator, circle: Cycle) -> np.ndarray:
    """Return the moduli of a circle's multipliers once round, from a path that nearly closes."""
    steps = np.arange(1, int(max(_FEW, _ROUNDS * circle.period)) + 2)
    turns = np.maximum(1, np.round(steps / circle.period))
    nearest = int(np.abs(steps / circle.period - turns).argmin())
    path = propagator.sample(circle.orbit[:1], np.ones(1), int(steps[nearest]), 1)[0]
    return np.abs(_multipliers(propagator, path)).astype(complex) ** (1 / turns[nearest])


def _multipliers(propagator: Propagator, orbit: np.ndarray) -> np.ndarray:
    slopes = propagator.step(orbit, np.ones(len(orbit)))[1]
    M = np.eye(orbit.shape[1])
    for J in slopes:
        M = J @ M
    return np.linalg.eigvals(M).astype(complex)
