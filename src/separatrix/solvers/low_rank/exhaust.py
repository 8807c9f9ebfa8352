"""All zeros of a residual that was reduced to few variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...enclosure.branch_and_prune import BranchAndPrune, Exhaustion
from ...enclosure.branch_and_prune.exhaustion import refused
from ...enclosure.branch_and_prune.known import KnownZeros, known_zeros, polished
from ...enclosure.branch_and_prune.whole_space import search_unbounded
from ...enclosure.interval.arithmetic import Array, Interval, ball, down, up
from ...enclosure.interval.interpreter import EnclosedFunction
from ...enclosure.krawczyk.context import enclose_residual, quietly
from ...enclosure.krawczyk.contraction import LARGEST_RADIUS, Flags
from .reduction import Reduction

_NOT_TOLD_APART = "a zero could not be told from others in all of its units"
_NO_TRAP = "the domain is unbounded: no box that holds every zero could be derived; give one"


def exhaust(
    reduction: Reduction,
    residual: Callable[[Any], Any],
    known_states: ArrayLike | None = None,
    known_radii: ArrayLike | None = None,
    known_error_bounds: ArrayLike | None = None,
    method: BranchAndPrune = BranchAndPrune(),  # noqa: B008 - frozen
) -> Exhaustion:
    r"""Find and prove every zero of a residual, in all of space, by its reduction.

    Parameters
    ----------
    reduction, residual
        What :func:`reduce` returned, and what it was given.
    known_states, known_radii, known_error_bounds
        Zeros (point, n) that are proved already, as for ``BranchAndPrune.search``.
    method
        How to search the reduced variables.

    Returns
    -------
    Exhaustion, of full states; its unresolved boxes are of the reduced variables.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from separatrix.solvers.low_rank import reduce
    >>> m, n = np.ones(50), np.linspace(1.0, 3.0, 50)
    >>> def field(x):
    ...     return -x + m * (n @ jnp.tanh(x)) / 50
    >>> found = exhaust(reduce(field, 50), field)
    >>> found.complete, len(found.states)
    (True, 3)
    """
    box = reduction.trapped()
    bounded = bool(np.isfinite(box.magnitude()).all())
    if not bounded and (reduction.afar is None or not reduction.exact):
        return refused(reduction.size, _NO_TRAP)
    if np.any(box.lower > box.upper):  # nowhere can a zero be
        return replace(refused(reduction.size, ""), complete=True)
    known = known_zeros(reduction.size, known_states, known_radii, known_error_bounds)
    if not reduction.exact:
        full = enclose_residual(residual, reduction.size)
        table = _LiftedZeros(reduction, full, known)
        return method.search_enclosed(reduction, box.lower, box.upper, table)
    none = known_zeros(reduction.rank, None, None, None)
    if bounded:
        found = method.search_enclosed(reduction, box.lower, box.upper, none)
    else:
        assert reduction.afar is not None  # looked at above
        found = search_unbounded(method, reduction, reduction.afar, box.lower, box.upper, none)
    return _lifted(reduction, found, known)


class _LiftedZeros:
    """Zeros known in full coordinates, while boxes of the reduced ones are searched."""

    def __init__(self, reduction: Reduction, full: EnclosedFunction, known: KnownZeros) -> None:
        self._reduction, self._full, self._known = reduction, full, known

    def cover(self, lower: Array, upper: Array) -> Flags:
        """Whether the states that belong to each box lie in the cube of one zero."""
        states = self._reduction.lift(Interval(lower, upper))
        return self._known.cover(states.lower, states.upper)

    def add(self, enclosed: EnclosedFunction, candidates: Array) -> None:
        """Prove zeros near the states that belong to candidates."""
        candidates = candidates[np.isfinite(candidates).all(axis=1)]
        if len(candidates):
            precise = polished(enclosed, candidates)  # while that is cheap
            states = self._reduction.lift(Interval(precise, precise.copy()))
            with quietly(self._reduction.size):
                self._known.add(self._full, states.midpoint_radius()[0])

    def added(self, lower: Array, upper: Array) -> tuple[Array, Array, Array]:
        """Return the zeros that were not given."""
        trap = self._reduction.trap
        return self._known.added(trap.lower, trap.upper)


def _lifted(reduction: Reduction, found: Exhaustion, known: KnownZeros) -> Exhaustion:
    """Give the zeros of the reduced residual as states, with what is proved of those."""
    states, errors = np.zeros((0, reduction.size)), np.zeros(0)
    if len(found.states):
        around = reduction.lift(ball(found.states, found.error_bounds[:, None]))
        states, widths = around.midpoint_radius()
        errors = errors if widths is None else np.max(widths, axis=1)
    # zeros less far apart than this have coordinates in one cube of uniqueness
    radii = down(down(found.radii - found.error_bounds) / reduction.steepness()) - up(2 * errors)
    if found.complete:
        radii = np.maximum(radii, _separation(states, errors))
    told_apart = radii > errors
    for k in np.flatnonzero(told_apart):
        known.take(states[k], float(errors[k]), float(radii[k]))
    states, errors, radii = known.added(reduction.trap.lower, reduction.trap.upper)
    found = replace(found, states=states, error_bounds=errors, radii=radii)
    if told_apart.all():
        return found
    return replace(found, complete=False, reason=_NOT_TOLD_APART)


def _separation(states: Array, errors: Array) -> Array:
    """Return how far each zero is at least from the next, when these are all there are."""
    scale = np.maximum(1.0, np.max(np.abs(states), axis=1, initial=0.0))
    apart = np.max(np.abs(states[:, None] - states[None]), axis=2, initial=0.0)
    apart = down(apart - up(errors[:, None] + errors[None]))
    np.fill_diagonal(apart, np.inf)
    return np.minimum(np.min(apart, axis=1, initial=np.inf), LARGEST_RADIUS * scale)
