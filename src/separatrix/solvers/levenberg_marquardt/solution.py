"""Where the solver left its candidates."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

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


class Ending(enum.IntEnum):
    """How the solver left a candidate."""

    RUNNING = 0
    ZERO = 1
    MINIMUM = 2
    STALLED = 3
    MAX_STEPS = 4
    NOT_FINITE = 5
    RAN_AWAY = 6
    NEAR = 7  # a zero, for others to finish


@dataclass(frozen=True)
class Solution:
    """Where every candidate ended.

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

    def put(
        self, rows: np.ndarray, other: "Solution", which: np.ndarray | slice = slice(None)
    ) -> None:
        """Replace some candidates by those of another solution."""
        for name in self.__annotations__:
            getattr(self, name)[rows] = getattr(other, name)[which]
