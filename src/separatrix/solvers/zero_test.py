"""Telling zeros of a residual from states at which it is merely small."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from .interval import ComputesInFloat32, Enclosed, EnclosureError, ball, point
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
    must have closed in on the state as well.

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
        self.refusal, self.precision, self.eps = "", *FLOAT64
        finite = starts[np.isfinite(starts).all(1)]
        # The median, so that one far-off start does not blur everything.
        self.scale = float(np.median(np.abs(finite).max(1, initial=0))) if len(finite) else 0.0
        self.unit_scales = np.median(np.abs(finite), axis=0) if len(finite) else np.zeros(size)
        try:
            enclosed = Enclosed(residual, (size,))
            enclosed.bounds(point(finite[:1] if len(finite) else np.zeros((1, size))))
            self._enclosed = enclosed
        except EnclosureError as refusal:
            self.refusal = str(refusal)
            coarsest = coarsest_precision(residual, size)
            if isinstance(refusal, ComputesInFloat32) and coarsest == FLOAT64:
                coarsest = FLOAT32  # the units that multiply matrices were told to round
            self.precision, self.eps = coarsest

    @property
    def single(self) -> bool:
        """Whether the function computes in less than float64."""
        return self.precision != FLOAT64.name

    def estimate(
        self, states: States, residuals: States, jacobians: np.ndarray | None = None
    ) -> Flags:
        """Tell, at little cost, where a solver may stop: the residual is about at its rounding."""
        return np.abs(residuals).max(1, initial=0) <= self.estimated_level(states, jacobians)

    def decide(
        self, states: States, residuals: States, jacobians: np.ndarray | None = None
    ) -> Flags:
        """Tell which states are zeros, as exactly as can be told."""
        if self._enclosed is None:
            return self.estimate(states, residuals, jacobians)
        return self.within(states, self.blur(states))

    def blur(self, states: States) -> Levels:
        """Return how far from an exact zero its nearest state in float64 may have been missed.

        Some units in the last place; at the origin, which has none, as much of that unit of
        typical states.
        """
        size = np.abs(states).max(1, initial=0)
        return _ULPS * self.eps * np.maximum(size, self.eps * self.scale)

    def within(self, states: States, distance: Levels) -> Flags:
        """Tell where no enclosure of the residual rules a zero out within `distance`."""
        if self._enclosed is None or not len(states):
            return np.ones(len(states), bool)
        result = self._enclosed.bounds(ball(states, distance[:, None]))
        holds = (result.bounds.lower <= 0) & (result.bounds.upper >= 0)
        refused = np.array([bool(reason) for reason in result.refusals], bool)
        return holds.all(1) | refused

    def settled(self, states: States, steps: Levels) -> Flags:
        """Tell where the last Newton step was small, which a zero that is only estimated needs."""
        if self._enclosed is not None:
            return np.ones(len(states), bool)
        size = np.maximum(np.abs(states).max(1, initial=0), self.scale)
        return steps <= np.sqrt(self.eps) * size

    def level(self, states: States, jacobians: np.ndarray | None = None) -> Levels:
        """Return the residual (largest entry) that rounding alone can leave at each state."""
        estimated = self.estimated_level(states, jacobians)
        if self._enclosed is None or not len(states):
            return estimated
        bounds = self._enclosed.bounds(ball(states, self.blur(states)[:, None])).bounds
        # The program that is run may round a little differently from the one that is enclosed.
        width = 2 * (bounds.upper - bounds.lower).max(1, initial=0)
        return np.where(np.isfinite(width), width, estimated)

    def estimated_level(self, states: States, jacobians: np.ndarray | None) -> Levels:
        """Return some ε times the terms' sizes.

        The terms that make up the residual are at most about `|J| |x|`, where the Jacobian is
        given, and |x|; the size of the starts stands for the constant terms (input and bias).
        """
        size = np.maximum(np.abs(states).max(1, initial=0), self.scale)
        if jacobians is not None:
            terms = (np.abs(jacobians) @ np.abs(states)[..., None])[..., 0].max(1, initial=0)
            size = np.maximum(size, terms)
        return 16 * self.eps * np.sqrt(states.shape[1]) * size
