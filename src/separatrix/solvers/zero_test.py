"""Telling zeros of a residual from states at which it is merely small."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ..enclosure.interval import ComputesInFloat32, Enclosed, EnclosureError, Interval, ball, point
from .precision import FLOAT32, FLOAT64, coarsest_precision

States = Float[np.ndarray, "state unit"]
Flags = Bool[np.ndarray, " state"]
Levels = Float[np.ndarray, " state"]

_ULPS = 4.0


class ZeroTest:
    """How exactly a residual can be known, and so which states are its zeros in float64.

    A state is a zero when interval arithmetic cannot tell its residual from zero: rounding of the
    residual's own terms, however large they are, is all that is left. Where the residual cannot be
    enclosed, the size of those terms is estimated from Jacobian and state, and Newton's method
    must have closed in on the state as well. So is it beside a jump of the function, where an
    enclosure is as wide as the jump is high.

    Attributes
    ----------
    precision
        "float64", or the coarsest type in which the function computes what depends on the state.
    eps
        The unit of rounding of that type.
    refusal
        Why there is no enclosure; empty where there is one.
    """

    def __init__(self, residual: Callable[[Any], Any], size: int, starts: States):
        self._enclosed: Enclosed | None = None
        self._is_continuous = False  # whether the function is shown to have no jump anywhere
        self.refusal, self.precision, self.eps = "", *FLOAT64
        finite = starts[np.isfinite(starts).all(1)]
        # The median, so that one far-off start does not blur everything: of two the lesser.
        self.scale = float(_median(np.abs(finite).max(1, initial=0))) if len(finite) else 0.0
        self.unit_scales = _median(np.abs(finite)) if len(finite) else np.zeros(size)
        try:
            enclosed = Enclosed(residual, (size,))
            # Two boxes, or what depends on the state would pass for a constant.
            enclosed.bounds(point(np.repeat(finite[:1] if len(finite) else [[0.0] * size], 2, 0)))
            self._enclosed = enclosed
            everywhere = np.full((1, size), np.inf)
            self._is_continuous = not self._are_refused(Interval(-everywhere, everywhere)).any()
        except EnclosureError as refusal:
            self.refusal = str(refusal)
            coarsest = coarsest_precision(residual, size)
            if isinstance(refusal, ComputesInFloat32) and coarsest == FLOAT64:
                coarsest = FLOAT32  # matrices are multiplied in low precision
            self.precision, self.eps = coarsest

    @property
    def single(self) -> bool:
        """Whether the function computes in less than float64."""
        return self.precision != FLOAT64.name

    def estimate(
        self, states: States, residuals: States, jacobians: np.ndarray | None = None
    ) -> Flags:
        """Return at little cost where a solver may stop: the residual is about at its rounding."""
        found = np.abs(residuals).max(1, initial=0)
        if jacobians is None:
            return found <= self.estimated_level(states, None)
        # |J| |x| is at most the product of the lengths, which costs less and rules most out.
        with np.errstate(over="ignore", invalid="ignore"):
            length = np.sqrt(np.einsum("bij,bij->b", jacobians, jacobians))
            most = np.maximum(length * np.linalg.norm(states, axis=1), self._size(states))
            rows = np.flatnonzero(~(found > 2 * self._rounding(states) * most))
        zero = np.zeros(len(states), bool)
        zero[rows] = found[rows] <= self.estimated_level(states[rows], jacobians[rows])
        return zero

    def decide(
        self, states: States, residuals: States, jacobians: np.ndarray | None = None
    ) -> Flags:
        """Return which states are zeros, with the tightest bounds there are."""
        if self._enclosed is None or not len(states):
            return self.estimate(states, residuals, jacobians)
        zero, width = self._enclose(ball(states, self.rounding_radius(states)[:, None]))
        rows = np.flatnonzero(zero)
        at_jump = rows[self._is_discontinuous(states[rows], width[rows], _rows(jacobians, rows))]
        if len(at_jump):
            level = self._one_sided_level(states[at_jump], _rows(jacobians, at_jump))
            zero[at_jump] = np.abs(residuals[at_jump]).max(1, initial=0) <= level
        return zero

    def rounding_radius(self, states: States) -> Levels:
        """Return how far from an exact zero its nearest state in float64 may have been missed.

        Some units in the last place; at the origin, which has none, as much of that unit of
        typical states.
        """
        size = np.abs(states).max(1, initial=0)
        return _ULPS * self.eps * np.maximum(size, self.eps * self.scale)

    def within(self, states: States, distance: Levels) -> Flags:
        """Return where no enclosure of the residual rules a zero out within `distance`."""
        if self._enclosed is None or not len(states):
            return np.ones(len(states), bool)
        return self._enclose(ball(states, distance[:, None]))[0]

    def jumps(self, states: States, distance: Levels) -> Flags:
        """Return where the function is not shown to be free of jumps within `distance`."""
        if self._enclosed is None or not len(states) or self._is_continuous:
            return np.zeros(len(states), bool)
        return self._are_refused(ball(states, distance[:, None]))

    def is_false_zero(self, states: States) -> Flags:
        """Mask false zeros: Newton's steps led to a jump, not to a zero.

        There the function jumps before its residual vanishes, and at the state itself, on the one
        side of the jump, it is distinguished from zero.
        """
        missed = self.jumps(states, self.rounding_radius(states))
        if missed.any():
            here = point(states[missed])
            missed[missed] = ~self._enclose(here)[0] | self._are_refused(here)
        return missed

    def settled(self, states: States, steps: Levels) -> Flags:
        """Return where the last Newton step was small, which an only estimated zero needs."""
        if self._enclosed is not None:
            return np.ones(len(states), bool)
        size = np.maximum(np.abs(states).max(1, initial=0), self.scale)
        return steps <= np.sqrt(self.eps) * size

    def level(self, states: States, jacobians: np.ndarray | None = None) -> Levels:
        """Return the residual (largest entry) that rounding alone can leave at each state."""
        estimated = self.estimated_level(states, jacobians)
        if self._enclosed is None or not len(states):
            return estimated
        _, width = self._enclose(ball(states, self.rounding_radius(states)[:, None]))
        # The program that is run may round a little differently from the one that is enclosed.
        level = np.where(np.isfinite(width), 2 * width, estimated)
        at_jump = np.flatnonzero(self._is_discontinuous(states, width, jacobians))
        if len(at_jump):
            level[at_jump] = self._one_sided_level(states[at_jump], _rows(jacobians, at_jump))
        return level

    def slope_level(self, states: States) -> Levels:
        """Return how steep the residual may seem, at each state, by rounding alone.

        Over the size of a state such a slope adds up to what rounding leaves of the residual there.
        Near the origin that of constant terms is no measure: so states of typical size are asked
        too.
        """
        least = np.full(len(states), np.inf)
        for there in (states, states + self.scale):
            size = np.maximum(np.abs(there).max(1, initial=0), self.eps * self.scale)
            known = size > 0
            least[known] = np.minimum(least[known], self.level(there[known]) / size[known])
        return np.where(np.isfinite(least), least, 0.0)

    def estimated_level(self, states: States, jacobians: np.ndarray | None) -> Levels:
        """Return some ε times the terms' sizes.

        The terms that make up the residual are at most about `|J| |x|`, where the Jacobian is
        given, and |x|; the size of the starts stands for the constant terms (input and bias).
        """
        size = self._size(states)
        if jacobians is not None:
            with np.errstate(over="ignore", invalid="ignore"):  # where Jacobians are not finite
                terms = (np.abs(jacobians) @ np.abs(states)[..., None])[..., 0].max(1, initial=0)
            size = np.maximum(size, terms)
        return self._rounding(states) * size

    def _size(self, states: States) -> Levels:
        return np.maximum(np.abs(states).max(1, initial=0), self.scale)

    def _rounding(self, states: States) -> float:
        return float(16 * self.eps * np.sqrt(states.shape[1]))

    def _enclose(self, boxes: Interval) -> tuple[Flags, Levels]:
        """Return in which boxes no zero is ruled out, and the widths of the residual's enclosures.

        The width is infinite where nothing is known of the residual.
        """
        assert self._enclosed is not None  # callers see to it
        try:
            bounds = self._enclosed.bounds(boxes)
        except EnclosureError:  # at other states than at those that were tried first
            return np.ones(len(boxes.lower), bool), np.full(len(boxes.lower), np.inf)
        with np.errstate(invalid="ignore", over="ignore"):
            width = (bounds.upper - bounds.lower).max(1, initial=0)
        return ~np.any(bounds.excludes_zero(), axis=1), np.where(np.isnan(width), np.inf, width)

    def _is_discontinuous(
        self, states: States, width: Levels, jacobians: np.ndarray | None
    ) -> Flags:
        """Mask states where a jump or a pole may widen the enclosure of the residual.

        What rounding explains is not looked into.
        """
        at_jump = ~np.isfinite(width)
        wide = np.flatnonzero(~(width <= self.estimated_level(states, jacobians)) & ~at_jump)
        if len(wide):
            at_jump[wide] = self.jumps(states[wide], self.rounding_radius(states[wide]))
        return at_jump

    def _one_sided_level(self, states: States, jacobians: np.ndarray | None) -> Levels:
        """Return the level of rounding beside a jump: on the side on which the state lies."""
        level, boxes = self.estimated_level(states, jacobians), point(states)
        _, width = self._enclose(boxes)
        known = np.isfinite(width) & ~self._are_refused(boxes)
        return np.where(known, np.maximum(level, 2 * width), level)

    def _are_refused(self, boxes: Interval) -> Flags:
        assert self._enclosed is not None  # callers see to it
        try:
            return np.array([bool(reason) for reason in self._enclosed.jumps(boxes)], bool)
        except EnclosureError:
            return np.ones(len(boxes.lower), bool)


def _median(values: np.ndarray) -> np.ndarray:
    """Return the median along the first axis, the lesser of the two in the middle."""
    middle = (len(values) - 1) // 2
    return np.asarray(np.partition(values, middle, axis=0)[middle])


def _rows(jacobians: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if jacobians is None else jacobians[rows]
