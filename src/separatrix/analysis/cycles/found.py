"""Cycles as they are found: each once, with the starts that led to it."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Cycle:
    """One closed orbit `(phase, unit)` with its period in units of the system's time unit."""

    orbit: np.ndarray
    period: float
    error: float
    multipliers: np.ndarray = field(default_factory=lambda: np.zeros(0, complex))
    period_error: float = 0.0
    exact: bool = False
    starts: set[int] = field(default_factory=set)


class Found:
    """The cycles so far, and what became of every start."""

    def __init__(self, starts: int):
        self.cycles: list[Cycle] = []
        self.reached = np.full(starts, -1)
        self.reasons = np.full(starts, "was not searched from", dtype=object)

    def hit(self, start: int, cycle: int, reason: str) -> None:
        """Note that a start led to a cycle; the first one counts as what it reached."""
        self.cycles[cycle].starts.add(start)
        if self.reached[start] < 0:
            self.reached[start], self.reasons[start] = cycle, reason

    def miss(self, start: int, reason: str) -> None:
        """Note why a start led nowhere, unless it leads somewhere on another attempt."""
        if self.reached[start] < 0:
            self.reasons[start] = reason
