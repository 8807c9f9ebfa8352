"""Deflated Newton: solutions that differ from those known."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ..._checked import Count, Natural, checked
from .. import batched
from ..endings import Ending
from ..iterate import AbstractIteration, Solution, State, iterate
from ..newton import Evaluate


@checked
@dataclass(frozen=True)
class Deflation:
    r"""Search for fixed points that are not on known branches, at some values of the parameter.

    The fixed points are the zeros of the residual F. Newton's method is run on $M(x) F(x)$ with
    $M = \prod_k (|x - x_k|^{-2} + 1)$. This product has the zeros of F except for the zeros $x_k$
    on known branches.

    Parameters
    ----------
    values
        The number of values of the parameter at which to search, spread evenly over its range.
    starts
        The number of random starts of each search.
    max_steps
        The maximum number of steps of Newton's method from one start.
    rounds
        The maximum number of searches at each value. If a search finds a new fixed point, another
        search follows.
    seed
        The seed of the random starts.

    Raises
    ------
    InvalidInputError
        If `values`, `starts`, `max_steps` or `rounds` is not a positive whole number, or if `seed`
        is not a whole number of 0 or more.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.solvers.Deflation(starts=64).values
    5

    References
    ----------
    Farrell, Birkisson & Funke (2015) SIAM J. Sci. Comput. 37:A2026.
    """

    values: Count = 5
    starts: Count = 16
    max_steps: Count = 40
    rounds: Count = 3
    seed: Natural = 0


def deflated_newton(
    evaluate: Evaluate,
    starts: Float[np.ndarray, "start unit"],
    known: Float[np.ndarray, "known unit"],
    max_steps: int,
    scale: float,
) -> Float[np.ndarray, "solution unit"]:
    """Return solutions other than the known ones, each once, that the starts lead to.

    `evaluate` gives residuals (batch, unit) and Jacobians (batch, unit, unit); distances are
    measured in units of `scale`.
    """
    iteration = _DeflationIteration(evaluate, starts, known, max_steps, scale)
    ends = iterate(iteration, Solution.unmoved(starts), len(starts))
    ends = ends.select(np.argsort(ends.counts, kind="stable"))  # as they were found
    return _with_new(known, ends.states[ends.endings == Ending.ZERO], scale)[len(known) :]


@dataclass(frozen=True)
class _DeflationState(State):
    step: np.ndarray  # Newton's, without deflation
    length: np.ndarray
    known: np.ndarray  # (batch, known, unit), the same for all: others find while one is at work


@dataclass(frozen=True)
class _DeflationIteration(AbstractIteration[_DeflationState, Solution]):
    evaluate: Evaluate
    starts: np.ndarray
    known: np.ndarray
    max_steps: int
    scale: float

    def init(self, index: np.ndarray) -> _DeflationState:
        return self._at(index, self.starts[index], np.zeros(len(index), int), self.known)

    def step(self, state: _DeflationState) -> _DeflationState:
        damping = _damping(state.x, state.step, state.known, self.scale)
        longest = self._longest / np.maximum(np.abs(damping) * state.length, 1e-300)
        x = state.x + (damping * np.minimum(1.0, longest))[:, None] * state.step
        return self._at(state.index, x, state.count + 1, state.known[0])

    def terminate(self, state: _DeflationState) -> np.ndarray:
        endings = np.zeros(len(state.x), int)
        size = self.scale + np.linalg.norm(state.x, axis=1)
        endings[state.length <= 1e-8 * size] = Ending.ZERO
        endings[~(np.abs(state.x).max(1) < 1e3 * self._longest)] = Ending.RAN_AWAY
        endings[state.count >= self.max_steps] = Ending.MAX_STEPS
        return endings

    def finish(self, state: _DeflationState, endings: np.ndarray) -> Solution:
        ends = Solution.unmoved(state.x + state.step)
        return replace(ends, endings=endings, counts=state.count)

    @property
    def _longest(self) -> float:
        return float(self.scale * np.sqrt(self.starts.shape[1]))

    def _at(
        self, index: np.ndarray, x: np.ndarray, count: np.ndarray, known: np.ndarray
    ) -> _DeflationState:
        residuals, jacobians = self.evaluate(x)
        step = batched.solve(jacobians, -residuals)
        alike = np.broadcast_to(known, (len(x), *known.shape))
        state = _DeflationState(index, x, count, step, np.linalg.norm(step, axis=1), alike)
        known = _with_new(known, (x + step)[self.terminate(state) == Ending.ZERO], self.scale)
        return replace(state, known=np.broadcast_to(known, (len(x), *known.shape)))


def _with_new(known: np.ndarray, states: np.ndarray, scale: float) -> np.ndarray:
    """Return known solutions and those of some states that are not among them."""
    for state in states:
        apart = np.linalg.norm(known - state, axis=1)
        if (apart > 1e-5 * (scale + np.linalg.norm(state))).all():
            known = np.concatenate([known, state[None]])
    return known


def _damping(states: np.ndarray, steps: np.ndarray, known: np.ndarray, scale: float) -> np.ndarray:
    """Return by how much deflation lengthens each Newton step; negative: away from the known."""
    if not known.shape[1]:
        return np.ones(len(states))
    apart = (states[:, None] - known) / scale
    square = np.maximum((apart**2).sum(2), 1e-24)
    # ∇ log(|x − x_k|⁻² + 1) · step
    pull = -2 * np.einsum("skn,sn->sk", apart, steps / scale) / (square**2 * (1 / square + 1))
    factor = 1 - pull.sum(1)
    return 1 / np.where(np.abs(factor) < 1e-3, np.copysign(1e-3, factor), factor)
