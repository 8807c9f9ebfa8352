"""All zeros of a residual that few latent variables decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...enclosure.branch_and_prune.frontier import Exhaustion, refused, search_box
from ...enclosure.branch_and_prune.known import MappedZeros, known_zeros
from ...enclosure.branch_and_prune.unbounded import search_unbounded
from ...enclosure.interval.arithmetic import Array, ball, down, up
from ...enclosure.krawczyk.context import enclose_residual
from ...enclosure.krawczyk.radii import LARGEST_RADIUS
from ..branch_and_prune import BranchAndPrune
from .latent import LatentSystem

_NOT_TOLD_APART = "a zero could not be separated from others in all units"
_NO_BOX = "the domain is unbounded: no box that holds every zero could be derived; give one"
Known = tuple[Array, Array, Array]
"""States (point, n) of zeros that are proved already, their radii and their error bounds."""


def exhaust(
    latent: LatentSystem,
    method: BranchAndPrune = BranchAndPrune(),  # noqa: B008 - frozen
) -> Exhaustion:
    r"""Find and prove every zero of a residual, in all of space, by its exact latent system.

    Returns
    -------
    Exhaustion, of full states.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from separatrix.solvers.low_rank import latent_system
    >>> m, n = np.ones(50), np.linspace(1.0, 3.0, 50)
    >>> found = exhaust(latent_system(lambda x: -x + m * (n @ jnp.tanh(x)) / 50, 50))
    >>> found.complete, len(found.states)
    (True, 3)
    """
    none, box = known_zeros(latent.rank, None, None, None), latent.box
    if latent.bounded:
        return _lifted(latent, search_box(method.limits, latent, box.lower, box.upper, none))
    if latent.afar is None:
        return refused(latent.size, _NO_BOX)
    found = search_unbounded(method.limits, latent, latent.afar, box.lower, box.upper, none)
    return _lifted(latent, found)


def exhaust_enclosure(
    latent: LatentSystem,
    residual: Callable[[Any], Any],
    known: Known | None = None,
    method: BranchAndPrune = BranchAndPrune(),  # noqa: B008 - frozen
) -> Exhaustion:
    """Do so by a latent system that encloses a family: zeros are proved of the residual itself."""
    box, table = latent.box, known_zeros(latent.size, *(known or (None, None, None)))
    if not latent.bounded:
        return refused(latent.size, _NO_BOX)
    full = enclose_residual(residual, latent.size)
    zeros = MappedZeros(table, full, latent.lift)
    return search_box(method.limits, latent, box.lower, box.upper, zeros)


def _lifted(latent: LatentSystem, found: Exhaustion) -> Exhaustion:
    """Give the zeros of the latent system as states, where these are all there are."""
    states, errors, radii = np.zeros((0, latent.size)), np.zeros(0), np.zeros(0)
    if found.complete and len(found.states):
        around = latent.lift(ball(found.states, found.error_bounds[:, None]))
        states, widths = around.midpoint_radius()
        errors = np.zeros(len(states)) if widths is None else np.max(widths, axis=1)
        radii = _separation(states, errors)
    alone = radii > errors
    found = replace(found, states=states[alone], error_bounds=errors[alone], radii=radii[alone])
    return found if alone.all() else replace(found, complete=False, reason=_NOT_TOLD_APART)


def _separation(states: Array, errors: Array) -> Array:
    """Return how far each zero is at least from the next."""
    scale = np.maximum(1.0, np.max(np.abs(states), axis=1, initial=0.0))
    apart = np.max(np.abs(states[:, None] - states[None]), axis=2, initial=0.0)
    apart = down(apart - up(errors[:, None] + errors[None]))
    np.fill_diagonal(apart, np.inf)
    return np.minimum(np.min(apart, axis=1, initial=np.inf), LARGEST_RADIUS * scale)
