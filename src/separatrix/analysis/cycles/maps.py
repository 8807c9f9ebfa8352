"""Cycles of maps, smooth ones by shooting and piecewise-linear ones exactly."""

import numpy as np

from ...solvers.cycle_walk import CycleWalk, Walked
from ...solvers.iterate import Ending
from ...solvers.piecewise_linear import PiecewiseLinear
from ...solvers.shooting import MultipleShooting, Shot
from .exhaustive import add_missing
from .found import LATE, SHOT, WALKED, Cycle, Found
from .merging import minimal_length, same_cycle
from .propagation import Propagator


def search_map(
    propagator: Propagator,
    starts: np.ndarray,
    lengths: tuple[int, ...],
    method: MultipleShooting | CycleWalk,
    form: PiecewiseLinear | None,
    found: Found,
) -> None:
    """Search for cycles of every length from every start, as given and after the transient."""
    attempts = [starts]
    if method.transient:
        attempts.append(propagator.follow(starts, method.transient, 1.0))
    for length in lengths:
        for states in attempts:
            if propagator.watch.is_over():
                found.reasons[found.reached < 0] = LATE
                break
            if isinstance(method, CycleWalk):
                assert form is not None  # only a recognized map is given to it
                walked = method.solve(form, states, length, propagator.watch)
                _collect(found, lengths, walked, walked.exact, WALKED)
            else:
                orbits = propagator.sample(states, np.ones(len(states)), length, 1)
                shot = method.solve(propagator.step, orbits, None, propagator.watch)
                _collect(found, lengths, shot, np.zeros(len(states), bool), SHOT)
    found.complete_lengths = add_missing(propagator, found, lengths)
    measure(propagator, found)


def _collect(
    found: Found,
    lengths: tuple[int, ...],
    solved: Walked | Shot,
    exact: np.ndarray,
    words: dict[Ending, str],
) -> None:
    """Keep each cycle once, with its minimal length; a start belongs to a row of the solution."""
    whole = solved.orbits.shape[1]
    for start, ending in enumerate(solved.endings):
        if ending != Ending.ZERO:
            found.miss(start, words[ending])
            continue
        orbit, error = solved.orbits[start], float(solved.errors[start])
        part = minimal_length(orbit, error)
        if part == 1 and 1 not in lengths:
            found.miss(start, "led to a fixed point")
            continue
        cycle = Cycle(orbit[:part], float(part), error, exact=bool(exact[start]))
        known = _known(found, cycle)
        if known is None:
            known = len(found.cycles)
            found.cycles.append(cycle)
        goes = "closed" if part == whole else f"closed {whole // part} times over"
        found.hit(start, known, f"{goes}: a cycle of {part} steps")


def _known(found: Found, cycle: Cycle) -> int | None:
    """Return which cycle this one is, keeping the better copy of the two."""
    for k, other in enumerate(found.cycles):
        if same_cycle(cycle.orbit, other.orbit, max(cycle.error, other.error)):
            if cycle.error < other.error:
                other.orbit, other.error, other.exact = cycle.orbit, cycle.error, cycle.exact
            return k
    return None


def measure(propagator: Propagator, found: Found) -> None:
    """Work out the multipliers of cycles of a map."""
    for cycle in found.cycles:
        cycle.multipliers = _multipliers(propagator, cycle.orbit)


def _multipliers(propagator: Propagator, orbit: np.ndarray) -> np.ndarray:
    slopes = propagator.step(orbit, np.ones(len(orbit)))[1]
    M = np.eye(orbit.shape[1])
    for J in slopes:
        M = J @ M
    return np.linalg.eigvals(M).astype(complex)
