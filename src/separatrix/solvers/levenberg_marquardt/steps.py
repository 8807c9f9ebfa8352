"""Steps of Levenberg–Marquardt's and of Newton's method."""

from dataclasses import dataclass

import numpy as np

from .. import batched
from .batch import Batch
from .solution import Residual


@dataclass
class Trial:
    """Where a step from each state leads; every array has one row for each.

    Attributes
    ----------
    x (batch, unit), r (batch, unit), after (batch,)
        The states, the residuals and |r|² there.
    lengths (batch,)
        Of the steps.
    ratio (batch,)
        Actual over predicted decrease of |r|².
    """

    x: np.ndarray
    r: np.ndarray
    after: np.ndarray
    lengths: np.ndarray
    ratio: np.ndarray
    factors: "Factors"

    @classmethod
    def of(cls, residual: Residual, batch: Batch) -> "Trial":
        """Take a step from each state of a batch."""
        factors = Factors(batch)
        step = factors.steps(batch.r, np.arange(len(batch.x)))
        x = batch.x + step
        r = residual(x)
        before = np.square(batch.r).sum(1)
        with np.errstate(over="ignore", invalid="ignore"):
            # |r|² − |r + J p|² = pᵀ(JᵀJ + 2w)p, and the damped system gives (JᵀJ + w)p = −Jᵀr.
            predicted = (step * (factors.weights * step - batch.gradient)).sum(1)
            predicted = np.where(factors.newton, before, predicted)
            after = _squares(r)
            ratio = np.where(predicted > 0, (before - after) / predicted, -1.0)
            lengths = np.linalg.norm(step, axis=1)
        return cls(x, r, after, lengths, ratio, factors)

    def contracts(self) -> np.ndarray:
        """Tell where the next Newton step, with the same Jacobian, is at most half as long.

        That is a measure of progress in which no unit's scale matters: beside a coordinate that is
        known to rounding level, the decrease of another's residual is not seen in |r|.
        """
        rows = np.flatnonzero(self.factors.newton & np.isfinite(self.after))
        result = np.zeros(len(self.x), bool)
        with np.errstate(over="ignore", invalid="ignore"):
            ahead = np.linalg.norm(self.factors.steps(self.r, rows), axis=1)
            result[rows] = ahead <= self.lengths[rows] / 2
        return result


class Factors:
    """What each candidate's steps are solved with: Newton's or the damped system, factorized."""

    def __init__(self, batch: Batch):
        self.gradient, self.newton = batch.gradient, batch.newton.copy()
        self._solvers: list[batched.Factorization] = [batched.SINGULAR] * len(batch.x)
        self.weights = np.zeros(batch.x.shape)
        newton, damped = np.flatnonzero(self.newton), np.flatnonzero(~self.newton)
        if len(newton):
            self._keep(newton, batched.factorize(batch.J[newton]))
        if len(damped):
            J = batch.J if len(damped) == len(batch.x) else batch.J[damped]
            squares = batched.gram(J)
            diagonal = np.einsum("bii->bi", squares).astype(float)
            # A unit on which nothing depends is damped as if a little did.
            least = np.finfo(J.dtype).eps * diagonal.mean(1, keepdims=True)
            scale = np.maximum(np.maximum(diagonal, least), batch.scale[damped])
            batch.scale[damped] = scale
            weights = batch.damping[damped, None] * scale
            self.weights[damped] = weights
            self._keep(damped, batched.factorize_positive(squares, weights))

    def _keep(self, rows: np.ndarray, solvers: list[batched.Factorization]) -> None:
        for row, solver in zip(rows.tolist(), solvers, strict=True):
            self._solvers[row] = solver

    def steps(self, r: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return steps from states with residuals r, NaN where the system is singular."""
        right = -r[rows]
        damped = ~self.newton[rows]
        right[damped] = -self.gradient[rows[damped]]
        return np.array(
            [self._solvers[row](v) for row, v in zip(rows.tolist(), right, strict=True)]
        ).reshape(right.shape)


def _squares(r: np.ndarray) -> np.ndarray:
    """Return |r|², infinite where it is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        square = np.square(r).sum(1)
    return np.where(np.isfinite(square), square, np.inf)
