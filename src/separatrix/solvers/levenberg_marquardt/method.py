"""Levenberg–Marquardt and Newton steps on a stream of candidates."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from ..._types import require_count, require_positive
from ..endings import Ending
from ..iterate import AbstractIteration, iterate
from .jacobians import DenseJacobians, Jacobians, take
from .solution import (
    EPS,
    Attracted,
    Evaluate,
    Finished,
    IsZero,
    Linearize,
    Residual,
    Solution,
    States,
    endings_of,
)
from .steps import Batch, TrialStep, squares

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
        finished: Finished | None = None,
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

        Starts that are not done at the time limit are left RUNNING; `finished` is called with the
        others as they end.
        """
        solution = Solution.unmoved(starts)
        running = np.flatnonzero(solution.endings == Ending.RUNNING)
        extent = float(np.abs(starts[running]).max(initial=0.0))
        iteration = _LevenbergMarquardtIteration(
            self, evaluate, residual, starts, is_zero, eps, near, newton, attracted, extent
        )
        for at, endings in iterate(iteration, running, batch_size):
            done = Solution(at.x, at.r, at.last_step, endings, at.count)
            solution.put(at.index, done)
            if finished is not None:
                finished(done)
        return solution


@dataclass(frozen=True)
class _LevenbergMarquardtIteration(AbstractIteration[Batch]):
    """The method at work; see `LevenbergMarquardt.solve`."""

    method: LevenbergMarquardt
    evaluate: Evaluate | Linearize
    residual: Residual | None
    starts: States
    is_zero: IsZero
    eps: float
    near: float
    newton: bool
    attracted: Attracted | None
    extent: float

    def linearize(self, states: States) -> tuple[States, Jacobians]:
        r, J = self.evaluate(states)
        return np.array(r), J if isinstance(J, Jacobians) else DenseJacobians(J)

    def init(self, index: np.ndarray) -> Batch:
        x, n = np.array(self.starts[index], float), len(index)
        r, J = self.linearize(x)
        ones, none = np.ones(n), np.zeros((3, n), int)
        unknown, no = np.inf * ones, np.zeros((2, n), bool)
        return self._observed(
            Batch(
                index, x, none[0], r, J, J.transposed_times(r), J.columns(), np.zeros(x.shape),
                self.method.first_damping * ones, 2 * ones, np.full(n, self.newton),
                unknown, unknown, none[1], none[2], *no,
            )
        )  # fmt: skip

    def step(self, state: Batch) -> Batch:
        before = squares(state.r)
        trial = TrialStep.of(self.linearize, self.residual, state)
        # A Newton step at rounding level is kept when it does no harm: it measures the distance.
        tiny = trial.lengths <= 4 * np.sqrt(self.eps) * np.abs(state.x).max(1)
        harmless = trial.after <= 4 * before
        newton_good = (trial.after <= before / 4) | (harmless & tiny)
        newton_good |= trial.contracts(harmless & ~newton_good)
        newton_good &= ~_diverging_newton_step(state, trial, self.extent)
        accept = np.where(state.newton, newton_good, trial.ratio > 1e-4)
        if accept.any():
            rows = np.flatnonzero(accept)
            x = trial.x[rows]
            r, J = self.linearize(x) if trial.J is None else (trial.r[rows], take(trial.J, rows))
            state.move(rows, x, r, J)
        _adapt(state, trial, accept, before)
        return self._observed(state)

    def _observed(self, state: Batch) -> Batch:
        """Mark which candidates are stationary, and whose turn is Newton's step."""
        at_floor = self.is_zero(state.x, state.r, state.J)
        # Newton measures the distance to a zero; where it cannot (a singular Jacobian) the
        # residual alone decides, and the distance stays unknown.
        state.newton |= at_floor
        state.steps_at_rounding_level = np.where(at_floor, state.steps_at_rounding_level + 1, 0)
        stationary = _are_stationary(state) | (state.slow_steps >= self.method.stall_steps)
        # Only Newton's step sees the smallest singular values of an ill-conditioned Jacobian.
        untried = stationary & ~at_floor & ~state.newton_tried
        state.newton |= untried
        state.newton_tried |= untried
        state.stationary = stationary & ~untried
        return state

    def terminate(self, state: Batch) -> Int[np.ndarray, " batch"]:
        norm, at_floor = np.abs(state.r).max(1), state.steps_at_rounding_level > 0
        zero = (
            (at_floor & np.isfinite(state.last_step))
            | (state.steps_at_rounding_level > 2)
            | (norm == 0)
        )
        given_up = state.count >= self.method.max_steps
        endings = endings_of(
            state.x, norm, self.extent, given_up, state.stationary, state.damping, zero, at_floor
        )
        if self.near > 0:
            close = (endings == Ending.ZERO) | (state.approach <= self.near * self.extent)
            if self.attracted is not None:
                close |= self.attracted(state.x, state.r, state.gradient)
            endings[close] = Ending.NEAR
        return endings


def _adapt(state: Batch, trial: TrialStep, accept: np.ndarray, before: np.ndarray) -> None:
    """Update the damping, counts and turns of Newton's method for the next step."""
    damped = ~state.newton
    good, bad = damped & accept, damped & ~accept
    ratio = np.clip(trial.ratio[good], 0, 2)
    state.damping[good] *= np.maximum(1 / 3, 1 - (2 * ratio - 1) ** 3)
    state.growth[good] = 2
    state.damping[bad] *= state.growth[bad]
    state.growth[bad] *= 2
    state.last_step = np.where(state.newton & accept, trial.lengths, np.inf)
    quartered = accept & (trial.after <= before / 16)
    state.approach = np.where(quartered, trial.lengths, np.inf)
    slow = accept & (trial.after > (1 - 1e-3) * before)
    state.slow_steps = np.where(slow, state.slow_steps + 1, np.where(accept, 0, state.slow_steps))
    # Newton's turn comes after damped steps that did as predicted and left an eighth of r.
    closing = good & (trial.ratio > 0.5) & (trial.after < before / 64)
    state.newton = np.where(damped, closing, accept)
    state.newton_tried &= ~(accept & (trial.after <= before / 4))
    state.count += 1


def _are_stationary(batch: Batch) -> np.ndarray:
    """Mask candidates where |r|² decreases in no direction, beside how steep it could be."""
    with np.errstate(over="ignore", invalid="ignore"):  # where the candidate is far away
        slope = np.linalg.norm(batch.gradient, axis=1)
        steepest = np.sqrt(batch.columns.sum(1)) * np.linalg.norm(batch.r, axis=1)
        return np.isfinite(slope) & (slope <= 1e-10 * steepest)


def _diverging_newton_step(batch: Batch, trial: TrialStep, extent: float) -> np.ndarray:
    """Mask Newton steps that go far along what a singular Jacobian does not see.

    There its length is that of rounding errors over a singular value that is itself no more.
    """
    reach = np.where(batch.steps_at_rounding_level > 0, _NUDGE, 1.0)
    reach *= np.maximum(np.abs(batch.x).max(1, initial=0), extent)
    far = batch.newton & np.isfinite(trial.lengths) & (trial.lengths > reach)
    return trial.are_singular(far) if far.any() else far
