"""Starts of candidates, which are not always the states that were given."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._parallel import chunks
from ..._types import InvalidInputError
from ...systems import AbstractSystem
from .evaluator import Evaluator

States = Float[np.ndarray, "state unit"]
Corner = Float[np.ndarray, " unit"]

_PROBED = 16  # states whose Jacobians show which units are explicit
_ROUNDING = 64 * np.finfo(float).eps
FROM_DOMAIN = "; followed from the nearest state of the domain, which the candidate lies outside"


def solved_for_explicit_units(evaluator: Evaluator, starts: States) -> States:
    """Return starts with the units that appear in their own equations alone at those equations.

    The cells c of an LSTM are such units: their residual is C(h) − c, and the rest does not read
    them. Newton's first step would put them at C(h) wherever they started; a damped step shares a
    large C(h) − c out among the other units too, and throws h off to where every gate is saturated.
    """
    finite = np.flatnonzero(np.isfinite(starts).all(1))
    if evaluator.is_large or not len(finite):
        return starts
    order = np.argsort(np.abs(starts[finite]).max(1, initial=0), kind="stable")
    probed = starts[finite[order[: min(_PROBED, evaluator.batch_size)]]]
    units, slopes = _explicit_units(evaluator.residual_and_jacobian(probed)[1])
    if not len(units) or len(units) == evaluator.size:  # of all, Newton's method does it as well
        return starts
    return _solved(evaluator.residual, starts, finite, units, slopes)


def _explicit_units(jacobians: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the units whose columns hold one constant, on the diagonal, and these constants."""
    jacobians = jacobians[np.isfinite(jacobians).all((1, 2))]
    if not len(jacobians):
        return np.zeros(0, int), np.zeros(0)
    diagonals = np.diagonal(jacobians, axis1=1, axis2=2)
    alone = ((jacobians != 0).sum(1) == 1) & (diagonals != 0)
    slopes = diagonals[0]
    constant = np.abs(diagonals - slopes) <= _ROUNDING * np.abs(slopes)
    units = np.flatnonzero((alone & constant).all(0))
    return units, slopes[units]


def _solved(
    residual: Callable[[np.ndarray], np.ndarray],
    starts: States,
    finite: np.ndarray,
    units: np.ndarray,
    slopes: np.ndarray,
) -> States:
    """Solve the equations of explicit units, where that holds what the Jacobians promised."""
    others = np.setdiff1d(np.arange(starts.shape[1]), units)
    emptied, filled = starts[finite], starts[finite]
    emptied[:, units] = 0.0  # a far-off start would take the digits of what it is led to
    due = residual(emptied)[:, units]
    filled[:, units] = -due / slopes
    before, after = residual(starts[finite]), residual(filled)
    with np.errstate(invalid="ignore"):
        unread = (after[:, others] == before[:, others]).all(1)
        solved = (np.abs(after[:, units]) <= _ROUNDING * np.abs(due)).all(1)
    kept = unread & solved
    result = starts.copy()
    result[finite[kept]] = filled[kept]
    return result


def checked_domain(system: AbstractSystem) -> tuple[Corner, Corner]:
    """Return the corners of the box that a system was given; raise where they make none."""
    try:
        lower, upper = (np.asarray(end, float) for end in system.domain)
        lower, upper = (np.broadcast_to(end, (system.size,)) for end in (lower, upper))
        usable = bool((lower <= upper).all())  # not where one is NaN
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise InvalidInputError(
            "the domain of the system must be (lower, upper), each a number or one for each of the "
            f"{system.size} units, with lower ≤ upper in every unit; got {system.domain!r:.60}."
        )
    return lower, upper


def nearest_in_domain(
    system: AbstractSystem, starts: States
) -> tuple[States, Bool[np.ndarray, " state"]]:
    """Return the nearest states of the box that the system says holds every fixed point.

    And which of the starts lie outside it: none where it says nothing. Far outside, where every
    gate is saturated, a residual may have no slope, or be at rounding level with no zero near.
    """
    if system.domain is None:
        return starts, np.zeros(len(starts), bool)
    inside = np.clip(starts, *checked_domain(system))
    outside = np.isfinite(starts).all(1) & (inside != starts).any(1)
    return np.where(outside[:, None], inside, starts), outside


def shuffled(system: AbstractSystem, starts: States) -> Int[np.ndarray, " start"]:
    """Return an order of starts that hangs on what they are, and not on how they are given.

    The zeros to which the first lead attract others, so an order decides where a few of them end.
    """
    inside, _ = nearest_in_domain(system, starts)
    weights = np.random.default_rng(0).integers(2**63, size=starts.shape[1], dtype=np.uint64)
    bits = (np.asarray(inside[rows], float, order="C") for rows in chunks(len(starts), 1 << 16))
    return np.argsort(np.concatenate([part.view(np.uint64) @ (2 * weights + 1) for part in bits]))
