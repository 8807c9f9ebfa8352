"""The ends of states that are followed."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .pool import Pool
from .turns import Turn


class What(StrEnum):
    """Kind of a state's end, as records have it; see docs/reference/verdict.md.

    Only a search for cycles tells invariant circles from curves, and kinds of bounded motion.
    """

    POINT = "point"
    UNSTABLE = "unstable point"
    CURVE = "curve"
    CONTINUUM = "continuum"
    BOUNDED = "bounded"
    CIRCLE = "circle"
    QUASIPERIODIC = "quasiperiodic"
    CHAOS = "chaos"
    INFINITY = "infinity"
    UNKNOWN = "unknown"

    @property
    def text(self) -> str:
        """Return what a user reads of it."""
        return _TEXTS[self]

    def describe(self, steps: int, point: int) -> str:
        """Return the text, with the number of steps, or that of a point among those given."""
        is_point = self in (What.POINT, What.UNSTABLE)
        return _NOT_GIVEN if is_point and point < 0 else self.text.format(steps=steps, point=point)


_TEXTS = {
    What.POINT: "settled",
    What.UNSTABLE: "came to rest at point {point}, which is not an attractor",
    What.CURVE: "ended on a cycle: find it with sx.find_cycles",
    What.CONTINUUM: "came to rest at one of many points that lie side by side",
    What.BOUNDED: "moves within bounds and does not close: see sx.lyapunov_exponents",
    What.INFINITY: "left for infinity, or the system is not finite on the way",
    What.UNKNOWN: "still moving after {steps} steps: a cycle, chaos or slow motion",
}
_NOT_GIVEN = "came to rest at a state that is not among the points: search for more of them"
"""What is said of an end at a point that the user did not give."""


@dataclass(frozen=True)
class Ends:
    """Ends of states.

    Attributes
    ----------
    what
        Of each state, a `What`.
    which
        The row of its point in `pool`, or of its curve in `curves`; −1 where there is neither.
    states
        Where each state stood when it was followed no longer.
    times
        Until when it was followed, or when it came within the reach of a point that was given, in
        units of the system (steps, tau).
    steps
        How many steps were taken with it.
    pool, curves
        The points and closed curves that are known.
    is_family
        Whether the curves lie beside one another.
    exponent, exponent_error, second_exponent
        The largest Lyapunov exponent of the bounded ones, per step or tau, and its standard error;
        and the next one, −∞ of a single unit.
    defect
        What contradicts a proof, in words; empty: nothing.
    grows
        Time constant of the growth of states whose end is not known; NaN where they do not grow.
    """

    what: Shaped[np.ndarray, " state"]
    which: Int[np.ndarray, " state"]
    states: Float[np.ndarray, "state unit"]
    times: Float[np.ndarray, " state"]
    steps: Int[np.ndarray, " state"]
    pool: Pool
    curves: tuple[Turn, ...] = ()
    is_family: bool = False
    exponent: float = float("nan")
    exponent_error: float = float("nan")
    second_exponent: float = float("nan")
    defect: str = ""
    grows: Float[np.ndarray, " state"] = field(default_factory=lambda: np.zeros(0))

    def are(self, *kinds: What) -> Bool[np.ndarray, " state"]:
        """Return which states end at one of these."""
        return np.isin(self.what.astype(str), [str(kind) for kind in kinds])

    def ended(
        self, rows: Bool[np.ndarray, " state"] | Int[np.ndarray, " row"], what: What
    ) -> "Ends":
        """Return ends of which some are of another kind."""
        changed = self.what.copy()
        changed[rows] = str(what)
        return replace(self, what=changed)

    @property
    def known(self) -> float:
        """The share of the states whose end is known."""
        return float(1 - self.are(What.UNKNOWN).mean()) if len(self.what) else 0.0
