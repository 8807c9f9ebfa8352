r"""Exhaustive search of a box for the zeros of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..interval.arithmetic import ULP, Array, Interval
from ..interval.errors import EnclosureError
from ..interval.interpreter import EnclosedFunction
from ..krawczyk.context import enclose_residual, quietly
from .exhaustion import Exhaustion, refused
from .homogeneous import HomogeneousProgram, homogenize
from .known import ZeroTable, known_zeros
from .pruning import Pruned, excludes_zero, prune
from .whole_space import search_unbounded

_ENTRIES = 2**15  # of the slopes that are held at once
_BATCH = 1024  # boxes; with fewer, the search reaches the depth where degeneracy shows sooner
_KEPT = 1000  # unresolved boxes that are handed back
UNBOUNDED = (
    "the domain is unbounded and the function not piecewise linear: "
    "give a box that holds every zero"
)
_DEGENERATE = "zeros of the function may be degenerate or form a continuum there"


@dataclass(frozen=True)
class BranchAndPrune:
    r"""Proof by subdivision that a box holds no zeros but those listed.

    Sub-boxes are contracted and excluded by their interval Newton operator, until each is empty or
    lies in a cube around a zero that is proved to be its only one.

    Parameters
    ----------
    max_boxes
        How many boxes to examine before giving up.
    min_width
        A box narrower than this, in units of its largest coordinate (or 1), is left unresolved.
    max_unresolved
        How many such boxes there may be before giving up: isolated zeros where the Jacobian is
        singular leave a few, a continuum of zeros any number.

    Examples
    --------
    That there are three solutions of $x = \tanh 2x$ takes more than five boxes to prove.

    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> few, states = sx.solvers.BranchAndPrune(max_boxes=5), np.linspace(-1, 1, 11)[:, None]
    >>> sx.find_fixed_points(system, states, exhaustion=few).complete
    False
    >>> sx.find_fixed_points(system, states).complete
    True
    """

    max_boxes: int = 200_000
    min_width: float = 2.0**-30
    max_unresolved: int = 64

    def search(
        self,
        residual: Callable[[Any], Any],
        lower: ArrayLike,
        upper: ArrayLike,
        known_states: ArrayLike | None = None,
        known_radii: ArrayLike | None = None,
        known_error_bounds: ArrayLike | None = None,
    ) -> Exhaustion:
        r"""Find and prove every zero of ``residual`` in a closed box.

        Parameters
        ----------
        residual
            Any JAX function g from (n,) to (n,), computing in float64.
        lower, upper
            The box: numbers or (n,). Its ends may be infinite if the function is piecewise linear.
        known_states, known_radii, known_error_bounds
            Zeros (point, n) that are proved already, the radii (point,) within which each is the
            only one, and how far it may be from its state (0 if not given), as from
            ``certify_zeros``. One of radius 0 is not proved, and so is found again.

        Returns
        -------
        Exhaustion. A function that cannot be enclosed is refused, with the reason.

        Raises
        ------
        ValueError
            If the box is empty, or the residual does not return a vector of its argument's length.

        Examples
        --------
        >>> import jax.numpy as jnp
        >>> found = BranchAndPrune().search(lambda x: jnp.tanh(2.0 * x) - x, [-1.0], [1.0])
        >>> found.complete, np.sort(found.states[:, 0]).round(6) + 0.0
        (True, array([-0.957504,  0.      ,  0.957504]))

        References
        ----------
        Hansen & Walster 2004, Global Optimization Using Interval Analysis, ch. 11. Neumaier 1990,
        Interval Methods for Systems of Equations, ch. 5.
        """
        low, high = _corners(lower, upper, known_states)
        size = len(low)
        known = known_zeros(size, known_states, known_radii, known_error_bounds)
        try:
            enclosed = enclose_residual(residual, size)
            if np.isfinite(low).all() and np.isfinite(high).all():
                return self.search_enclosed(enclosed, low, high, known)
            program = homogenize(enclosed.program)
            if program is None:
                return refused(size, UNBOUNDED)
            afar = HomogeneousProgram(program, size)
            return search_unbounded(self, enclosed, afar, low, high, known)
        except EnclosureError as refusal:
            return refused(size, str(refusal))

    def search_enclosed(
        self, enclosed: EnclosedFunction, lower: Array, upper: Array, known: ZeroTable
    ) -> Exhaustion:
        """Do the same for a function that is traced already."""
        frontier = _Frontier(self, enclosed, known, lower, upper)
        with quietly(len(lower)):
            while frontier.advance():
                pass
        return frontier.result(lower, upper)


class _Frontier:
    """The boxes still to be examined, deepest last, so that few are held at any time."""

    def __init__(
        self,
        method: BranchAndPrune,
        enclosed: EnclosedFunction,
        known: ZeroTable,
        lower: Array,
        upper: Array,
    ) -> None:
        self.method, self.enclosed, self.known = method, enclosed, known
        self.pending = [(lower[None], upper[None])]
        self.unresolved: list[tuple[Array, Array]] = []
        self.unresolved_count = 0
        self.boxes = 0
        self.reason = ""
        self.batch = int(np.clip(_ENTRIES // max(1, len(lower)) ** 2, 1, _BATCH))

    def advance(self) -> bool:
        """Examine one batch; whether there is more to do."""
        if not self.pending or self._gave_up():
            return False
        lower, upper = self._take()
        lower, upper = self._keep(lower, upper, ~self.known.cover(lower, upper))
        if len(lower) == 0:
            return True
        self.boxes += len(lower)
        value = self.enclosed.bounds(Interval(lower, upper))
        lower, upper = self._keep(lower, upper, ~excludes_zero(value))
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
        if self.unresolved_count > self.method.max_unresolved:
            self.reason = self.reason or _DEGENERATE
            return True
        if self.boxes >= self.method.max_boxes:
            self.reason = f"more than {self.method.max_boxes} boxes would have to be examined"
            return True
        return False

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

    @staticmethod
    def _keep(lower: Array, upper: Array, which: Array) -> tuple[Array, Array]:
        return lower[which], upper[which]

    def _divide(self, pruned: Pruned, left: Array, lower: Array, upper: Array) -> None:
        """Halve what is left along its most telling coordinate; once more whole if it shrank."""
        before = np.max(upper - lower, axis=1)[left]
        lower, upper, regular = pruned.lower[left], pruned.upper[left], pruned.regular[left]
        width = upper - lower
        scale = np.maximum(1.0, np.maximum(np.abs(lower), np.abs(upper)).max(axis=1))
        small = width.max(axis=1) <= self.method.min_width * scale
        # a box that has become small only now deserves a look at its new size
        tiny = small & (before <= self.method.min_width * scale)
        reasons = [pruned.refusals[index] for index in np.flatnonzero(left)]
        self._leave(lower[tiny], upper[tiny], reasons, tiny)
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

    def _leave(self, lower: Array, upper: Array, refusals: list[str], which: Array) -> None:
        if len(lower) == 0:
            return
        reasons = [why for why, here in zip(refusals, which, strict=True) if here and why]
        self.reason = self.reason or next(iter(reasons), _DEGENERATE)
        if self.unresolved_count < _KEPT:
            self.unresolved.append((lower, upper))
        self.unresolved_count += len(lower)

    def result(self, lower: Array, upper: Array) -> Exhaustion:
        """Say what was proved; boxes not examined are unresolved."""
        rest = (self.unresolved + self.pending) or [(np.zeros((0, len(lower))),) * 2]
        low, high = (np.concatenate(ends)[:_KEPT] for ends in zip(*rest, strict=True))
        states, errors, radii = self.known.added(lower, upper)
        complete = not self.pending and not self.unresolved_count
        reason = "" if complete else self.reason
        return Exhaustion(states, errors, radii, complete, self.boxes, low, high, reason)


def _hits(pruned: Pruned, width: Array) -> Array:
    """Where Newton's step stays about the box: there is a zero to be found."""
    slack = 0.1 * np.max(width, axis=1, keepdims=True) + ULP * np.abs(pruned.newton)
    inside = (pruned.newton >= pruned.lower - slack) & (pruned.newton <= pruned.upper + slack)
    return np.all(inside, axis=1)


def _corners(lower: ArrayLike, upper: ArrayLike, states: ArrayLike | None) -> tuple[Array, Array]:
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    size = np.broadcast_shapes(low.shape, high.shape)
    if len(size) > 1 or (size == () and states is None):
        raise ValueError(
            f"expected a box with corners of shape (n,), got {low.shape}, {high.shape}"
        )
    if size == ():
        size = np.asarray(states).shape[-1:]
    if not np.all(low <= high):
        raise ValueError("expected a box with lower <= upper in every coordinate")
    return np.broadcast_to(low, size).copy(), np.broadcast_to(high, size).copy()
