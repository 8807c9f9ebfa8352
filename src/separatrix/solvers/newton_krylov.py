"""Levenberg–Marquardt steps without a Jacobian, for systems whose Jacobian would be too large."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .._parallel import chunks
from .levenberg_marquardt import Ending, Solution

States = Float[np.ndarray, "candidate unit"]


class Attempt(NamedTuple):
    """A damped step from each of a batch of states; every array has a row for each.

    Attributes
    ----------
    residual (batch, unit), step (batch, unit), ahead (batch, unit)
        The residual here, the step, and the residual where it leads.
    predicted (batch,)
        The decrease of |r|² that the linear model promises.
    slope (batch,)
        |Jᵀ r| / (|r| |J r̂|), with r̂ = Jᵀr/|Jᵀr|: small where |r|² is level though r is not zero.
    """

    residual: np.ndarray
    step: np.ndarray
    ahead: np.ndarray
    predicted: np.ndarray
    slope: np.ndarray


Try = Callable[[np.ndarray, np.ndarray], Attempt]
"""States and dampings -> what a step from each would do."""


@dataclass(frozen=True)
class NewtonKrylov:
    r"""Find zeros of a residual from products with its Jacobian and its transpose alone.

    A step solves $(J^\top J + \mu s I)\,p = -J^\top r$ by conjugate gradients, with
    $s = |J^\top r|^2/|r|^2$; μ follows the ratio of actual to predicted decrease, so that the steps
    turn into Newton's.

    Attributes
    ----------
    max_steps
        Steps after which a candidate is given up.
    stall_steps
        Successive steps without a relative decrease of 1e-3 after which a candidate is handed over
        as near a minimum.
    first_damping
        The damping μ of the first step.

    References
    ----------
    Knoll & Keyes (2004) J. Comput. Phys. 193:357.
    """

    max_steps: int = 200
    stall_steps: int = 8
    first_damping: float = 1e-2

    def solve(
        self,
        attempt: Try,
        starts: States,
        batch_size: int,
        is_zero: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> Solution:
        """Solve from every start, `batch_size` at a time; `is_zero` tells zeros by state and r."""
        parts = [
            self._solve_part(attempt, starts[part], is_zero)
            for part in chunks(len(starts), batch_size)
        ]
        names = Solution.__annotations__
        return Solution(**{f: np.concatenate([getattr(part, f) for part in parts]) for f in names})

    def _solve_part(
        self,
        attempt: Try,
        starts: States,
        is_zero: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> Solution:
        x = np.array(starts, float)
        count = len(x)
        residuals, lengths = np.full(x.shape, np.nan), np.full(count, np.inf)
        damping, growth = np.full(count, self.first_damping), np.full(count, 2.0)
        stalls, counts, endings = np.zeros(count, int), np.zeros(count, int), np.zeros(count, int)
        endings[~np.isfinite(x).all(1)] = Ending.NOT_FINITE
        extent = float(np.abs(x[endings == 0]).max(initial=0.0))
        while (rows := np.flatnonzero(endings == Ending.RUNNING)).size:
            tried = attempt(x[rows], damping[rows])
            residuals[rows] = tried.residual
            endings[rows] = self._endings(tried, x[rows], counts[rows], stalls[rows], extent)
            endings[rows[damping[rows] > 1e16]] = Ending.STALLED
            endings[rows[is_zero(x[rows], tried.residual)]] = Ending.ZERO
            going = endings[rows] == Ending.RUNNING
            before, after = (np.square(r).sum(1) for r in (tried.residual, tried.ahead))
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.nan_to_num((before - after) / tried.predicted, nan=-1.0)
            good = going & (ratio > 1e-4) & np.isfinite(after)
            taken, bad = rows[good], rows[going & ~good]
            x[taken] += tried.step[good]
            lengths[taken] = np.linalg.norm(tried.step[good], axis=1)
            damping[taken] *= np.where(ratio[good] > 0.9, 0.03, np.where(ratio[good] > 0.5, 0.3, 1))
            growth[taken] = 2.0
            damping[bad] *= growth[bad]
            growth[bad] *= 2.0
            slow = good & (after > (1 - 1e-3) * before)
            stalls[rows] = np.where(slow, stalls[rows] + 1, np.where(good, 0, stalls[rows]))
            counts[rows] += 1
        return Solution(x, residuals, lengths, endings, counts)

    def _endings(
        self, tried: Attempt, x: np.ndarray, counts: np.ndarray, stalls: np.ndarray, extent: float
    ) -> np.ndarray:
        """Say for each candidate that is at no zero whether it is done, and how."""
        endings = np.zeros(len(x), int)
        endings[counts >= self.max_steps] = Ending.MAX_STEPS
        endings[(tried.slope <= 1e-10) | (stalls >= self.stall_steps)] = Ending.MINIMUM
        endings[np.abs(x).max(1) > 1e8 * (1 + extent)] = Ending.RAN_AWAY
        endings[~np.isfinite(tried.residual).all(1)] = Ending.NOT_FINITE
        return endings
