"""Levenberg–Marquardt and Newton steps on a stream of candidates.

Candidates enter a batch of bounded size and leave it when they are done, so memory does not grow
with their number and no work is spent on those that have converged.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from ..._types import require_count, require_positive
from .batch import Batch
from .jacobians import DenseJacobians, Jacobians
from .solution import (
    EPS,
    Attracted,
    Ending,
    Evaluate,
    IsZero,
    Linearize,
    Residual,
    Solution,
    States,
)
from .steps import Trial, among, squares

_NUDGE = 1e-3  # how far, beside the size of states, a residual at rounding level lets one step


@dataclass(frozen=True)
class LevenbergMarquardt:
    r"""Find zeros, or else local minima, of $\frac12|r(x)|^2$ from many starts at once.

    A step solves $(J^\top J + \mu D)\,p = -J^\top r$ with $D$ diagonal, the largest squares of the
    columns of $J$ so far, so that nothing depends on units (Marquardt 1963, Moré 1978); the damping
    μ follows the ratio of actual to predicted decrease (Nielsen 1999). A step that halves $|r|^2$
    is followed by another with the same factors (Fan 2012). Where such steps do as predicted, plain
    Newton steps $J p = -r$ take over: they converge quadratically and reach rounding level, where
    the length of the last one measures the distance to the zero.

    Parameters
    ----------
    max_steps
        Steps (factorizations) after which a candidate is given up.
    stall_steps
        Successive steps without a relative decrease of 1e-3 after which a candidate is handed over
        as near a minimum: Gauss–Newton closes in on a minimum that is not a zero only slowly.
    first_damping
        The damping μ of the first step. More of it leads fewer candidates into local minima, but
        also to fewer different zeros: to those that attract most.

    Raises
    ------
    InvalidInputError
        For a number of steps that is not a positive whole one, a damping that is not positive.

    Examples
    --------
    Newton's method for √2 takes five steps from 1; with a bound of two a candidate is given up.

    >>> import numpy as np, separatrix as sx
    >>> flow, one = sx.Flow(lambda x: x**2 - 2, size=1), np.ones((1, 1))
    >>> few = sx.solvers.LevenbergMarquardt(max_steps=2)
    >>> print(sx.find_fixed_points(flow, one, method=few, slow_points=False).outcome_reasons[0])
    ran out of steps; give it more with LevenbergMarquardt(max_steps=…)
    >>> sx.find_fixed_points(flow, one).states.round(6)
    array([[1.414214]])

    References
    ----------
    Marquardt (1963) J. SIAM 11:431; Moré (1978) Lect. Notes Math. 630:105; Nielsen (1999)
    IMM-REP-1999-05, Technical University of Denmark; Fan (2012) Math. Comp. 81:447.
    """

    max_steps: int = 200
    stall_steps: int = 8
    first_damping: float = 1e-2

    def __post_init__(self) -> None:
        for name in ("max_steps", "stall_steps"):
            require_count(getattr(self, name), name)
        require_positive(self.first_damping, "first_damping")

    def solve(
        self,
        evaluate: Evaluate | Linearize,
        residual: Residual | None,
        starts: States,
        batch_size: int,
        is_zero: IsZero,
        eps: float = EPS,
        near: float = 0.0,
        newton: bool = False,
        attracted: Attracted | None = None,
    ) -> Solution:
        """Solve from every start; rows of `starts` that are not finite end as NOT_FINITE.

        Without `residual` every step that is tried is evaluated with its Jacobian, and none is
        followed by another: that is quicker where a call costs more than what it computes.
        `is_zero` decides where a residual is at rounding level, `eps` is the unit of rounding of
        the function. With `near` above 0 a candidate is handed over as NEAR a zero once a step was
        at most so long in units of the largest start and shrank the residual: then Jacobians of
        single precision are enough, which cost half the time; so is one that is `attracted`. With
        `newton` the first step is Newton's, for starts near zeros: beside a nearly singular one a
        damped step gets nowhere.
        """

        def linearize(states: States) -> tuple[States, Jacobians]:
            r, J = evaluate(states)
            return np.array(r), J if isinstance(J, Jacobians) else DenseJacobians(J)

        solution = Solution.unmoved(starts)
        queue = np.flatnonzero(solution.endings == Ending.RUNNING)
        extent = float(np.abs(starts[queue]).max(initial=0.0))
        batch = self._enter(linearize, starts, queue[:0], newton)
        while len(queue) or len(batch.index):
            room = batch_size - len(batch.index)
            # Refilling a few places at a time would cost an evaluation each time.
            if len(queue) and room >= min(batch_size // 4 + 1, len(queue)):
                entering, queue = queue[:room], queue[room:]
                batch = batch.join(self._enter(linearize, starts, entering, newton))
            endings = self._endings(batch, extent, is_zero)
            if near > 0:
                close = (endings == Ending.ZERO) | (batch.approach <= near * extent)
                if attracted is not None:
                    close |= attracted(batch.x, batch.r, batch.gradient)
                endings[close] = Ending.NEAR
            done = endings != Ending.RUNNING
            if done.any():
                _leave(solution, batch, endings, done)
                batch = batch.select(~done)
            if len(batch.index):
                self._advance(linearize, residual, batch, eps, extent)
        return solution

    def _enter(
        self, linearize: Linearize, starts: States, index: np.ndarray, newton: bool
    ) -> Batch:
        return Batch.enter(linearize, starts, index, self.first_damping, newton)

    def _endings(self, batch: Batch, extent: float, is_zero: IsZero) -> Int[np.ndarray, " batch"]:
        """Say for each candidate whether it is done, and how."""
        norm = np.abs(batch.r).max(1)
        at_floor = is_zero(batch.x, batch.r, batch.J)
        # Newton measures the distance to a zero; where it cannot (a singular Jacobian) the
        # residual alone decides, and the distance stays unknown.
        batch.newton |= at_floor
        batch.floor_steps = np.where(at_floor, batch.floor_steps + 1, 0)
        measured = at_floor & np.isfinite(batch.last_step)

        level = _are_level(batch) | (batch.slow_steps >= self.stall_steps)
        # Only Newton's step sees the smallest singular values of an ill-conditioned Jacobian.
        untried = level & ~at_floor & ~batch.tried
        batch.newton |= untried
        batch.tried |= untried
        level &= ~untried

        endings = np.zeros(len(batch.index), int)
        endings[batch.count >= self.max_steps] = Ending.MAX_STEPS
        endings[level & ~at_floor] = Ending.MINIMUM
        endings[(batch.damping > 1e16) & ~at_floor] = Ending.STALLED
        endings[np.abs(batch.x).max(1) > 1e8 * (1 + extent)] = Ending.RAN_AWAY
        endings[measured | (batch.floor_steps > 2) | (norm == 0)] = Ending.ZERO
        endings[~np.isfinite(norm)] = Ending.NOT_FINITE
        return endings

    def _advance(
        self,
        linearize: Linearize,
        residual: Residual | None,
        batch: Batch,
        eps: float,
        extent: float,
    ) -> None:
        """Try a step for every candidate; those for which it fails keep their place."""
        before = squares(batch.r)
        trial = Trial.of(linearize, residual, batch)
        # A Newton step at rounding level is kept when it does no harm: it measures the distance.
        tiny = trial.lengths <= 4 * np.sqrt(eps) * np.abs(batch.x).max(1)
        harmless = trial.after <= 4 * before
        newton_good = (trial.after <= before / 4) | (harmless & tiny)
        newton_good |= trial.contracts(harmless & ~newton_good)
        newton_good &= ~_astray(batch, trial, extent)
        accept = np.where(batch.newton, newton_good, trial.ratio > 1e-4)
        if accept.any():
            rows = np.flatnonzero(accept)
            x = trial.x[rows]
            r, J = linearize(x) if trial.J is None else (trial.r[rows], among(trial.J, rows))
            batch.move(rows, x, r, J)
        self._update(batch, trial, accept, before)

    def _update(self, batch: Batch, trial: Trial, accept: np.ndarray, before: np.ndarray) -> None:
        damped = ~batch.newton
        good, bad = damped & accept, damped & ~accept
        ratio = np.clip(trial.ratio[good], 0, 2)
        batch.damping[good] *= np.maximum(1 / 3, 1 - (2 * ratio - 1) ** 3)
        batch.growth[good] = 2
        batch.damping[bad] *= batch.growth[bad]
        batch.growth[bad] *= 2
        batch.last_step = np.where(batch.newton & accept, trial.lengths, np.inf)
        quartered = accept & (trial.after <= before / 16)
        batch.approach = np.where(quartered, trial.lengths, np.inf)
        slow = accept & (trial.after > (1 - 1e-3) * before)
        batch.slow_steps = np.where(
            slow, batch.slow_steps + 1, np.where(accept, 0, batch.slow_steps)
        )
        # Newton's turn comes after damped steps that did as predicted and left an eighth of r.
        closing = good & (trial.ratio > 0.5) & (trial.after < before / 64)
        batch.newton = np.where(damped, closing, accept)
        batch.tried &= ~(accept & (trial.after <= before / 4))
        batch.count += 1


def _are_level(batch: Batch) -> np.ndarray:
    """Tell where |r|² decreases in no direction, beside how steep it could be."""
    with np.errstate(over="ignore", invalid="ignore"):  # where the candidate is far away
        slope = np.linalg.norm(batch.gradient, axis=1)
        steepest = np.sqrt(batch.columns.sum(1)) * np.linalg.norm(batch.r, axis=1)
        return np.isfinite(slope) & (slope <= 1e-10 * steepest)


def _astray(batch: Batch, trial: Trial, extent: float) -> np.ndarray:
    """Tell where a Newton step goes far along what a singular Jacobian does not see.

    There its length is that of rounding errors over a singular value that is itself no more.
    """
    reach = np.where(batch.floor_steps > 0, _NUDGE, 1.0)
    reach *= np.maximum(np.abs(batch.x).max(1, initial=0), extent)
    far = batch.newton & np.isfinite(trial.lengths) & (trial.lengths > reach)
    if far.any():
        far[far] = trial.factors.are_singular(np.flatnonzero(far))
    return far


def _leave(solution: Solution, batch: Batch, endings: np.ndarray, done: np.ndarray) -> None:
    index = batch.index[done]
    solution.states[index] = batch.x[done]
    solution.residuals[index] = batch.r[done]
    solution.steps[index] = batch.last_step[done]
    solution.endings[index] = endings[done]
    solution.counts[index] = batch.count[done]
