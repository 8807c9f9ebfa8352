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

States = Float[np.ndarray, "state unit"]
Solve = Callable[[States], Solution]

_ROUNDS = (10, 20)  # steps of the descent, after each of which a zero may attract
_PROBES = 8  # states that tell whether a residual is a multiple of the velocity
_SAME = 1e-9  # beside 1, of ratios
_SCOUTS = 64  # states that tell whether any does


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

    def is_misleading(self, states: np.ndarray) -> bool:
        """Tell whether the residual may have minima that the speed has not.

        Not where it is the velocity, or as good as certainly a multiple of it.
        """
        evaluator = self.descent.evaluator
        if evaluator.system.residual_function is None:
            return False
        some = np.concatenate([states[:_PROBES], states[:_PROBES] / 2])
        with np.errstate(divide="ignore", invalid="ignore"):  # at rest
            ratios = np.linalg.norm(evaluator.residual(some), axis=1) / evaluator.speed(some)
        return not np.ptp(ratios) <= _SAME * ratios.max()

    def look_beyond(self, states: States, slow_points: bool) -> tuple[Solution, Minima]:
        """Descend the speed, and look for zeros after each of some rounds.

        The speed leads past minima that the residual alone has: zeros may attract beyond them.
        Where no `slow_points` are wanted, a few states tell whether it is worth while.

        Returns the zeros, as `Ending.ZERO`, and where the descent has come to.
        """
        solution, minima = Solution.unmoved(states), Minima.unmoved(states)
        solution.endings[:] = Ending.MINIMUM
        parts = [np.arange(len(states))]
        if not slow_points and len(states) > _SCOUTS:
            parts = np.split(parts[0], [_SCOUTS])
        for going in parts:
            if going[0] > 0 and not (solution.endings[: going[0]] == Ending.ZERO).any():
                break
            for steps in _ROUNDS:
                minima.put(going, self.descent.minimize(minima.states[going], steps))
                going = going[self._may_reach_zeros(minima.at(going), slow_points)]
                if not len(going):
                    break
                ends = self.solve(minima.states[going])
                there = ends.endings == Ending.ZERO
                solution.put(going[there], ends, there)
                going = going[~there]
        return solution, minima

    def _may_reach_zeros(self, minima: Minima, slow_points: bool) -> Bool[np.ndarray, " state"]:
        """Tell what is still on its way down; or where it has come to a zero, not a slow point."""
        on_the_way = ~(minima.converged | minima.stalled | minima.escaped)
        rows = np.flatnonzero(minima.converged & (not slow_points))
        on_the_way[rows] = self.zero_test.within(minima.states[rows], 10 * minima.steps[rows])
        return on_the_way

    def _minima(self, ends: Solution, unsettled: np.ndarray) -> tuple[np.ndarray, Minima]:
        """Descend from what is unsettled; return which of it came to no zero, and where to."""
        states, which = np.unique(ends.states[unsettled], axis=0, return_inverse=True)
        which = which.reshape(-1)
        if not self.is_misleading(states):
            return unsettled, self.descent.minimize(states).at(which)
        zeros, minima = self.look_beyond(states, slow_points=True)
        done = minima.converged | minima.stalled | minima.escaped | (zeros.endings == Ending.ZERO)
        if not done.all():
            minima.put(np.flatnonzero(~done), self.descent.minimize(minima.states[~done]))
        there = (zeros.endings == Ending.ZERO)[which]
        ends.put(unsettled[there], zeros, which[there])
        return unsettled[~there], minima.at(which[~there])

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
