"""Points, and what became of the candidates, while a search collects them."""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

T = TypeVar("T")


@dataclass
class Found:
    """What a search has found so far; `reached` and `reasons` have an entry for each candidate."""

    size: int
    states: list[np.ndarray]
    kinds: list[str]
    bounds: list[float]
    proofs: dict[int, tuple[float, float, str]]
    refusals: dict[int, str]
    reached: np.ndarray
    reasons: np.ndarray = field(repr=False)
    degenerate: dict[int, str] = field(default_factory=dict)  # what shows that a point is so
    contradiction: str = ""  # why zeros of the residual are no fixed points

    @classmethod
    def empty(cls, num_candidates: int, size: int) -> "Found":
        """Return a search among states of `size` units that has found nothing yet."""
        reasons = np.full(num_candidates, "not followed", dtype=object)
        return cls(size, [], [], [], {}, {}, np.full(num_candidates, -1), reasons)

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

    def add_proved(
        self, states: np.ndarray, error_bounds: np.ndarray, radii: np.ndarray, how: str
    ) -> list[int]:
        """Add fixed points that no candidate led to, proved as `how` says; return their numbers."""
        labels = []
        for state, error, radius in zip(states, error_bounds.tolist(), radii.tolist(), strict=True):
            labels.append(self.add(state, "fixed", error, np.zeros(0, int), ""))
            text = f"exists within {error:.1e}, alone within {radius:.1e}, {how}"
            self.prove(labels[-1], error, radius, text)
        return labels

    def refuse(self, label: int, reason: str) -> None:
        """Note why a point is not proved."""
        self.refusals[label] = reason

    def labels(self, kind: str) -> list[int]:
        """Return the numbers of the points of one kind."""
        return [k for k, of_kind in enumerate(self.kinds) if of_kind == kind]

    def stacked(self, labels: list[int]) -> np.ndarray:
        """Return the states of some points, `(point, unit)`."""
        return np.array([self.states[k] for k in labels]).reshape(len(labels), self.size)

    def adopt(self, other: "Found", label: int) -> None:
        """Take over a point that another search has found, with what is proved of it."""
        own = self.add(
            other.states[label], other.kinds[label], other.bounds[label], np.zeros(0, int), ""
        )
        if label in other.proofs:
            self.prove(own, *other.proofs[label])
        elif label in other.refusals:
            self.refuse(own, other.refusals[label])
        if label in other.degenerate:
            self.degenerate[own] = other.degenerate[label]

    def join(self, other: "Found", rows: np.ndarray) -> None:
        """Take over another search among some of the candidates, and its points."""
        before = len(self.states)
        for label in range(len(other.states)):
            self.adopt(other, label)
        self.reached[rows] = np.where(other.reached < 0, -1, other.reached + before)
        self.reasons[rows] = other.reasons
        self.contradiction = self.contradiction or other.contradiction

    def reject(self, labels: list[int], reason: str) -> None:
        """Take points out again: their candidates are rejected, and the others numbered anew."""
        for label in sorted(labels, reverse=True):
            self.reasons[self.reached == label] = reason
            self._drop(label, -1)

    def merge(self, same: dict[int, int]) -> None:
        """Let points be others, `same[label]`, whose candidates theirs become."""
        for label in sorted(same, reverse=True):
            self._drop(label, same[label])
            same = {k: into - (into > label) for k, into in same.items()}

    def _drop(self, label: int, into: int) -> None:
        self.reached[self.reached == label] = into
        self.reached[self.reached > label] -= 1
        del self.states[label], self.kinds[label], self.bounds[label]
        self.proofs = _without(self.proofs, label)
        self.refusals = _without(self.refusals, label)
        self.degenerate = _without(self.degenerate, label)


def _without(table: dict[int, T], label: int) -> dict[int, T]:
    return {k - (k > label): value for k, value in table.items() if k != label}
