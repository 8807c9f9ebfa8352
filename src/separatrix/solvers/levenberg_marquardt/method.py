"""Levenberg–Marquardt and Newton steps on a stream of candidates."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from ..._checked import Count, Positive, checked
from ..endings import Ending
from ..iterate import AbstractIteration, Report, Solution, States, iterate
from .equations import Equations, endings_of
from .jacobians import DenseJacobians, Jacobians, take
from .steps import Batch, TrialStep, squares

_NEAR = 1e-3  # length of a step, in units of the largest start, that led near a zero
_NUDGE = 1e-3  # how far, beside the size of states, a residual at rounding level lets one step


@checked
@dataclass(frozen=True)
class LevenbergMarquardt:
    r"""Find zeros of $r(x)$, or else local minima of $\frac12|r(x)|^2$, from many starts at once.

    A step solves $(J^\top J + \mu D)\,p = -J^\top r$. The diagonal matrix $D$ holds the largest
    squares of the columns of $J$ so far, so that the method does not depend on the units of the
    variables (Marquardt 1963, Moré 1978). The damping μ follows the ratio of actual to predicted
    decrease (Nielsen 1999). A step that halves $|r|^2$ is followed by another step with the same
    factorization (Fan 2012). Once such a step (or pair of steps) reduces $|r|$ to less than an
    eighth, and $|r|^2$ by more than half of the predicted decrease, plain Newton steps $J p = -r$
    take over. They converge quadratically until r is at rounding level, where the length of the
    last step measures the distance to the zero.

    Parameters
    ----------
    max_steps
        The maximum number of steps (factorizations) for one candidate.
    stall_steps
        If this many successive steps each decrease $|r|^2$ by less than 0.1 %, the candidate counts
        as near a minimum that is not a zero. (Steps that are tried and not taken do not count.) If
        a Newton step does not help either, this method stops there, and the analysis continues with
        another one, such as `DampedNewton`. The reason is that steps without second derivatives
        converge slowly to such a minimum.
    first_damping
        The damping μ of the first step. With a larger μ, fewer candidates end in local minima, but
        more candidates end at the same few zeros, so fewer different zeros are found.

    Raises
    ------
    InvalidInputError
        If `max_steps` or `stall_steps` is not a positive whole number, or if `first_damping` is not
        positive.

    Examples
    --------
    Newton's method for √2 takes five steps from 1. With at most two steps, the candidate is given
    up.

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

    max_steps: Count = 200
    stall_steps: Count = 8
    first_damping: Positive = 1e-2

    def solve(
        self,
        equations: Equations,
        starts: States,
        newton: bool = False,
        report: Report | None = None,
    ) -> Solution:
        """Solve from every start; rows of `starts` that are not finite end as NOT_FINITE.

        If `newton` is True, the first step is a Newton step. Use this for starts near zeros: where
        the Jacobian at the zero is nearly singular, damped steps make no progress. Starts that are
        not done at the time limit end as RUNNING.
        """
        ends = Solution.unmoved(starts)
        iteration = _DampedIteration(self, equations, starts, newton, ends.extent)
        return iterate(iteration, ends, equations.room, report)


@dataclass(frozen=True)
class _DampedIteration(AbstractIteration[Batch, Solution]):
    """The method at work; see `LevenbergMarquardt.solve`."""

    method: LevenbergMarquardt
    equations: Equations
    starts: States
    newton: bool
    extent: float

    def linearize(self, states: States) -> tuple[States, Jacobians]:
        r, J = self.equations.evaluate(states)
        return np.array(r), J if isinstance(J, Jacobians) else DenseJacobians(J)

    def init(self, index: np.ndarray) -> Batch:
        x, n = np.array(self.starts[index], float), len(index)
        r, J = self.linearize(x)
        none, no, unknown = np.zeros(n, int), np.zeros(n, bool), np.full(n, np.inf)
        state = Batch(
            index, x, none, r, np.full(n, self.method.first_damping), np.full(n, 2.0), none,
            J, J.transposed_times(r), J.columns(), np.zeros(x.shape), np.full(n, self.newton),
            unknown, unknown, none, no, no,
        )  # fmt: skip
        return self._observed(state)

    def step(self, state: Batch) -> Batch:
        state, before = state.rescaled(), squares(state.r)
        trial = TrialStep.of(self.linearize, self.equations.residual, state)
        # A Newton step at rounding level is kept when it does no harm: it measures the distance.
        tiny = trial.lengths <= 4 * np.sqrt(self.equations.eps) * np.abs(state.x).max(1)
        harmless = trial.after <= 4 * before
        newton_good = (trial.after <= before / 4) | (harmless & tiny)
        newton_good |= trial.contracts(harmless & ~newton_good)
        newton_good &= ~_diverging_newton_step(state, trial, self.extent)
        accept = np.where(state.newton, newton_good, trial.ratio > 1e-4)
        state = _adapted(state, trial, accept, before)
        if accept.any():
            rows = np.flatnonzero(accept)
            x = trial.x[rows]
            r, J = self.linearize(x) if trial.J is None else (trial.r[rows], take(trial.J, rows))
            state = state.move(rows, x, r, J)
        return self._observed(state)

    def _observed(self, state: Batch) -> Batch:
        """Mark which candidates are stationary, and whose turn is Newton's step."""
        at_floor = self.equations.is_zero(state.x, state.r, state.J)
        stationary = _are_stationary(state) | (state.slow_steps >= self.method.stall_steps)
        # Only Newton's step sees the smallest singular values of an ill-conditioned Jacobian.
        untried = stationary & ~at_floor & ~state.newton_tried
        # Newton measures the distance to a zero; where it cannot (a singular Jacobian) the
        # residual alone decides, and the distance stays unknown.
        return replace(
            state,
            newton=state.newton | at_floor | untried,
            steps_at_rounding_level=np.where(at_floor, state.steps_at_rounding_level + 1, 0),
            newton_tried=state.newton_tried | untried,
            stationary=stationary & ~untried,
        )

    def terminate(self, state: Batch) -> Int[np.ndarray, " batch"]:
        at_floor = state.steps_at_rounding_level > 0
        zero = (at_floor & np.isfinite(state.last_step)) | (state.steps_at_rounding_level > 2)
        zero |= ~state.r.any(1)
        max_steps = self.method.max_steps
        endings = endings_of(state, self.extent, max_steps, state.stationary, zero, at_floor)
        if self.equations.attracted is not None:
            close = (endings == Ending.ZERO) | (state.approach <= _NEAR * self.extent)
            close |= self.equations.attracted(state.x, state.r, state.gradient)
            endings[close] = Ending.NEAR
        return endings

    def finish(self, state: Batch, endings: np.ndarray) -> Solution:
        return Solution(endings, state.x, state.r, state.last_step, state.count)


def _adapted(state: Batch, trial: TrialStep, accept: np.ndarray, before: np.ndarray) -> Batch:
    """Return the damping, counts and turns of Newton's method for the next step."""
    damped, after = ~state.newton, trial.after
    good, bad = damped & accept, damped & ~accept
    ratio = np.clip(trial.ratio, 0, 2)
    less = np.where(good, np.maximum(1 / 3, 1 - (2 * ratio - 1) ** 3), 1.0)
    slow = accept & (after > (1 - 1e-3) * before)
    # Newton's turn comes after damped steps that did as predicted and left an eighth of r.
    closing = good & (trial.ratio > 0.5) & (after < before / 64)
    return replace(
        state,
        count=state.count + 1,
        damping=state.damping * np.where(bad, state.growth, less),
        growth=np.where(good, 2.0, np.where(bad, 2 * state.growth, state.growth)),
        last_step=np.where(state.newton & accept, trial.lengths, np.inf),
        approach=np.where(accept & (after <= before / 16), trial.lengths, np.inf),
        slow_steps=np.where(slow, state.slow_steps + 1, np.where(accept, 0, state.slow_steps)),
        newton=np.where(damped, closing, accept),
        newton_tried=state.newton_tried & ~(accept & (after <= before / 4)),
    )


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
