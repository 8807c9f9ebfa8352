"""Steps of Levenberg–Marquardt's and of Newton's method."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import batched
from ..iterate import replaced
from .equations import DampedState, Linearize, Residual
from .jacobians import Jacobians, take


@dataclass(frozen=True)
class Batch(DampedState):
    """Candidates at work, and what is known of each; every array has one row for each."""

    J: Jacobians
    gradient: np.ndarray  # Jᵀ r
    columns: np.ndarray  # the squares of the columns of J
    scale: np.ndarray  # the largest squares of the columns of J so far
    newton: np.ndarray
    last_step: np.ndarray  # length of the last step where it was Newton's, else infinite
    approach: np.ndarray  # the same of any step that led to a quarter of the residual
    steps_at_rounding_level: np.ndarray  # at which the residual was at rounding level
    newton_tried: np.ndarray  # whether Newton's step was, where damped ones lead no further
    stationary: np.ndarray  # whether |r|² decreases no further

    def move(self, rows: np.ndarray, x: np.ndarray, r: np.ndarray, J: Jacobians) -> "Batch":
        """Take some candidates to new states, with residuals and Jacobians there."""
        new: dict[str, Any] = {
            "x": x,
            "r": r,
            "J": J,
            "gradient": J.transposed_times(r),
            "columns": J.columns(),
        }
        if len(rows) < len(self.x):
            new = {name: replaced(getattr(self, name), rows, part) for name, part in new.items()}
        return replace(self, **new)

    def rescaled(self) -> "Batch":
        """Update the scale of those whose turn is a damped step."""
        # A unit on which nothing depends is damped as if a little did.
        least = self.J.eps * self.columns.mean(1, keepdims=True)
        largest = np.maximum(np.maximum(self.columns, least), self.scale)
        return replace(self, scale=np.where(self.newton[:, None], self.scale, largest))


@dataclass(frozen=True)
class TrialStep:
    """Step from each state; every array has one row for each.

    Attributes
    ----------
    x (batch, unit), r (batch, unit), after (batch,)
        The states, the residuals and |r|² there.
    J (batch,)
        The Jacobians there, or None where they are still to be evaluated.
    lengths (batch,)
        Of the steps.
    ratio (batch,)
        Actual over predicted decrease of |r|².
    newton (row,), solver
        The rows in which Newton's step was taken, and what solves for it.
    """

    x: np.ndarray
    r: np.ndarray
    J: Jacobians | None
    after: np.ndarray
    lengths: np.ndarray
    ratio: np.ndarray
    newton: np.ndarray
    solver: batched.Solver

    @classmethod
    def of(cls, linearize: Linearize, residual: Residual | None, batch: Batch) -> "TrialStep":
        """Take a step from each state of a batch: Newton's where it is its turn, or a damped one.

        With `residual`, a damped one that halves |r|² is followed by another with the same factors,
        which cost more than all else (Fan 2012).
        """
        newton, rows = np.flatnonzero(batch.newton), np.flatnonzero(~batch.newton)
        solver = batched.Solver(take(batch.J, newton).matrices())
        step, before = np.zeros(batch.x.shape), squares(batch.r)
        step[newton], predicted = solver.solve(-batch.r[newton]), before.copy()
        if len(rows):
            weights, damped = take(batch.J, rows).damped(batch.damping[rows], batch.scale[rows])
            gradient = batch.gradient[rows]
            step[rows] = p = damped(batch.r[rows], gradient, np.arange(len(rows)))
            with np.errstate(over="ignore", invalid="ignore"):
                # |r|² − |r + J p|² = pᵀ(JᵀJ + 2w)p, and the system gives (JᵀJ + w)p = −Jᵀr.
                predicted[rows] = (p * (weights * p - gradient)).sum(1)
        x = batch.x + step
        r, J = linearize(x) if residual is None else (residual(x), None)
        if residual is not None and len(rows):
            places = np.flatnonzero((squares(r) < before / 2)[rows])
            again = rows[places]
            if len(again):
                gradient = batch.J[again].transposed_times(r[again])
                with np.errstate(over="ignore", invalid="ignore"):
                    second = x[again] + damped(r[again], gradient, places)
                    ahead = residual(second)
                better = squares(ahead) < squares(r[again])
                x[again[better]], r[again[better]] = second[better], ahead[better]
        after = squares(r)
        with np.errstate(over="ignore", invalid="ignore"):
            ratio = np.where(predicted > 0, (before - after) / predicted, -1.0)
            lengths = np.linalg.norm(x - batch.x, axis=1)
        return cls(x, r, J, after, lengths, ratio, newton, solver)

    def contracts(self, among: np.ndarray) -> np.ndarray:
        """Mask, among some, where another step of the same Jacobian is at most half as long.

        That is a measure of progress in which no unit's scale matters: beside a coordinate that is
        known to rounding level, the decrease of another's residual is not seen in |r|.
        """
        places = np.flatnonzero((among & np.isfinite(self.after))[self.newton])
        rows = self.newton[places]
        result = np.zeros(len(self.x), bool)
        with np.errstate(over="ignore", invalid="ignore"):
            ahead = np.linalg.norm(self.solver.solve(-self.r[rows], places), axis=1)
            result[rows] = ahead <= self.lengths[rows] / 2
        return result

    def are_singular(self, among: np.ndarray) -> np.ndarray:
        """Mask, among some that took Newton's step, where the Jacobian is singular."""
        result = np.zeros(len(self.x), bool)
        places = np.flatnonzero(among[self.newton])
        result[self.newton[places]] = self.solver.are_singular(places)
        return result


def squares(r: np.ndarray) -> np.ndarray:
    """Return |r|², infinite where it is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        square = np.square(r).sum(1)
    return np.where(np.isfinite(square), square, np.inf)
