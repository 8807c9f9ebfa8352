"""Deflated Newton: solutions that differ from those known."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..._types import require_count
from .. import batched
from ..endings import Ending
from ..iterate import AbstractIteration, State, iterate
from ..newton import Evaluate


@dataclass(frozen=True)
class Deflation:
    r"""A search for further solutions at some values of the parameter, with the known ones removed.

    Newton's method is run on $M(x) F(x)$ with $M = \prod_k (|x - x_k|^{-2} + 1)$, which has the
    zeros of F but for the known $x_k$.

    Parameters
    ----------
    values
        At how many values of the parameter to search.
    starts
        Random starts at every value.
    max_steps
        Of Newton's method.
    rounds
        How often to search again where something was found.
    seed
        Of the random starts.

    Raises
    ------
    InvalidInputError
        For a number that is not a positive whole one.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.solvers.Deflation(starts=64).values
    5

    References
    ----------
    Farrell, Birkisson & Funke (2015) SIAM J. Sci. Comput. 37:A2026.
    """

    values: int = 5
    starts: int = 16
    max_steps: int = 40
    rounds: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("values", "starts", "max_steps", "rounds"):
            require_count(getattr(self, name), name)
        require_count(self.seed, "seed", 0)


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
    deflated = _DeflationIteration(evaluate, starts, known, max_steps, scale)
    for at, endings in iterate(deflated, np.arange(len(starts)), max(len(starts), 1)):
        for state in (at.x + at.step)[endings == Ending.ZERO]:
            apart = np.linalg.norm(deflated.known - state, axis=1)
            if (apart > 1e-5 * (scale + np.linalg.norm(state))).all():
                deflated.known = np.concatenate([deflated.known, state[None]])
    return deflated.known[len(known) :]


@dataclass
class _DeflationState(State):
    step: np.ndarray  # Newton's, without deflation
    length: np.ndarray


@dataclass
class _DeflationIteration(AbstractIteration[_DeflationState]):
    evaluate: Evaluate
    starts: np.ndarray
    known: np.ndarray  # grows while others are still at work
    max_steps: int
    scale: float

    def init(self, index: np.ndarray) -> _DeflationState:
        return self._at(index, self.starts[index], np.zeros(len(index), int))

    def step(self, state: _DeflationState) -> _DeflationState:
        damping = _damping(state.x, state.step, self.known, self.scale)
        longest = self._longest / np.maximum(np.abs(damping) * state.length, 1e-300)
        x = state.x + (damping * np.minimum(1.0, longest))[:, None] * state.step
        return self._at(state.index, x, state.count + 1)

    def terminate(self, state: _DeflationState) -> np.ndarray:
        endings = np.zeros(len(state.x), int)
        size = self.scale + np.linalg.norm(state.x, axis=1)
        endings[state.length <= 1e-8 * size] = Ending.ZERO
        endings[~(np.abs(state.x).max(1) < 1e3 * self._longest)] = Ending.RAN_AWAY
        endings[state.count >= self.max_steps] = Ending.MAX_STEPS
        return endings

    @property
    def _longest(self) -> float:
        return float(self.scale * np.sqrt(self.starts.shape[1]))

    def _at(self, index: np.ndarray, x: np.ndarray, count: np.ndarray) -> _DeflationState:
        residuals, jacobians = self.evaluate(x)
        step = batched.solve(jacobians, -residuals)
        return _DeflationState(index, x, count, step, np.linalg.norm(step, axis=1))


def _damping(states: np.ndarray, steps: np.ndarray, known: np.ndarray, scale: float) -> np.ndarray:
    """Return by how much deflation lengthens each Newton step; negative: away from the known."""
    if not len(known):
        return np.ones(len(states))
    apart = (states[:, None] - known) / scale
    square = np.maximum((apart**2).sum(2), 1e-24)
    # ∇ log(|x − x_k|⁻² + 1) · step
    pull = -2 * np.einsum("skn,sn->sk", apart, steps / scale) / (square**2 * (1 / square + 1))
    factor = 1 - pull.sum(1)
    return 1 / np.where(np.abs(factor) < 1e-3, np.copysign(1e-3, factor), factor)
