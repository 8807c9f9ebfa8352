"""Ends of the solver's candidates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ..endings import Ending
from ..iterate import Rows
from .jacobians import Jacobians

States = Float[np.ndarray, "candidate unit"]
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
class Solution(Rows):
    """End of every candidate.

    Attributes
    ----------
    states (candidate, unit)
        The last states.
    residuals (candidate, unit)
        The residuals there.
    steps (candidate,)
        Length of the last Newton correction: the distance to the zero, as far as rounding tells.
    endings (candidate,)
        `Ending` of each.
    counts (candidate,)
        Steps taken: factorizations.
    """

    states: States
    residuals: States
    steps: Float[np.ndarray, " candidate"]
    endings: Int[np.ndarray, " candidate"]
    counts: Int[np.ndarray, " candidate"]

    @classmethod
    def unmoved(cls, starts: States) -> "Solution":
        """Return candidates where they start, those that are not finite ended as such."""
        count, size = starts.shape
        endings = np.where(np.isfinite(starts).all(1), Ending.RUNNING, Ending.NOT_FINITE)
        residuals, steps = np.full((count, size), np.nan), np.full(count, np.inf)
        return cls(np.array(starts, float), residuals, steps, endings, np.zeros(count, int))


Finished = Callable[[Solution], None]
"""Called with the solution of candidates that have ended."""


def endings_of(
    x: States,
    norm: np.ndarray,
    extent: float,
    given_up: np.ndarray,
    stationary: np.ndarray,
    damping: np.ndarray,
    zero: np.ndarray,
    doubt: np.ndarray,
) -> Int[np.ndarray, " batch"]:
    """Return how each candidate has ended; 0 where it has not.

    `norm` is of the residual, `extent` of the starts; `stationary` is where it decreases no
    further, `doubt` where it may be at rounding level all the same.
    """
    endings = np.zeros(len(x), int)
    endings[given_up] = Ending.MAX_STEPS
    endings[stationary & ~doubt] = Ending.MINIMUM
    endings[(damping > 1e16) & ~doubt] = Ending.STALLED
    endings[np.abs(x).max(1) > 1e8 * (1 + extent)] = Ending.RAN_AWAY
    endings[zero] = Ending.ZERO
    endings[~np.isfinite(norm)] = Ending.NOT_FINITE
    return endings
