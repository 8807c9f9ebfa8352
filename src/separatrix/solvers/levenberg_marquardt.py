"""Levenberg–Marquardt and Newton steps on a stream of candidates.

Candidates enter a batch of bounded size and leave it when they are done, so memory does not grow
with their number and no work is spent on those that have converged.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from . import batched

States = Float[np.ndarray, "candidate unit"]
Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""States (batch, unit) -> residuals (batch, unit) and their Jacobians (batch, unit, unit)."""
IsZero = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""States, residuals, Jacobians -> where the residual is at rounding level (batch,)."""

EPS = np.finfo(float).eps


class Ending(enum.IntEnum):
    """How the solver left a candidate."""

    RUNNING = 0
    ZERO = 1
    MINIMUM = 2
    STALLED = 3
    MAX_STEPS = 4
    NOT_FINITE = 5
    RAN_AWAY = 6
    NEAR = 7  # a zero, for others to finish


@dataclass(frozen=True)
class Solution:
    """Where every candidate ended.

    Attributes
    ----------
    states (candidate, unit)
        The last states.
    residuals (candidate, unit)
        The residuals there.
    steps (candidate,)
        Length of the last Newton correction: the distance to the zero, as far as rounding tells.
    endings (candidate,)
        `Ending` of each.
    counts (candidate,)
        Steps taken.
    """

    states: States
    residuals: States
    steps: Float[np.ndarray, " candidate"]
    endings: Int[np.ndarray, " candidate"]
    counts: Int[np.ndarray, " candidate"]

    def put(
        self, rows: np.ndarray, other: "Solution", which: np.ndarray | slice = slice(None)
    ) -> None:
        """Replace some candidates by those of another solution."""
        for name in self.__annotations__:
            getattr(self, name)[rows] = getattr(other, name)[which]


@dataclass
class _Batch:
    """The candidates at work; every array has one row for each."""

    index: np.ndarray
    x: np.ndarray
    r: np.ndarray
    J: np.ndarray
    gradient: np.ndarray  # Jᵀ r
    square: np.ndarray  # ‖J‖_F²
    damping: np.ndarray
    growth: np.ndarray
    newton: np.ndarray
    last_step: np.ndarray
    count: np.ndarray
    slow_steps: np.ndarray
    floor_steps: np.ndarray
    tried: np.ndarray  # whether Newton's step was, where damped ones lead no further

    def select(self, keep: np.ndarray) -> "_Batch":
        return _Batch(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))

    def join(self, other: "_Batch") -> "_Batch":
        fields = self.__dataclass_fields__
        return _Batch(*(np.concatenate([getattr(self, f), getattr(other, f)]) for f in fields))


@dataclass(frozen=True)
class LevenbergMarquardt:
    r"""Find zeros, or else local minima, of $\frac12|r(x)|^2$ from many starts at once.

    A step solves $(J^\top J + \mu s I)\,p = -J^\top r$ with $s = \|J\|_F^2/n$, so that nothing
    depends on units; the damping μ follows the ratio of actual to predicted decrease (Nielsen
    1999). Where such steps do as predicted, plain Newton steps $J p = -r$ take over: they are
    cheaper, converge quadratically and reach rounding level, where the length of the last one
    measures the distance to the zero.

    Attributes
    ----------
    max_steps
        Steps after which a candidate is given up.
    stall_steps
        Successive steps without a relative decrease of 1e-3 after which a candidate is handed over
        as near a minimum: Gauss–Newton closes in on a minimum that is not a zero only slowly.
    """

    max_steps: int = 200
    stall_steps: int = 8

    def solve(
        self,
        evaluate: Evaluate,
        starts: States,
        batch_size: int,
        is_zero: IsZero,
        eps: float = EPS,
        near: float = 0.0,
        newton: bool = False,
    ) -> Solution:
        """Solve from every start; rows of `starts` that are not finite end as NOT_FINITE.

        `is_zero` decides where a residual is at rounding level, `eps` is the unit of rounding of
        the function. With `near` above 0 a candidate is handed over as NEAR a zero once a Newton
        step was at most so long in units of the largest start: then Jacobians of single precision
        are enough, which cost half the time. With `newton` the first step is Newton's, for starts
        near zeros: beside a nearly singular one a damped step gets nowhere.
        """
        count, size = starts.shape
        solution = Solution(
            states=np.array(starts, float),
            residuals=np.full((count, size), np.nan),
            steps=np.full(count, np.inf),
            endings=np.zeros(count, int),
            counts=np.zeros(count, int),
        )
        finite = np.isfinite(starts).all(1)
        solution.endings[~finite] = Ending.NOT_FINITE
        queue = np.flatnonzero(finite)
        extent = float(np.abs(starts[finite]).max(initial=0.0))
        batch = self._enter(evaluate, starts, queue[:0], newton)
        while len(queue) or len(batch.index):
            room = batch_size - len(batch.index)
            # Refilling a few places at a time would cost an evaluation each time.
            if len(queue) and room >= min(batch_size // 4 + 1, len(queue)):
                entering, queue = queue[:room], queue[room:]
                batch = batch.join(self._enter(evaluate, starts, entering, newton))
            endings = self._endings(batch, extent, is_zero)
            if near > 0:
                close = (endings == Ending.ZERO) | (batch.last_step <= near * extent)
                endings[close] = Ending.NEAR
            done = endings != Ending.RUNNING
            if done.any():
                self._leave(solution, batch, endings, done)
                batch = batch.select(~done)
            if len(batch.index):
                batch = self._advance(evaluate, batch, eps)
        return solution

    def _enter(self, evaluate: Evaluate, starts: States, index: np.ndarray, newton: bool) -> _Batch:
        x = np.array(starts[index], float)
        n = len(index)
        r, J = evaluate(x)
        ones = np.ones(n)
        return _Batch(
            index, x, r, J, *_measure(r, J), 1e-2 * ones, 2 * ones, np.full(n, newton),
            np.inf * ones, np.zeros(n, int), np.zeros(n, int), np.zeros(n, int), np.zeros(n, bool),
        )  # fmt: skip

    def _endings(self, batch: _Batch, extent: float, is_zero: IsZero) -> Int[np.ndarray, " batch"]:
        """Say for each candidate whether it is done, and how."""
        norm = np.abs(batch.r).max(1)
        at_floor = is_zero(batch.x, batch.r, batch.J)
        # Newton measures the distance to a zero; where it cannot (a singular Jacobian) the
        # residual alone decides, and the distance stays unknown.
        batch.newton |= at_floor
        batch.floor_steps = np.where(at_floor, batch.floor_steps + 1, 0)
        measured = at_floor & np.isfinite(batch.last_step)

        slope = np.linalg.norm(batch.gradient, axis=1)
        steepest = np.sqrt(batch.square) * np.linalg.norm(batch.r, axis=1)
        level = (slope <= 1e-10 * steepest) | (batch.slow_steps >= self.stall_steps)
        # Only Newton's step sees the smallest singular values of an ill-conditioned Jacobian.
        untried = level & ~at_floor & ~batch.tried
        batch.newton |= untried
        batch.tried |= untried
        level &= ~untried

        endings = np.zeros(len(batch.index), int)
        endings[batch.count >= self.max_steps] = Ending.MAX_STEPS
        endings[level & ~at_floor] = Ending.MINIMUM
        endings[(batch.damping > 1e16) & ~at_floor] = Ending.STALLED
        endings[measured | (batch.floor_steps > 2) | (norm == 0)] = Ending.ZERO
        endings[np.abs(batch.x).max(1) > 1e8 * (1 + extent)] = Ending.RAN_AWAY
        endings[~np.isfinite(norm)] = Ending.NOT_FINITE
        return endings

    def _leave(
        self, solution: Solution, batch: _Batch, endings: np.ndarray, done: np.ndarray
    ) -> None:
        index = batch.index[done]
        solution.states[index] = batch.x[done]
        solution.residuals[index] = batch.r[done]
        solution.steps[index] = batch.last_step[done]
        solution.endings[index] = endings[done]
        solution.counts[index] = batch.count[done]

    def _advance(self, evaluate: Evaluate, batch: _Batch, eps: float) -> _Batch:
        """Try one step for every candidate; those for which it fails keep their place."""
        step, predicted = self._steps(batch)
        trial = batch.x + step
        r, J = evaluate(trial)
        gradient, square = _measure(r, J)
        before = np.square(batch.r).sum(1)
        with np.errstate(over="ignore", invalid="ignore"):
            after = np.square(r).sum(1)
            decrease = before - after
            ratio = np.where(predicted > 0, decrease / predicted, -1.0)
            finite = np.isfinite(after) & np.isfinite(square)
        newton_good = batch.newton & finite & (after <= before / 4)
        # A Newton step at rounding level is kept when it does no harm: it measures the distance.
        tiny = np.abs(step).max(1) <= 4 * np.sqrt(eps) * np.abs(batch.x).max(1)
        newton_last = batch.newton & finite & (after <= 4 * before) & tiny
        accept = newton_good | newton_last | (~batch.newton & finite & (ratio > 1e-4))
        lengths = np.linalg.norm(step, axis=1)
        tried = {"x": trial, "r": r, "J": J, "gradient": gradient, "square": square}
        return self._update(batch, accept, ratio, tried, lengths, before, after)

    def _steps(self, batch: _Batch) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps and the decreases of |r|² that their models predict."""
        step = np.empty_like(batch.x)
        newton, damped = batch.newton, ~batch.newton
        if newton.any():
            step[newton] = batched.solve(batch.J[newton], -batch.r[newton])
        predicted = np.square(batch.r).sum(1)
        if damped.any():
            J = batch.J if damped.all() else batch.J[damped]
            g = batch.gradient[damped]
            weight = batch.damping[damped] * batch.square[damped] / J.shape[-1]
            p = batched.solve_positive(batched.gram(J), -g, weight)
            step[damped] = p
            # |r|² − |r + J p|² = pᵀ(JᵀJ + 2w)p, and the damped system gives (JᵀJ + w)p = −g.
            predicted[damped] = -(p * g).sum(1) + weight * np.square(p).sum(1)
        return step, predicted

    def _update(
        self,
        batch: _Batch,
        accept: np.ndarray,
        ratio: np.ndarray,
        tried: dict[str, np.ndarray],
        lengths: np.ndarray,
        before: np.ndarray,
        after: np.ndarray,
    ) -> _Batch:
        for name, new in tried.items():  # most steps are accepted: put the old back into the new
            new[~accept] = getattr(batch, name)[~accept]
            setattr(batch, name, new)
        damped = ~batch.newton
        good, bad = damped & accept, damped & ~accept
        shrink = np.maximum(1 / 3, 1 - (2 * np.clip(ratio, 0, 2) - 1) ** 3)
        batch.damping[good] *= shrink[good]
        batch.growth[good] = 2
        batch.damping[bad] *= batch.growth[bad]
        batch.growth[bad] *= 2
        batch.last_step = np.where(batch.newton & accept, lengths, np.inf)
        slow = accept & (after > (1 - 1e-3) * before)
        batch.slow_steps = np.where(
            slow, batch.slow_steps + 1, np.where(accept, 0, batch.slow_steps)
        )
        # Newton's turn comes after damped steps that did as predicted and halved the residual.
        batch.newton = np.where(damped, good & (ratio > 0.5) & (after < before / 4), accept)
        batch.tried &= ~(accept & (after <= before / 4))
        batch.count += 1
        return batch


def _measure(r: States, J: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Jᵀ r and ‖J‖_F² of each; not finite where J is not, or is too large to be squared."""
    with np.errstate(over="ignore", invalid="ignore"):
        gradient = batched.apply_transposed(J, r.astype(J.dtype)).astype(float)
        return gradient, np.einsum("bij,bij->b", J, J).astype(float)
