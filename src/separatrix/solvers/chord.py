"""The chord method: Newton's, with the inverse Jacobian of a zero that is known already."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ..enclosure.krawczyk.contraction import invert
from . import batched
from .endings import Ending
from .iterate import AbstractIteration, Solution, State, iterate

States = Float[np.ndarray, "state unit"]

_BYTES = 1 << 27  # of inverses that are kept: 128 MiB
_SURELY_REGULAR = np.sqrt(np.finfo(float).eps)
_STEPS = 12
_POWERS = 10


class _Zero(NamedTuple):
    state: np.ndarray
    inverse: np.ndarray  # of the Jacobian
    step: float  # the last Newton correction
    level: float  # of the residual that rounding leaves
    reach: float  # how far rounding can leave a state


@dataclass(frozen=True)
class ChordZeros:
    r"""Zeros found so far; they save the states near them the factorizations that found them.

    From a state near a zero $x^*$ with $A = J(x^*)^{-1}$ the steps $-A\,r(x)$ shrink by the factor
    $\|I - A J\|$. A state arrives when each step was at most half as long as the one before, down
    to a residual at rounding level and a distance from $x^*$ that rounding explains: then it lies
    where that map contracts, and Newton's method leads from it to the same zero. Any other state is
    left as it was (Ortega & Rheinboldt 1970, Iterative Solution of Nonlinear Equations in Several
    Variables, ch. 10).
    """

    size: int
    zeros: tuple[_Zero, ...] = ()

    @property
    def states(self) -> States:
        return np.array([zero.state for zero in self.zeros]).reshape(-1, self.size)

    def with_zeros(
        self,
        states: States,
        steps: Float[np.ndarray, " state"],
        jacobians: np.ndarray,
        levels: Float[np.ndarray, " state"],
        jacobian: Callable[[np.ndarray], np.ndarray],
    ) -> "ChordZeros":
        """Return these and others, as many as have room, that are not singular and stand apart.

        `steps` are the last Newton corrections, `levels` the residuals (largest entry) that
        rounding leaves at each. `jacobian` gives the Jacobians at other states: where they change
        within the distance that rounding explains, another zero may lie there.
        """
        room = max(1, _BYTES // (8 * self.size**2)) - len(self.zeros)
        jacobians = jacobians[: max(room, 0)]
        inverses = invert(jacobians)
        # No less than the ratio of singular values.
        condition = _length(jacobians) * _length(inverses)
        regular = np.flatnonzero(condition < 1 / _SURELY_REGULAR)
        if not len(regular):
            return self
        states, steps, levels = states[regular], steps[regular], levels[regular]
        inverses = inverses[regular]
        errors = np.abs(inverses).sum(2).max(1) * levels
        reaches = 8 * (errors + np.finfo(float).eps * np.abs(states).max(1))
        # Corners of a box, on either side of the zero in its least certain direction.
        corners = 4 * reaches[:, None] * np.where(_least_certain(inverses) < 0, -1.0, 1.0)
        apart = np.ones(len(states), bool)
        for side in (corners, -corners):
            change = inverses @ jacobian(states + side) - np.eye(self.size)
            apart &= np.linalg.norm(change, axis=(1, 2)) <= 0.5
        columns = zip(states, inverses, steps, levels, reaches, strict=True)
        new = (_Zero(*row) for row, kept in zip(columns, apart, strict=True) if kept)
        return ChordZeros(self.size, (*self.zeros, *new))

    def contain(self, states: States, distance: float) -> Bool[np.ndarray, " state"]:
        """Return whether a known zero lies within `distance` of each state."""
        if not self.zeros:
            return np.zeros(len(states), bool)
        away = states - self.states[self._nearest(states)]
        return np.linalg.norm(away, axis=1) <= distance

    def refine(
        self, residual: Callable[[np.ndarray], np.ndarray], ends: Solution, ending: Ending
    ) -> Solution:
        """Lead each state that is RUNNING to the nearest known zero, if the chord method contracts.

        Those that arrive have this ending, and the uncertainty of the zero; others are as before.
        """
        if not self.zeros:
            return ends
        nearest = self._nearest(ends.states)
        numbers = np.array([(zero.step, zero.level, zero.reach) for zero in self.zeros])
        steps, levels, reaches = numbers[nearest].T
        iteration = _ChordIteration(self, residual, ends.states, nearest, levels)
        left = iterate(iteration, ends, len(ends.states))
        known = self.states[nearest]
        # A state that was at another zero from the start has gone nowhere.
        arrived = (ends.endings == Ending.RUNNING) & (left.endings == Ending.ZERO)
        arrived &= np.abs(left.states - known).max(1) <= reaches
        there = replace(ends, states=known, steps=steps, endings=np.full(len(known), ending))
        return ends.put(arrived, there, arrived)

    def attracts(self, states: States, residuals: States) -> Bool[np.ndarray, " state"]:
        """Return whether a known zero attracts each state: a step goes 3/4 of the way to it.

        As good as certainly the chord method then leads there; `refine` finds out.
        """
        if not self.zeros:
            return np.zeros(len(states), bool)
        nearest = self._nearest(states)
        away = states - self.states[nearest]
        with np.errstate(over="ignore", invalid="ignore"):
            left = away + self.corrections(residuals, nearest)
            return np.linalg.norm(left, axis=1) <= np.linalg.norm(away, axis=1) / 4

    def _nearest(self, states: States) -> np.ndarray:
        known = self.states
        square = np.square(known).sum(1) - 2 * states @ known.T
        return square.argmin(1)

    def corrections(self, residuals: States, nearest: np.ndarray) -> States:
        """Return the step of the method from each state, by the inverse of its nearest zero."""
        corrections = np.empty_like(residuals)
        for k in np.unique(nearest):
            rows = nearest == k
            corrections[rows] = -residuals[rows] @ self.zeros[k].inverse.T
        return corrections


@dataclass(frozen=True)
class _ChordState(State):
    r: States
    correction: States
    length: np.ndarray
    last: np.ndarray  # length of the correction before


@dataclass(frozen=True)
class _ChordIteration(AbstractIteration[_ChordState, Solution]):
    zeros: ChordZeros
    residual: Callable[[np.ndarray], np.ndarray]
    starts: States
    nearest: np.ndarray
    levels: np.ndarray

    def init(self, index: np.ndarray) -> _ChordState:
        none, far = np.zeros(len(index), int), np.full(len(index), np.inf)
        return self._at(index, self.starts[index], none, far)

    def step(self, state: _ChordState) -> _ChordState:
        return self._at(state.index, state.x + state.correction, state.count + 1, state.length)

    def terminate(self, state: _ChordState) -> np.ndarray:
        shrinks = (state.length <= state.last / 2) & (state.count + 1 < _STEPS)
        endings = np.where(shrinks, Ending.RUNNING, Ending.STALLED)
        arrived = np.abs(state.r).max(1) <= self.levels[state.index]
        return np.where(arrived, Ending.ZERO, endings)

    def finish(self, state: _ChordState, endings: np.ndarray) -> Solution:
        return Solution(endings, state.x, state.r, state.length, state.count)

    def _at(self, index: np.ndarray, x: States, count: np.ndarray, last: np.ndarray) -> _ChordState:
        r = self.residual(x)
        correction = self.zeros.corrections(r, self.nearest[index])
        return _ChordState(index, x, count, r, correction, np.linalg.norm(correction, axis=1), last)


def _length(matrices: batched.Stack) -> np.ndarray:
    """Return Frobenius' norm of each matrix."""
    return np.linalg.norm(matrices, axis=(1, 2))


def _least_certain(inverses: batched.Stack) -> States:
    """Return the direction in which each inverse lengthens most, by power iteration."""
    longest = np.square(inverses).sum(1).argmax(1)
    directions = np.take_along_axis(inverses, longest[:, None, None], 2)[:, :, 0]
    for _ in range(_POWERS):
        directions = batched.apply(inverses, batched.apply_transposed(inverses, directions))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions
