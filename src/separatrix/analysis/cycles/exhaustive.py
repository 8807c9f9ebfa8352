"""Cycles of maps with few linear pieces: every sequence of pieces is solved, and proved."""

from typing import Any

import numpy as np
import scipy

from ..._watch import is_over
from ...enclosure.branch_and_prune import Exhaustion
from ...enclosure.branch_and_prune.known import known_zeros
from ...enclosure.interval import Enclosed, EnclosureError
from ...enclosure.interval.arithmetic import ball
from ...enclosure.krawczyk.context import enclose_residual
from ...enclosure.pieces import search_pieces
from ...solvers.branch_and_prune import why_to_end
from ...solvers.piecewise_linear import PiecewiseLinear, recognize
from ..orbits import same_cycle
from .found import CIRCLE, Cycle, CycleSearchResult
from .propagation import Propagator

_MOST = 2**14  # sequences: pieces to the power of the steps
_INSIDE = 1e-9  # by how much slopes may differ where there is one piece


def add_missing(
    propagator: Propagator, found: CycleSearchResult, lengths: tuple[int, ...]
) -> tuple[int, ...]:
    """Add cycles that are missing; return the lengths of which all are proved to be listed.

    A cycle of k steps is a zero of $F^k(x) - x$, which is as piecewise linear as F is: all of them
    are found, at any distance and however unstable, where $m^k$ is at most 16,384 for m pieces.
    """
    first = _all_zeros(propagator, 1)
    if is_over():
        return ()
    system = propagator.system
    if first is None and not isinstance(recognize(system.evaluate, system.size), PiecewiseLinear):
        return ()
    _mark_exact(propagator, found)
    if first is None:
        return ()
    short = [k for k in lengths if int(first.boxes) ** k <= _MOST]
    return tuple(k for k in short if _listed(propagator, found, lengths, k))


def _all_zeros(propagator: Propagator, steps: int) -> Exhaustion | None:
    """Solve all pieces of F^k(x) = x; None where F is not shown to have few."""
    size, step = propagator.size, propagator.system.evaluate

    def residual(x: Any) -> Any:
        y = x
        for _ in range(steps):
            y = step(y)
        return y - x

    everywhere = np.full(size, np.inf)
    try:
        enclosed = enclose_residual(residual, size)
    except EnclosureError:
        return None
    none = known_zeros(size, None, None, None)
    return search_pieces(enclosed, none, -everywhere, everywhere, why_to_end)


def _listed(
    propagator: Propagator, found: CycleSearchResult, lengths: tuple[int, ...], steps: int
) -> bool:
    """Add the cycles whose number of steps divides `steps`; whether these are all there are."""
    zeros = _all_zeros(propagator, steps)
    if zeros is None or not zeros.complete:
        return False
    states, count = zeros.states, len(zeros.states)
    if not count:
        return not _known(found, steps)
    images = propagator.step(states, np.ones(count))[0]
    following = scipy.spatial.distance.cdist(images, states, "chebyshev").argmin(axis=1)
    if not np.array_equal(np.sort(following), np.arange(count)):
        return False
    cycles = [c for c in _orbits(following) if len(c) > 1 or 1 in lengths]
    for rows in cycles:
        cycle = Cycle(
            states[rows], float(len(rows)), float(zeros.error_bounds[rows].max()), exact=True
        )
        if not any(same_cycle(cycle.orbit, other.orbit, other.error) for other in found.cycles):
            found.cycles.append(cycle)
    return len(_known(found, steps)) == len(cycles)


def _known(found: CycleSearchResult, steps: int) -> list[Cycle]:
    return [cycle for cycle in found.cycles if steps % len(cycle.orbit) == 0]


def _orbits(following: np.ndarray) -> list[np.ndarray]:
    """Return the cycles of a permutation."""
    left, orbits = set(range(len(following))), []
    while left:
        orbit = [min(left)]
        while (next_ := int(following[orbit[-1]])) != orbit[0]:
            orbit.append(next_)
        left.difference_update(orbit)
        orbits.append(np.array(orbit))
    return orbits


def _mark_exact(propagator: Propagator, found: CycleSearchResult) -> None:
    """Mark cycles of shooting each of whose states lies within one piece, with all its error."""
    step = Enclosed(propagator.system.evaluate, (propagator.size,))
    for cycle in (cycle for cycle in found.cycles if cycle.kind != CIRCLE):
        result = step.slopes(ball(cycle.orbit, 2 * cycle.error))
        width = np.abs(result.slopes.upper - result.slopes.lower)
        size = 1 + result.slopes.magnitude()
        cycle.exact = cycle.exact or bool(result.allowed.all() and (width <= _INSIDE * size).all())
