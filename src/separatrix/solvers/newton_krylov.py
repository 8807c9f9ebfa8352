"""Levenberg–Marquardt steps without a Jacobian, for systems whose Jacobian would be too large."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .iterate import AbstractIteration, Report, Solution, States, iterate
from .levenberg_marquardt import LevenbergMarquardt
from .levenberg_marquardt.equations import DampedState, endings_of

Try = Callable[[np.ndarray, np.ndarray], Sequence[np.ndarray]]
"""States and dampings -> the residuals r there, and what a damped step from each would do.

These are the columns of `_KrylovState`: step, ahead, predicted and slope."""
IsZero = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""States and residuals -> where these are at rounding level (batch,)."""


def solve_without_jacobians(
    method: LevenbergMarquardt,
    attempt: Try,
    is_zero: IsZero,
    starts: States,
    room: int,
    report: Report | None = None,
) -> Solution:
    r"""Find zeros of a residual from products with its Jacobian and its transpose alone.

    A step solves $(J^\top J + \mu s I)\,p = -J^\top r$ by conjugate gradients, with
    $s = |J^\top r|^2/|r|^2$; μ follows the ratio of actual to predicted decrease, so that the steps
    turn into Newton's. At most `room` starts are followed at a time.

    References
    ----------
    Knoll & Keyes (2004) J. Comput. Phys. 193:357.
    """
    ends = Solution.unmoved(starts)
    iteration = _KrylovIteration(method, attempt, starts, is_zero, ends.extent)
    return iterate(iteration, ends, room, report)


@dataclass(frozen=True)
class _KrylovState(DampedState):
    """Candidates at work, with the length of the last step of each and what the next would do."""

    length: np.ndarray
    step: np.ndarray
    ahead: np.ndarray  # the residual where it leads
    predicted: np.ndarray  # the decrease of |r|² that the linear model promises
    slope: np.ndarray  # |Jᵀ r| / (|r| |J r̂|), r̂ = Jᵀr/|Jᵀr|: small where |r|² is level, r not zero


@dataclass(frozen=True)
class _KrylovIteration(AbstractIteration[_KrylovState, Solution]):
    method: LevenbergMarquardt
    attempt: Try
    starts: States
    is_zero: IsZero
    extent: float

    def init(self, index: np.ndarray) -> _KrylovState:
        x, none = np.array(self.starts[index], float), np.zeros(len(index), int)
        damping, growth = np.full(len(x), self.method.first_damping), np.full(len(x), 2.0)
        r, *tried = self.attempt(x, damping)
        far = np.full(len(x), np.inf)
        return _KrylovState(index, x, none, r, damping, growth, none, far, *tried)

    def step(self, state: _KrylovState) -> _KrylovState:
        before, after = (np.square(r).sum(1) for r in (state.r, state.ahead))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.nan_to_num((before - after) / state.predicted, nan=-1.0)
        good = (ratio > 1e-4) & np.isfinite(after)
        x = np.where(good[:, None], state.x + state.step, state.x)
        length = np.where(good, np.linalg.norm(state.step, axis=1), state.length)
        less = np.where(ratio > 0.9, 0.03, np.where(ratio > 0.5, 0.3, 1.0))
        damping = state.damping * np.where(good, less, state.growth)
        growth = np.where(good, 2.0, 2 * state.growth)
        slow = good & (after > (1 - 1e-3) * before)
        slow_steps = np.where(slow, state.slow_steps + 1, np.where(good, 0, state.slow_steps))
        r, *tried = self.attempt(x, damping)
        count = state.count + 1
        return _KrylovState(state.index, x, count, r, damping, growth, slow_steps, length, *tried)

    def terminate(self, state: _KrylovState) -> np.ndarray:
        level = (state.slope <= 1e-10) | (state.slow_steps >= self.method.stall_steps)
        zero = self.is_zero(state.x, state.r)
        return endings_of(state, self.extent, self.method.max_steps, level, zero, zero)

    def finish(self, state: _KrylovState, endings: np.ndarray) -> Solution:
        return Solution(endings, state.x, state.r, state.length, state.count)
