"""Slow points of smooth systems: local minima of the speed, from where no zero was found."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ...solvers.levenberg_marquardt import Ending, Solution
from ...solvers.minimize import Minima
from ...solvers.zero_test import ZeroTest
from .descending import SpeedDescent
from .found import Found
from .outcomes import ESCAPED, JUMP, KINK, NO_MINIMUM, ON_THE_WAY, TOO_LARGE, Reached

Solve = Callable[[Float[np.ndarray, "state unit"]], Solution]

_FIRST_STEPS = 30  # of the descent, after which a zero that is near attracts


@dataclass(frozen=True)
class SlowPointSearch:
    """Leads candidates down the speed, to a slow point or to a zero after all.

    Attributes
    ----------
    descent
        To the minima of the speed.
    zero_test
        What is a zero.
    solve
        Follows states to zeros, which are told as exactly as can be.
    solve_beside
        Does so with states that lie beside a zero, maybe a degenerate one.
    """

    descent: SpeedDescent
    zero_test: ZeroTest
    solve: Solve
    solve_beside: Solve

    def descend(
        self, ends: Solution, rows: np.ndarray, reached: Reached, found: Found
    ) -> Bool[np.ndarray, " candidate"]:
        """Descend to the minima of the speed; one that may be a zero is given to the solver.

        `rows` are those of the candidates in `found`. Returns which came to a minimum.
        """
        came = np.zeros(len(rows), bool)
        unsettled = np.flatnonzero(np.isin(ends.endings, ON_THE_WAY))
        if not len(unsettled):
            return came
        if self.descent.evaluator.is_large:
            found.reasons[rows[unsettled]] = TOO_LARGE
            return came
        unsettled, minima = self._minima(ends, unsettled)
        found.reasons[rows[unsettled]] = np.where(minima.stalled, KINK, NO_MINIMUM)
        found.reasons[rows[unsettled[minima.escaped]]] = ESCAPED
        found.reasons[rows[unsettled[self._jumping(minima)]]] = JUMP
        settled = np.flatnonzero(minima.converged)
        best = settled[self.descent.merge(minima.states[settled], minima.steps[settled])]
        distinct = np.unique(best)
        is_zero = self._zeros_among(minima, distinct, ends, unsettled)
        for row in distinct[~is_zero]:
            members = rows[unsettled[settled[best == row]]]
            reached.add(minima.states[row].copy(), minima.steps[row], members)
        for row in distinct[is_zero]:
            members = unsettled[settled[best == row]]
            for ending in (ends.endings, ends.states, ends.steps):
                ending[members] = ending[unsettled[row]]
        came[unsettled[settled]] = True
        return came

    def _minima(self, ends: Solution, unsettled: np.ndarray) -> tuple[np.ndarray, Minima]:
        """Descend from what is unsettled; return which of it came to no zero, and where to.

        The speed leads past minima that the residual alone has: zeros may attract beyond them.
        """
        minima = self.descent.minimize(ends.states[unsettled], _FIRST_STEPS)
        going = np.flatnonzero(~(minima.converged | minima.stalled | minima.escaped))
        if len(going):
            states, which = np.unique(minima.states[going], axis=0, return_inverse=True)
            solution, which = self.solve(states), which.reshape(-1)
            there = (solution.endings == Ending.ZERO)[which]
            ends.put(unsettled[going[there]], solution, which[there])
            going = going[~there]
        if len(going):
            minima.put(going, self.descent.minimize(minima.states[going]))
        left = np.flatnonzero(ends.endings[unsettled] != Ending.ZERO)
        return unsettled[left], minima.at(left)

    def _jumping(self, minima: Minima) -> np.ndarray:
        """Return the rows in which a jump of the function ended the descent."""
        rows = np.flatnonzero(minima.stalled & np.isfinite(minima.states).all(1))
        states = minima.states[rows]
        size = np.maximum(np.abs(states).max(1, initial=0), self.zero_test.scale)
        # Steps that decrease nothing are no longer tried once they are about so short.
        return rows[self.zero_test.jumps(states, np.sqrt(self.zero_test.eps) * size)]

    def _zeros_among(
        self, minima: Minima, distinct: np.ndarray, ends: Solution, unsettled: np.ndarray
    ) -> Bool[np.ndarray, " minimum"]:
        """Tell which distinct minima are zeros, and put the zeros in their candidates' places."""
        states, steps = minima.states[distinct], minima.steps[distinct]
        reach = 10 * steps + 2 * self.zero_test.blur(states)
        possible = self.zero_test.within(states, reach)
        is_zero = np.zeros(len(distinct), bool)
        if possible.any():
            again = self.solve_beside(states[possible])
            moved = np.linalg.norm(again.states - states[possible], axis=1)
            near = np.sqrt(self.zero_test.eps) * np.abs(states[possible]).max(1, initial=0)
            stayed = moved <= np.maximum(10 * reach[possible], near)
            kept = (again.endings == Ending.ZERO) & stayed
            is_zero[possible] = kept
            ends.put(unsettled[distinct[possible]][kept], again, kept)
        return is_zero
