"""Whether a residual of one's own has the zeros that the step, or the field, has.

Everything is solved and proved on the residual, so one that disagrees would make sure of what is
not so. A saturated gate makes the velocity tiny where the residual is not, which proves nothing.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from ..._double import double_precision
from ...enclosure.interval import Enclosed, EnclosureError, ball
from ...enclosure.krawczyk.context import in_chunks, quietly
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem
from ..completeness import Completeness
from .evaluator import Evaluator
from .found import Found
from .units import sizes_of

_NO_ZERO_OF_STEP = "the residual has a zero there, the step has none"
_NOTHING_OF_STEP = "the residual has a zero there, but nothing is proved of the step itself: {}"
_MOVES = (
    "`residual` has other zeros than the speed: it is zero there, but the speed is {:.3g}; "
    "everything is solved on the residual: give one that is zero exactly where the speed is, or "
    "leave `residual` out"
)
_LARGE = 1e-3  # of the size of a state: a speed that no error explains in a large system

States = Float[np.ndarray, "point unit"]
Flags = Bool[np.ndarray, " point"]
Function = Callable[[Any], Any]


def reject_moving(evaluator: Evaluator, zero_test: ZeroTest, found: Found) -> None:
    """Reject zeros of a residual of the user's own at which the state moves."""
    system = evaluator.system
    if not system.has_own_residual:
        return
    labels = found.labels("fixed")
    states, bounds = found.stacked(labels), np.array(found.bounds, float)[labels]
    moving = np.flatnonzero(_moving(evaluator, states, _reach(zero_test, states, bounds)))
    speeds = evaluator.speed(states[moving], sizes_of(system)) if len(moving) else ()
    for row, speed in sorted(zip(moving.tolist(), speeds, strict=True), reverse=True):
        found.contradiction = _MOVES.format(speed)
        found.reject([labels[row]], found.contradiction)


def is_trusted(system: AbstractSystem) -> bool:
    """Whether the residual has the zeros of the step: it is that of a network here."""
    function = system.residual_function
    return function is None or getattr(function, "origin", "").startswith("separatrix.networks")


def told_on_trust(system: AbstractSystem, known: Completeness) -> Completeness:
    """Say of a complete set that it is one of zeros of a residual that a user has given."""
    if is_trusted(system) or not known.complete:
        return known
    return dataclasses.replace(known, text=known.text + _ON_TRUST)


_ON_TRUST = "; all zeros of `residual`, that is, which is taken to be zero wherever the speed is"


def doubts_of_step(
    system: AbstractSystem, states: States, error_bounds: Float[np.ndarray, " point"]
) -> list[str]:
    """Say why a zero of the residual within `error_bounds` of a state may be none of the step.

    "" where nothing speaks against it: the velocity may be zero there, as far as it is enclosed.
    """
    if not system.has_own_residual:
        return [""] * len(states)
    try:
        excluded, refusals = _excluded(system.velocity, states, error_bounds)
    except EnclosureError as error:
        return [_NOTHING_OF_STEP.format(error)] * len(states)
    told = [_NOTHING_OF_STEP.format(refusal) if refusal else "" for refusal in refusals]
    return [_NO_ZERO_OF_STEP if out else text for out, text in zip(excluded, told, strict=True)]


def _reach(zero_test: ZeroTest, states: States, bounds: np.ndarray) -> np.ndarray:
    """Return how far from a zero a state may be, by far; `bounds` is infinite in a continuum."""
    size = np.maximum(np.abs(states).max(1, initial=0), zero_test.scale)
    isolated = np.isfinite(bounds)
    relative = np.where(isolated, np.sqrt(zero_test.eps), np.sqrt(np.sqrt(zero_test.eps)))
    return relative * size + 10 * np.where(isolated, bounds, 0.0)


def _moving(evaluator: Evaluator, states: States, reach: np.ndarray) -> Flags:
    """Tell where a state moves further than a zero within reach of it and rounding explain."""
    if evaluator.is_large:
        return evaluator.speed(states) > _LARGE * np.abs(states).max(1, initial=0) + 10 * reach
    moving = evaluator.speed(states) > reach  # which costs little
    rows = np.flatnonzero(moving)
    if len(rows):
        with double_precision():
            of = jax.vmap(evaluator.system.velocity)
            velocity = np.abs(np.asarray(of(jnp.asarray(states[rows]))))
        slopes = 1 + np.abs(evaluator.jacobian(states[rows])).sum(2)
        moving[rows] = (velocity > slopes * reach[rows, None]).any(1)
    return moving


def _excluded(function: Function, states: States, distances: np.ndarray) -> tuple[Flags, list[str]]:
    """Tell where a function has no zero within a distance of a state, and where it has no bounds.

    The latter by the reason; EnclosureError where it has none anywhere.
    """
    excluded, refusals = np.zeros(len(states), bool), list[str]()
    with quietly(states.shape[1]):
        enclosed = Enclosed(function, (states.shape[1],))
        for chunk in in_chunks(*states.shape):
            result = enclosed.bounds(ball(states[chunk], distances[chunk, None]))
            apart = (result.bounds.lower > 0) | (result.bounds.upper < 0)
            willing = np.array([not refusal for refusal in result.refusals], bool)
            excluded[chunk] = apart.any(1) & willing
            refusals.extend(result.refusals)
    return excluded, refusals
