"""The candidates at work."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .jacobians import Jacobians
from .solution import Linearize, States


@dataclass
class Batch:
    """Candidates at work, and what is known of each; every array has one row for each."""

    index: np.ndarray
    x: np.ndarray
    r: np.ndarray
    J: Jacobians
    gradient: np.ndarray  # Jᵀ r
    columns: np.ndarray  # the squares of the columns of J
    scale: np.ndarray  # the largest squares of the columns of J so far
    damping: np.ndarray
    growth: np.ndarray
    newton: np.ndarray
    last_step: np.ndarray  # length of the last step where it was Newton's, else infinite
    approach: np.ndarray  # the same of any step that led to a quarter of the residual
    count: np.ndarray
    slow_steps: np.ndarray
    floor_steps: np.ndarray
    tried: np.ndarray  # whether Newton's step was, where damped ones lead no further

    @classmethod
    def enter(
        cls, linearize: Linearize, starts: States, index: np.ndarray, damping: float, newton: bool
    ) -> "Batch":
        """Return candidates that have not moved yet."""
        x, n = np.array(starts[index], float), len(index)
        r, J = linearize(x)
        ones, none = np.ones(n), np.zeros(n, int)
        unknown, no = np.inf * ones, np.zeros(n, bool)
        return cls(
            index, x, r, J, *J.measured(r), np.zeros(x.shape),
            damping * ones, 2 * ones, np.full(n, newton),
            unknown, unknown.copy(), none, none.copy(), none.copy(), no,
        )  # fmt: skip

    def select(self, keep: np.ndarray) -> "Batch":
        """Return some of the candidates."""
        return Batch(*(getattr(self, f.name)[keep] for f in fields(self)))

    def join(self, other: "Batch") -> "Batch":
        """Return the candidates of both."""
        mine, others = ([getattr(b, f.name) for f in fields(self)] for b in (self, other))
        return Batch(*map(_joined, mine, others))

    def move(self, rows: np.ndarray, x: np.ndarray, r: np.ndarray, J: Jacobians) -> None:
        """Take some candidates to new states, with residuals and Jacobians there."""
        new = (x, r, J, *J.measured(r))
        names = ("x", "r", "J", "gradient", "columns")
        for name, values in zip(names, new, strict=True):
            if len(rows) == len(self.x):
                setattr(self, name, values)
            else:
                getattr(self, name)[rows] = values


def _joined(some: Any, others: Any) -> Any:
    return some.joined(others) if isinstance(some, Jacobians) else np.concatenate([some, others])
