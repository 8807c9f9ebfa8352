"""The boxes that an exhaustive search still has to examine, how it divides them, what it proves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..interval.arithmetic import ULP, Array, Interval
from ..interval.interpreter import EnclosedFunction
from ..krawczyk.context import quietly
from .known import ZeroTable
from .pruning import Pruned, prune

_ENTRIES = 2**15  # of the slopes that are held at once
_BATCH = 1024  # boxes; with fewer, the search reaches the depth where degeneracy shows sooner
_EARLY, _LATER = 0.05, 0.2
"""Parts of the boxes that may be examined, between which it is seen how fast the search is."""
_TOO_MANY = 10
"""It gives up where so many times these boxes would be needed; hard parts may well come first."""
_DEGENERATE = "zeros of the function may be degenerate or form a continuum there"


class Limits(NamedTuple):
    """When a search gives up, and which boxes it leaves.

    Attributes
    ----------
    max_boxes
        How many boxes may be examined.
    min_width
        A box is left unresolved if its longest side is at most so many times its size.
    max_unresolved
        How many boxes may be left unresolved.
    why_to_end
        Called with the number of boxes so far. The search ends if this returns a reason, and goes
        on if it returns "".
    """

    max_boxes: int
    min_width: float
    max_unresolved: int
    why_to_end: Callable[[int], str] = lambda boxes: ""


@dataclass(frozen=True)
class Exhaustion:
    """The zeros that an exhaustive search added to those already known.

    Attributes
    ----------
    states, error_bounds, radii
        New zeros ``(point, n)``: each is proved to exist within its error bound, and to be the only
        one within its radius, in the largest norm.
    complete
        Whether it is proved that the box holds no zero but these and the known ones.
    boxes
        How many boxes were examined.
    reason
        Why the search is not complete; empty where it is.
    """

    states: Array
    error_bounds: Array
    radii: Array
    complete: bool
    boxes: int
    reason: str


def refused(size: int, reason: str) -> Exhaustion:
    """Return the outcome of a search that could not begin."""
    return Exhaustion(np.zeros((0, size)), np.zeros(0), np.zeros(0), False, 0, reason)


def search_box(
    limits: Limits,
    enclosed: EnclosedFunction,
    lower: Array,
    upper: Array,
    known: ZeroTable,
    spent: int = 0,
) -> Exhaustion:
    """Search a bounded box (n,), `spent` of the boxes being used up already."""
    frontier = _Frontier(limits, enclosed, known, lower, upper, spent)
    with quietly(len(lower)):
        while frontier.advance():
            pass
    return frontier.result(lower, upper)


class _Frontier:
    """The boxes still to be examined, deepest last, so that few are held at any time."""

    def __init__(
        self,
        limits: Limits,
        enclosed: EnclosedFunction,
        known: ZeroTable,
        lower: Array,
        upper: Array,
        spent: int,
    ) -> None:
        self.limits, self.enclosed, self.known, self.spent = limits, enclosed, known, spent
        self.pending = [(lower[None], upper[None])]
        self.unresolved = 0
        self.boxes = 0
        self.reason = ""
        # What is small beside 1 may be all of a box.
        self.unit = min(1.0, float(np.maximum(np.abs(lower), np.abs(upper)).max(initial=0.0)))
        self.width = np.where(upper > lower, upper - lower, 1.0)
        self.early: tuple[int, float] | None = None
        self.is_judged = False
        self.batch = int(np.clip(_ENTRIES // max(1, len(lower)) ** 2, 1, _BATCH))

    def advance(self) -> bool:
        """Examine one batch; whether there is more to do."""
        if not self.pending or self._gave_up():
            return False
        lower, upper = self._take()
        left = ~self.known.cover(lower, upper)
        lower, upper = lower[left], upper[left]
        if len(lower) == 0:
            return True
        self.boxes += len(lower)
        bounds = self.enclosed.bounds(Interval(lower, upper))
        left = ~np.any(bounds.excludes_zero(), axis=1)
        lower, upper = lower[left], upper[left]
        if len(lower) == 0:
            return True
        pruned = prune(self.enclosed, lower, upper)
        left = ~pruned.empty
        found = left & pruned.regular & _hits(pruned, upper - lower)
        self.known.add(self.enclosed, pruned.newton[found])
        left &= ~self.known.cover(pruned.lower, pruned.upper)
        self._divide(pruned, left, lower, upper)
        return True

    def _gave_up(self) -> bool:
        if self.unresolved > self.limits.max_unresolved:
            self.reason = self.reason or _DEGENERATE
            return True
        too_many = f"more than {self.limits.max_boxes} boxes would have to be examined"
        if self.spent + self.boxes >= self.limits.max_boxes:
            self.reason = too_many
            return True
        if self._is_too_slow():
            self.reason = f"{too_many}, judging by the first of them"
            return True
        why = self.limits.why_to_end(self.spent + self.boxes)
        self.reason = why or self.reason
        return bool(why)

    def _is_too_slow(self) -> bool:
        """Judge once whether what is left of the volume would take far too many boxes."""
        most = self.limits.max_boxes
        if self.is_judged or self.boxes < _EARLY * most:
            return False
        if self.early is None:
            self.early = self.boxes, self._volume()
        if self.boxes < _LATER * most:
            return False
        self.is_judged = True
        boxes, volume = self.early
        left = self._volume()
        return (self.boxes - boxes) * left > _TOO_MANY * most * (volume - left)

    def _volume(self) -> float:
        """Return the part of the volume that is still to be examined."""
        return sum(
            float(((upper - lower) / self.width).prod(axis=1).sum())
            for lower, upper in self.pending
        )

    def _take(self) -> tuple[Array, Array]:
        """Take the boxes added last, as many as fit into a batch."""
        parts, count = [], 0
        while self.pending and count < self.batch:
            parts.append(self.pending.pop())
            count += len(parts[-1][0])
        lower, upper = (np.concatenate(ends) for ends in zip(*parts, strict=True))
        if count > self.batch:
            self.pending.append((lower[self.batch :], upper[self.batch :]))
        return lower[: self.batch], upper[: self.batch]

    def _divide(self, pruned: Pruned, left: Array, lower: Array, upper: Array) -> None:
        """Halve what is left along its most telling coordinate; once more whole if it shrank."""
        before = np.max(upper - lower, axis=1)[left]
        lower, upper, regular = pruned.lower[left], pruned.upper[left], pruned.regular[left]
        width = upper - lower
        scale = np.maximum(self.unit, np.maximum(np.abs(lower), np.abs(upper)).max(axis=1))
        small = width.max(axis=1) <= self.limits.min_width * scale
        # a box that has become small only now deserves a look at its new size
        tiny = small & (before <= self.limits.min_width * scale)
        reasons = [pruned.refusals[index] for index in np.flatnonzero(left)]
        self._leave([why for why, here in zip(reasons, tiny, strict=True) if here])
        shrunk = ~tiny & (small | ((width.max(axis=1) <= 0.5 * before) & regular))
        self._push(lower[shrunk], upper[shrunk])
        split = ~tiny & ~shrunk
        lower, upper, width = lower[split], upper[split], width[split]
        smear = np.nan_to_num(pruned.steepness[left][split], nan=1.0, posinf=1e300) * width
        axis = np.argmax(smear, axis=1)
        rows = np.arange(len(lower))
        cut = 0.5 * lower[rows, axis] + 0.5 * upper[rows, axis]
        first, second = upper.copy(), lower.copy()
        first[rows, axis] = second[rows, axis] = cut
        self._push(np.concatenate([lower, second]), np.concatenate([first, upper]))

    def _push(self, lower: Array, upper: Array) -> None:
        if len(lower):
            self.pending.append((lower, upper))

    def _leave(self, reasons: list[str]) -> None:
        """Count boxes in which nothing could be proved, by what hindered it."""
        if reasons:
            self.reason = self.reason or next(filter(None, reasons), _DEGENERATE)
        self.unresolved += len(reasons)

    def result(self, lower: Array, upper: Array) -> Exhaustion:
        """Return what was proved."""
        complete = not self.pending and not self.unresolved
        reason = "" if complete else self.reason
        return Exhaustion(*self.known.added(lower, upper), complete, self.boxes, reason)


def _hits(pruned: Pruned, width: Array) -> Array:
    """Mask boxes about which Newton's step stays: there is a zero to be found."""
    slack = 0.1 * np.max(width, axis=1, keepdims=True) + ULP * np.abs(pruned.newton)
    inside = (pruned.newton >= pruned.lower - slack) & (pruned.newton <= pruned.upper + slack)
    return np.all(inside, axis=1)
