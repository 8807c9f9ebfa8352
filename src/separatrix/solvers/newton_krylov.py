"""Levenberg–Marquardt steps without a Jacobian, for systems whose Jacobian would be too large."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .endings import Ending
from .iterate import AbstractIteration, State, iterate
from .levenberg_marquardt.solution import Finished, Solution, endings_of

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
IsZero = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""States and residuals -> where these are at rounding level (batch,)."""


@dataclass(frozen=True)
class NewtonKrylov:
    r"""Find zeros of a residual from products with its Jacobian and its transpose alone.

    A step solves $(J^\top J + \mu s I)\,p = -J^\top r$ by conjugate gradients, with
    $s = |J^\top r|^2/|r|^2$; μ follows the ratio of actual to predicted decrease, so that the steps
    turn into Newton's. The options are those of `LevenbergMarquardt`.

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
        is_zero: IsZero,
        finished: Finished | None = None,
    ) -> Solution:
        """Solve from every start, `batch_size` at a time; `is_zero` tells zeros by state and r."""
        solution = Solution.unmoved(starts)
        running = np.flatnonzero(solution.endings == Ending.RUNNING)
        extent = float(np.abs(starts[running]).max(initial=0.0))
        iteration = _NewtonKrylovIteration(self, attempt, starts, is_zero, extent)
        for at, endings in iterate(iteration, running, batch_size):
            done = Solution(at.x, at.residual, at.length, endings, at.count)
            solution.put(at.index, done)
            if finished is not None:
                finished(done)
        return solution


@dataclass
class _NewtonKrylovState(State):
    """Candidates at work, with an `Attempt` from each and the length of its last step."""

    damping: np.ndarray
    growth: np.ndarray
    slow_steps: np.ndarray
    length: np.ndarray
    residual: np.ndarray
    step: np.ndarray
    ahead: np.ndarray
    predicted: np.ndarray
    slope: np.ndarray


@dataclass(frozen=True)
class _NewtonKrylovIteration(AbstractIteration[_NewtonKrylovState]):
    method: NewtonKrylov
    attempt: Try
    starts: States
    is_zero: IsZero
    extent: float

    def init(self, index: np.ndarray) -> _NewtonKrylovState:
        x, none = np.array(self.starts[index], float), np.zeros(len(index), int)
        damping = np.full(len(x), self.method.first_damping)
        tried = self.attempt(x, damping)
        growth, length = np.full(len(x), 2.0), np.full(len(x), np.inf)
        return _NewtonKrylovState(index, x, none, damping, growth, none.copy(), length, *tried)

    def step(self, state: _NewtonKrylovState) -> _NewtonKrylovState:
        before, after = (np.square(r).sum(1) for r in (state.residual, state.ahead))
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
        tried = self.attempt(x, damping)
        return _NewtonKrylovState(
            state.index, x, state.count + 1, damping, growth, slow_steps, length, *tried
        )

    def terminate(self, state: _NewtonKrylovState) -> np.ndarray:
        level = (state.slope <= 1e-10) | (state.slow_steps >= self.method.stall_steps)
        zero = self.is_zero(state.x, state.residual)
        given_up = state.count >= self.method.max_steps
        norm = np.abs(state.residual).max(1)
        return endings_of(state.x, norm, self.extent, given_up, level, state.damping, zero, zero)
