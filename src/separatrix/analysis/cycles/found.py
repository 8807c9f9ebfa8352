"""Cycles as they are found: each once, with the starts that led to it."""

from dataclasses import dataclass, field

import numpy as np

from ..following.end import What

LED = {
    What.CURVE: "a cycle",
    What.CIRCLE: "an invariant circle",
    What.QUASIPERIODIC: "quasiperiodic motion",
    What.CHAOS: "chaos",
    What.BOUNDED: "bounded motion that does not close",
    What.POINT: "a fixed point",
    What.UNSTABLE: "a fixed point",
    What.CONTINUUM: "points of a continuum",
    What.INFINITY: "infinity",
    What.UNKNOWN: "not known",
}
"""What records say that a candidate led to; files keep these keys, which therefore stay."""
OPEN = (What.CIRCLE, What.QUASIPERIODIC, What.CHAOS, What.BOUNDED)
"""Outcomes of motion that stays within bounds and never closes."""


CIRCLE = "invariant circle"


@dataclass
class Cycle:
    """One closed orbit `(phase, unit)` with its period in units of the system's time unit.

    The states of an invariant circle are places on it, equally spaced in phase, and its period is
    the mean time once round. `once` is that time; NaN where it is the period.
    """

    orbit: np.ndarray
    period: float
    error: float
    multipliers: np.ndarray = field(default_factory=lambda: np.zeros(0, complex))
    period_error: float = 0.0
    exact: bool = False
    kind: str = "cycle"
    once: float = np.nan
    starts: set[int] = field(default_factory=set)


class CycleSearchResult:
    """The cycles so far, and how every start ended."""

    def __init__(self, starts: int):
        self.cycles: list[Cycle] = []
        self.complete_lengths: tuple[int, ...] = ()
        self.reached = np.full(starts, -1)
        self.reasons = np.full(starts, "was not searched from", dtype=object)
        self.led = np.full(starts, What.UNKNOWN, dtype=object)
        self.turn = np.full(starts, np.nan)

    def hit(self, start: int, cycle: int, reason: str, led: What = What.CURVE) -> None:
        """Note that a start led to a cycle; the first one counts as what it reached."""
        self.cycles[cycle].starts.add(start)
        if self.reached[start] < 0:
            self.reached[start], self.reasons[start] = cycle, reason
            self.led[start] = led

    def miss(self, start: int, reason: str, led: What = What.UNKNOWN) -> None:
        """Note why a start led to no cycle, unless it leads to one on another attempt."""
        if self.reached[start] < 0:
            self.reasons[start], self.led[start] = reason, led
