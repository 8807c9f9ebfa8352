r"""All zeros of a piecewise-linear function that has few pieces, with jumps or without.

A zero of such a function is a zero of one of its affine functions $A x + b$ (`affine_functions`),
and the only one of that if A is regular. So the zero of each is enclosed. The function's own
enclosure there decides whether it vanishes, too: where the zero lies in another piece it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..branch_and_prune.frontier import Exhaustion, refused
from ..branch_and_prune.known import KnownZeros
from ..errors import EnclosureError
from ..interval import Enclosed, Interval, point
from ..interval.arithmetic import Array, add, divide, down, up
from ..interval.products import matmul
from ..krawczyk.context import quietly
from ..krawczyk.contraction import approximate_inverse, contraction_rates, newton_step
from .affine import affine_functions

_SINGULAR = "the equations of {} may be singular"
_UNDECIDED = "the solutions of {} may lie on a kink or a jump, where nothing is proved"


def search_pieces(
    enclosed: Enclosed,
    known: KnownZeros,
    lower: Array,
    upper: Array,
    why_to_end: Callable[[int], str] = lambda functions: "",
) -> Exhaustion | None:
    """Find and prove every zero in a box, whose bounds may be infinite, by its affine functions.

    `why_to_end` is called with the number of functions so far. The search ends if this returns a
    reason, and goes on if it returns "".

    Returns
    -------
    Exhaustion, whose boxes are the solutions of affine functions; None where the function is not
    shown to be piecewise linear, with few pieces.

    Examples
    --------
    >>> import jax
    >>> from separatrix.enclosure.branch_and_prune.known import known_zeros
    >>> enclosed = Enclosed(lambda x: 2 * jax.nn.relu(x) - 1 - x, (3,))
    >>> none, everywhere = known_zeros(3, None, None, None), np.full(3, np.inf)
    >>> found = search_pieces(enclosed, none, -everywhere, everywhere)
    >>> found.complete, found.boxes, len(found.states)
    (True, 8, 8)
    """
    (size,) = enclosed.shape
    count, singular, why = 0, 0, ""
    left = Interval(np.zeros((0, size)), np.zeros((0, size)))
    with quietly(size):
        try:
            for matrix, offset in affine_functions(enclosed.program, size):
                why = why_to_end(count)
                if why:
                    break
                around = _solutions(matrix, offset)
                regular = np.asarray(np.isfinite(around.magnitude()).all(axis=1))
                count, singular = count + len(offset.lower), singular + int((~regular).sum())
                left = _joined(left, _not_excluded(enclosed, around[regular], lower, upper))
        except EnclosureError:
            return None
        undecided = _undecided(enclosed, known, left)
    reason = _UNDECIDED.format(undecided) if undecided else ""
    reason = _SINGULAR.format(singular) if singular else reason
    reason = why or reason
    states, errors, radii = known.added(lower, upper)
    return replace(
        refused(size, reason), complete=not reason, boxes=count,
        states=states, error_bounds=errors, radii=radii,
    )  # fmt: skip


def _solutions(matrix: Interval, offset: Interval) -> Interval:
    """Enclose the only zero of each A x + b; all of space where A may be singular."""
    inverse = approximate_inverse(matrix)
    rates = contraction_rates(inverse, matrix)
    room = down(1.0 - rates.max(axis=1))
    room = np.where(room > 0, room, np.nan)
    center = step = np.zeros(offset.shape)
    for _ in range(3):
        center = center - step
        values = add(offset, matmul(matrix, point(center[..., None]))[..., 0])
        away = newton_step(inverse, values)
        step = away.midpoint_radius()[0]
    # With C the inverse, x* - c = -C (A c + b) + (I - C A)(x* - c).
    length = away.magnitude()
    farthest = divide(point(length.max(axis=1)), point(room)).upper
    reach = up(length + up(rates * farthest[:, None]))
    reach = np.where(np.isfinite(reach).all(axis=1, keepdims=True), reach, np.inf)
    return Interval(down(center - reach), up(center + reach))


def _not_excluded(enclosed: Enclosed, around: Interval, lower: Array, upper: Array) -> Interval:
    """Keep the boxes that meet the one that is searched, and in which the function may vanish."""
    around = around[np.all((around.upper >= lower) & (around.lower <= upper), axis=1)]
    if not len(around.lower):
        return around
    return around[~enclosed.bounds(around).excludes_zero().any(axis=1)]


def _undecided(enclosed: Enclosed, known: KnownZeros, boxes: Interval) -> int:
    """Prove zeros in boxes; how many of these hold neither one that is known nor a proved one."""
    while True:
        boxes = boxes[~known.cover(boxes.lower, boxes.upper)]
        before = len(known.states)
        known.add(enclosed, boxes.midpoint_radius()[0])
        if len(known.states) == before:
            return int((~known.cover(boxes.lower, boxes.upper)).sum())


def _joined(one: Interval, other: Interval) -> Interval:
    return Interval(
        np.concatenate([one.lower, other.lower]), np.concatenate([one.upper, other.upper])
    )
