"""Whether a residual of one's own has the zeros that the step, or the field, has.

Everything is solved and proved on the residual, so one that disagrees would make sure of what is
not so. An error is raised only where it is proved: one of the two has a zero where the other has
none. A saturated gate makes the velocity tiny where the residual is not, which proves nothing.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.distance import cdist

from ..._double import double_precision
from ..._types import InvalidInputError
from ...enclosure.interval import Enclosed, EnclosureError, ball
from ...enclosure.krawczyk import certify_zeros
from ...enclosure.krawczyk.context import in_turns, quietly
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem
from ..completeness import Completeness
from .evaluator import Evaluator
from .found import Found
from .units import sizes_of

_NO_ZERO_OF_STEP = "the residual has a zero there, the step has none"
_NOTHING_OF_STEP = "the residual has a zero there, but nothing is proved of the step itself: {}"
_MOVES = "the residual is at rounding level there, but the speed, {:.1e}, is not"
_RESTING = 1e-6  # of the size of a state: a speed that may be zero, but for rounding
_APART = 1e-3  # of that size: further from all fixed points, a state at rest is none of them
_LOOKED_AT = 16  # of those, about
_LARGE = 1e-3  # of that size: a speed that no error of a state explains in a large system

States = Float[np.ndarray, "point unit"]
Flags = Bool[np.ndarray, " point"]
Function = Callable[[Any], Any]


def require_agreement(
    evaluator: Evaluator,
    zero_test: ZeroTest,
    found: Found,
    starts: Float[np.ndarray, "start unit"],
) -> None:
    """Raise InvalidInputError where a zero of the residual is none of the velocity, or vice versa.

    Points of which only rounding says that they are zeros are rejected where the speed is not at
    rounding level.
    """
    if not evaluator.system.has_own_residual:
        return
    _check_fixed(evaluator, zero_test, found)
    _check_resting(evaluator, zero_test, found, starts)


def require_index(system: AbstractSystem, known: Completeness | None, count: int) -> None:
    """Raise InvalidInputError where the zeros of the residual are too few to be those of the step.

    That they are all is proved of the residual; that their indices add up to 1, of the velocity.
    """
    if not system.has_own_residual or known is None or not known.complete:
        return
    if known.index_sum not in (None, 1):
        raise InvalidInputError(
            f"{_other_zeros(system)}: it is proved to have {count} and no more, whose indices add "
            f"up to {known.index_sum}, but those of all fixed points add up to 1. {_REMEDY}"
        )


def told_on_trust(system: AbstractSystem, known: Completeness) -> Completeness:
    """Say of a complete set that it is one of zeros of the residual, where a user has given that.

    Of the residuals of networks here it is known that they have the zeros of the step.
    """
    function = system.residual_function
    origin = getattr(function, "origin", "")
    if function is None or not known.complete or origin.startswith("separatrix.networks"):
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


def _check_fixed(evaluator: Evaluator, zero_test: ZeroTest, found: Found) -> None:
    labels = np.array(found.labels("fixed"), int)
    bounds = np.array(found.bounds, float)[labels]
    states = found.stacked(labels.tolist())
    reach = _reach(zero_test, states, bounds)
    moving = np.flatnonzero(_moving(evaluator, states, reach))
    if not len(moving):
        return
    labels, states, reach = labels[moving], states[moving], reach[moving]
    system, sizes = evaluator.system, sizes_of(evaluator.system)
    speed = evaluator.speed(states, sizes)
    for row in np.flatnonzero(_zero_of_one_only(system.residual, system.velocity, states, reach)):
        raise InvalidInputError(
            f"{_other_zeros(system)}: it is zero at the state {_text(states[row] * sizes)}, where "
            f"the speed is {speed[row]:.3g}, not zero. {_REMEDY}"
        )
    if zero_test.refusal:  # nothing can be proved, but Newton's method has closed in on the zero
        for row in np.flatnonzero(np.isfinite(bounds[moving])):
            if labels[row] not in found.degenerate:
                raise InvalidInputError(
                    f"{_other_zeros(system)}: it is at rounding level at the state "
                    f"{_text(states[row] * sizes)}, where the speed is {speed[row]:.3g}. {_REMEDY}"
                )
    for label, value in sorted(zip(labels.tolist(), speed, strict=True), reverse=True):
        found.reject([label], _MOVES.format(value))


def _check_resting(evaluator: Evaluator, zero_test: ZeroTest, found: Found, starts: States) -> None:
    """Look at slow points whose speed may be zero, and at zeros of the speed that led to none."""
    if evaluator.is_large:
        return
    resting = np.reshape(found.resting, (-1, found.size))
    left = _left_behind(evaluator, zero_test, found, starts)
    states = np.concatenate([found.stacked(found.labels("slow")), resting, left])
    if not len(states):
        return
    system, sizes = evaluator.system, sizes_of(evaluator.system)
    size = np.maximum(np.abs(states).max(1, initial=0), zero_test.scale)
    states = states[evaluator.speed(states) <= _RESTING * size]
    if not len(states):
        return
    reach = _reach(zero_test, states, np.zeros(len(states)))
    for row in np.flatnonzero(_zero_of_one_only(system.velocity, system.residual, states, reach)):
        residual = evaluator.residual(states[row, None])[0]
        raise InvalidInputError(
            f"{_other_zeros(system)}: the state {_text(states[row] * sizes)} is a fixed point, and "
            f"the residual there is {_text(residual)}, not zero. {_REMEDY}"
        )


def _left_behind(
    evaluator: Evaluator, zero_test: ZeroTest, found: Found, starts: States
) -> Float[np.ndarray, "start unit"]:
    """Return some starts that rest where no fixed point was found."""
    states = starts[evaluator.speed(starts) <= _RESTING * zero_test.scale]
    size = np.maximum(np.abs(states).max(1, initial=0), zero_test.scale)
    fixed = found.stacked(found.labels("fixed"))
    nearest = cdist(states, fixed, "chebyshev").min(1, initial=np.inf)
    states = states[nearest > _APART * size]
    return states[:: max(1, len(states) // _LOOKED_AT)]


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


def _zero_of_one_only(one: Function, other: Function, states: States, reach: np.ndarray) -> Flags:
    """Tell where it is proved that a zero of one function lies near a state, and none of another's.

    Where the other cannot be enclosed its speed has to do.
    """
    proof = certify_zeros(one, states)
    if not proof.exists.any():
        return proof.exists
    try:
        excluded, _ = _excluded(other, states, np.fmax(proof.error_bound, reach))
    except EnclosureError:
        return proof.exists
    return proof.exists & excluded


def _excluded(function: Function, states: States, distances: np.ndarray) -> tuple[Flags, list[str]]:
    """Tell where a function has no zero within a distance of a state, and where it has no bounds.

    The latter by the reason; EnclosureError where it has none anywhere.
    """
    excluded, refusals = np.zeros(len(states), bool), list[str]()
    with quietly(states.shape[1]):
        enclosed = Enclosed(function, (states.shape[1],))
        for turn in in_turns(*states.shape):
            result = enclosed.bounds(ball(states[turn], distances[turn, None]))
            apart = (result.bounds.lower > 0) | (result.bounds.upper < 0)
            willing = np.array([not refusal for refusal in result.refusals], bool)
            excluded[turn] = apart.any(1) & willing
            refusals.extend(result.refusals)
    return excluded, refusals


_REMEDY = (
    "Everything is solved and proved on the residual: give one that is zero exactly where the "
    "speed is, or leave `residual` out."
)


def _other_zeros(system: AbstractSystem) -> str:
    what = "step(x) − x" if system.kind == "map" else "the field"
    return f"`residual` has other zeros than {what}"


def _text(values: np.ndarray) -> str:
    return np.array2string(np.asarray(values), precision=6, threshold=8, edgeitems=3)
