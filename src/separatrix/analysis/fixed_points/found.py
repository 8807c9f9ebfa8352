"""Points, and what became of the candidates, while a search collects them."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Found:
    """What a search has found so far; `reached` and `reasons` have an entry for each candidate."""

    states: list[np.ndarray]
    kinds: list[str]
    bounds: list[float]
    proofs: dict[int, tuple[float, float, str]]
    refusals: dict[int, str]
    reached: np.ndarray
    reasons: np.ndarray = field(repr=False)

    @classmethod
    def empty(cls, num_candidates: int) -> "Found":
        """Return a search that has found nothing yet."""
        reasons = np.full(num_candidates, "not followed", dtype=object)
        return cls([], [], [], {}, {}, np.full(num_candidates, -1), reasons)

    def add(
        self, state: np.ndarray, kind: str, bound: float, members: np.ndarray, reason: str
    ) -> int:
        """Add a point that the candidates `members` led to, and return its number."""
        label = len(self.states)
        self.states.append(np.asarray(state, float))
        self.kinds.append(kind)
        self.bounds.append(float(bound))
        self.reached[members] = label
        self.reasons[members] = reason
        return label

    def prove(self, label: int, error_bound: float, radius: float, text: str) -> None:
        """Note that a point was proved by the method that found it."""
        self.proofs[label] = (error_bound, radius, text)

    def refuse(self, label: int, reason: str) -> None:
        """Note why a point is not proved."""
        self.refusals[label] = reason
