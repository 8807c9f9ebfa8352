"""The candidates at work."""

from dataclasses import dataclass, fields

import numpy as np

from .. import batched
from .solution import Evaluate, States


@dataclass
class Batch:
    """Candidates at work, and what is known of each; every array has one row for each."""

    index: np.ndarray
    x: np.ndarray
    r: np.ndarray
    J: np.ndarray
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
        cls, evaluate: Evaluate, starts: States, index: np.ndarray, damping: float, newton: bool
    ) -> "Batch":
        """Return candidates that have not moved yet."""
        x, n = np.array(starts[index], float), len(index)
        r, J = evaluate(x)
        ones, none = np.ones(n), np.zeros(n, int)
        unknown, no = np.inf * ones, np.zeros(n, bool)
        return cls(
            index, x, r, J, *measure(r, J), np.zeros(x.shape),
            damping * ones, 2 * ones, np.full(n, newton),
            unknown, unknown.copy(), none, none.copy(), none.copy(), no,
        )  # fmt: skip

    def select(self, keep: np.ndarray) -> "Batch":
        """Return some of the candidates."""
        return Batch(*(getattr(self, f.name)[keep] for f in fields(self)))

    def join(self, other: "Batch") -> "Batch":
        """Return the candidates of both."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Batch(*(np.concatenate(pair) for pair in pairs))

    def move(self, rows: np.ndarray, x: np.ndarray, r: np.ndarray, J: np.ndarray) -> None:
        """Take some candidates to new states, with residuals and Jacobians there."""
        new = (x, r, J, *measure(r, J))
        names = ("x", "r", "J", "gradient", "columns")
        for name, values in zip(names, new, strict=True):
            if len(rows) == len(self.x):
                setattr(self, name, values)
            else:
                getattr(self, name)[rows] = values


def measure(r: States, J: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Jᵀ r and the squares of the columns of J, infinite where too large to be squared."""
    with np.errstate(over="ignore", invalid="ignore"):
        gradient = batched.apply_transposed(J, r.astype(J.dtype)).astype(float)
        return gradient, np.einsum("bij,bij->bj", J, J).astype(float)
