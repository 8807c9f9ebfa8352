"""Steps of Levenberg–Marquardt's and of Newton's method."""

from dataclasses import dataclass

import numpy as np

from .. import batched
from ..iterate import State
from .jacobians import Damped, Jacobians, some
from .solution import Linearize, Residual


@dataclass
class Batch(State):
    """Candidates at work, and what is known of each; every array has one row for each."""

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
    slow_steps: np.ndarray
    floor_steps: np.ndarray  # at which the residual was at rounding level
    tried: np.ndarray  # whether Newton's step was, where damped ones lead no further
    level: np.ndarray  # whether |r|² decreases no further

    def move(self, rows: np.ndarray, x: np.ndarray, r: np.ndarray, J: Jacobians) -> None:
        """Take some candidates to new states, with residuals and Jacobians there."""
        new = (x, r, J, J.transposed_times(r), J.columns())
        names = ("x", "r", "J", "gradient", "columns")
        for name, values in zip(names, new, strict=True):
            if len(rows) == len(self.x):
                setattr(self, name, values)
            else:
                getattr(self, name)[rows] = values


@dataclass
class Trial:
    """Where a step from each state leads; every array has one row for each.

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
    """

    x: np.ndarray
    r: np.ndarray
    J: Jacobians | None
    after: np.ndarray
    lengths: np.ndarray
    ratio: np.ndarray
    factors: "Factors"

    @classmethod
    def of(cls, linearize: Linearize, residual: Residual | None, batch: Batch) -> "Trial":
        """Take a step from each state of a batch.

        With `residual`, a damped one that halves |r|² is followed by another with the same factors,
        which cost more than all else (Fan 2012).
        """
        factors = Factors(batch)
        step = factors.steps(batch.r)
        x, before = batch.x + step, squares(batch.r)
        r, J = linearize(x) if residual is None else (residual(x), None)
        if residual is not None:
            factors.repeated(x, r, np.flatnonzero(squares(r) < before / 2), residual)
        with np.errstate(over="ignore", invalid="ignore"):
            # |r|² − |r + J p|² = pᵀ(JᵀJ + 2w)p, and the damped system gives (JᵀJ + w)p = −Jᵀr.
            predicted = (step * (factors.weights * step - batch.gradient)).sum(1)
            predicted = np.where(factors.newton, before, predicted)
            after = squares(r)
            ratio = np.where(predicted > 0, (before - after) / predicted, -1.0)
            lengths = np.linalg.norm(x - batch.x, axis=1)
        return cls(x, r, J, after, lengths, ratio, factors)

    def contracts(self, among: np.ndarray) -> np.ndarray:
        """Tell where, among some, another Newton step of the same Jacobian is at most half as long.

        That is a measure of progress in which no unit's scale matters: beside a coordinate that is
        known to rounding level, the decrease of another's residual is not seen in |r|.
        """
        rows = np.flatnonzero(among & self.factors.newton & np.isfinite(self.after))
        result = np.zeros(len(self.x), bool)
        with np.errstate(over="ignore", invalid="ignore"):
            ahead = np.linalg.norm(self.factors.newton_steps(self.r, rows), axis=1)
            result[rows] = ahead <= self.lengths[rows] / 2
        return result


class Factors:
    """What each candidate's step is solved with: Newton's system, or the damped one."""

    def __init__(self, batch: Batch):
        self.gradient, self.newton = batch.gradient, batch.newton.copy()
        self.weights = np.zeros(batch.x.shape)
        self._rows = np.flatnonzero(self.newton)
        self._solver = batched.Solver(some(batch.J, self._rows).matrices())
        self._damped_rows = np.flatnonzero(~self.newton)
        self._jacobians = some(batch.J, self._damped_rows)
        self._damped = self._damped_factors(batch)

    def _damped_factors(self, batch: Batch) -> Damped | None:
        rows = self._damped_rows
        if not len(rows):
            return None
        columns = batch.columns[rows]
        # A unit on which nothing depends is damped as if a little did.
        least = batch.J.eps * columns.mean(1, keepdims=True)
        scale = np.maximum(np.maximum(columns, least), batch.scale[rows])
        batch.scale[rows] = scale
        damped = self._jacobians.damped(batch.damping[rows], scale)
        self.weights[rows] = damped.weights
        return damped

    def steps(self, r: np.ndarray) -> np.ndarray:
        """Return the step of each candidate, of residuals r; NaN where its system is singular."""
        steps = np.zeros(r.shape)
        if self._damped is not None:
            rows = self._damped_rows
            every = np.arange(len(rows))
            steps[rows] = self._damped.steps(r[rows], self.gradient[rows], every)
        steps[self._rows] = self._solver.solve(-r[self._rows])
        return steps

    def repeated(self, x: np.ndarray, r: np.ndarray, among: np.ndarray, residual: Residual) -> None:
        """Go on by another step with the same factors where damped ones led to `x` with residual r.

        Both change in the rows `among` these in which the residual decreases.
        """
        among = among[~self.newton[among]]
        if self._damped is None or not len(among):
            return
        places = np.searchsorted(self._damped_rows, among)
        gradient = self._jacobians[places].transposed_times(r[among])
        with np.errstate(over="ignore", invalid="ignore"):
            second = x[among] + self._damped.steps(r[among], gradient, places)
            ahead = residual(second)
            better = squares(ahead) < squares(r[among])
        x[among[better]], r[among[better]] = second[better], ahead[better]

    def newton_steps(self, r: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Return the Newton steps of residuals r (batch, unit) in rows that have one."""
        places = np.searchsorted(self._rows, among)
        return self._solver.solve(-r[among], places)

    def are_singular(self, among: np.ndarray) -> np.ndarray:
        """Tell in which of the rows that have a Newton step the Jacobian is singular."""
        return self._solver.are_singular(np.searchsorted(self._rows, among))


def squares(r: np.ndarray) -> np.ndarray:
    """Return |r|², infinite where it is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        square = np.square(r).sum(1)
    return np.where(np.isfinite(square), square, np.inf)
