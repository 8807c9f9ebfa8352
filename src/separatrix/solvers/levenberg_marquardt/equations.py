"""Equations that the solver is given, and how candidates end."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from ..endings import Ending
from ..iterate import State
from .jacobians import Jacobians

Residual = Callable[[np.ndarray], np.ndarray]
"""States (batch, unit) -> residuals (batch, unit)."""
Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""States (batch, unit) -> residuals (batch, unit) and their Jacobians (batch, unit, unit)."""
Linearize = Callable[[np.ndarray], tuple[np.ndarray, Jacobians]]
"""The same, with Jacobians of which more is known than their entries."""
IsZero = Callable[[np.ndarray, np.ndarray, Jacobians], np.ndarray]
"""States, residuals, Jacobians -> where the residual is at rounding level (batch,)."""
Attracted = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""States, residuals r, Jᵀ r -> where a zero or minimum that is known already attracts (batch,)."""

EPS = np.finfo(float).eps


@dataclass(frozen=True)
class Equations:
    """Equations r(x) = 0: how r is evaluated, and where it is zero.

    Attributes
    ----------
    evaluate
        Gives r and its Jacobians.
    is_zero
        Decides where a residual is at rounding level.
    room
        How many states are evaluated at a time, at most.
    residual
        Gives r alone. Without it every step that is tried is evaluated with its Jacobian, and none
        is followed by another: that is quicker where a call costs more than what it computes.
    eps
        The unit of rounding of r.
    attracted
        Tells which states a known zero attracts. With it candidates end as `NEAR`, once a zero is
        near: then Jacobians of single precision are enough, which cost half the time.
    """

    evaluate: Evaluate | Linearize
    is_zero: IsZero
    room: int
    residual: Residual | None = None
    eps: float = EPS
    attracted: Attracted | None = None


@dataclass(frozen=True)
class DampedState(State):
    """Candidates at work with damped steps, and their residuals."""

    r: np.ndarray
    damping: np.ndarray
    growth: np.ndarray
    slow_steps: np.ndarray


def endings_of(
    state: DampedState,
    extent: float,
    max_steps: int,
    stationary: np.ndarray,
    zero: np.ndarray,
    doubt: np.ndarray,
) -> Int[np.ndarray, " batch"]:
    """Return how each candidate has ended; `RUNNING` where it has not.

    `extent` is of the starts; `stationary` is where the residual decreases no further, `doubt`
    where it may be at rounding level all the same.
    """
    endings = np.zeros(len(state.x), int)
    endings[state.count >= max_steps] = Ending.MAX_STEPS
    endings[stationary & ~doubt] = Ending.MINIMUM
    endings[(state.damping > 1e16) & ~doubt] = Ending.STALLED
    endings[np.abs(state.x).max(1) > 1e8 * (1 + extent)] = Ending.RAN_AWAY
    endings[zero] = Ending.ZERO
    endings[~np.isfinite(np.abs(state.r).max(1))] = Ending.NOT_FINITE
    return endings
