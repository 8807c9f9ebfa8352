"""Slow points of smooth systems: local minima of the speed, from where no zero was found."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._watch import Stage, is_over, report_progress
from ...solvers.chord import ChordZeros
from ...solvers.endings import Ending
from ...solvers.levenberg_marquardt import Solution
from ...solvers.merging import group_minima
from ...solvers.minimize import DampedNewton, Minima
from .root_finding import CLOSE_BY, Merge, RootFinder, learn_minima
from .starts import checked_domain

States = Float[np.ndarray, "state unit"]

ON_THE_WAY = (Ending.MINIMUM, Ending.STALLED, Ending.MAX_STEPS)
"""Endings from which the speed may lead further."""
_FIRST = 16  # states that descend without the help of known minima
_ROUNDS = (10, 20)  # steps of the descent, after each of which a zero may attract
_PROBES = 8  # states that tell whether a residual is a multiple of the velocity
_SAME = 1e-9  # beside 1, of ratios
_SCOUTS = 64  # states that tell whether any does


class DescentResult(NamedTuple):
    """Distinct states, how uncertain each is, and which one each candidate reached (−1: none)."""

    states: States
    steps: Float[np.ndarray, " state"]
    of: Int[np.ndarray, " candidate"]

    @classmethod
    def nothing(cls, candidates: int, size: int) -> "DescentResult":
        """Return that no candidate has reached anything."""
        return cls(np.zeros((0, size)), np.zeros(0), np.full(candidates, -1))

    @classmethod
    def joined(cls, parts: list["DescentResult"]) -> "DescentResult":
        """Return what some candidates, and others after them, reached."""
        first = np.cumsum([0, *(len(part.states) for part in parts)])
        of = [np.where(p.of < 0, -1, p.of + k) for p, k in zip(parts, first, strict=False)]
        states, steps, _ = (np.concatenate(column) for column in zip(*parts, strict=True))
        return cls(states, steps, np.concatenate(of))

    def merged(self, merge: Merge) -> "DescentResult":
        """Return the most exact of each group of equal states."""
        rows, which = np.unique(merge(self.states, self.steps), return_inverse=True)
        of = np.append(which.reshape(-1), -1)[self.of]
        return DescentResult(self.states[rows], self.steps[rows], of)


class SpeedDescent:
    """Leads states down the speed, to a slow point or to a zero after all.

    Of many units Hessians are nearly all the work, so known minima, which one descent learns for
    those after it, and values of the speed alone spare as many as they can. No state is followed
    beyond a box three times as large as the domain: far outside, where gates saturate, a state
    hardly moves, and the speed falls for ever.
    """

    def __init__(self, finder: RootFinder):
        self.finder, self.evaluator = finder, finder.evaluator
        self.zero_test, self.merge = finder.zero_test, finder.merge
        self.known = ChordZeros(self.evaluator.size)  # minima
        self.bounds: tuple[np.ndarray, np.ndarray] | None = None
        if self.evaluator.system.domain is not None:
            lower, upper = checked_domain(self.evaluator.system)
            with np.errstate(over="ignore", invalid="ignore"):  # beside the largest numbers
                width = np.where(upper > lower, upper - lower, np.inf)
                self.bounds = lower - width, upper + width

    def minimize(self, starts: States, max_steps: int = DampedNewton.max_steps) -> Minima:
        """Descend from all starts, as many at a time as their Hessians have room for.

        Those that were led to one minimum of the residual go on as one.
        """
        distinct, which = np.unique(starts, axis=0, return_inverse=True)
        if len(distinct) < len(starts):
            return self.minimize(distinct, max_steps).at(which.reshape(-1))
        derivatives, newton = self.evaluator.speed_derivatives, DampedNewton(max_steps)
        many_units = self.finder.is_rough
        values = (lambda x: np.square(self.evaluator.speed(x)) / 2) if many_units else None
        ends = Minima.unmoved(starts)
        pending, room = np.arange(len(starts)), self.evaluator.batch_size
        portion = _FIRST if many_units else room
        while len(pending) and not is_over():
            report_progress(Stage.SLOW_POINTS, len(starts) - len(pending), len(starts))
            rows, pending = pending[:portion], pending[portion:]
            minima = newton.minimize(derivatives, starts[rows], values, self.bounds)
            ends.put(rows, minima)
            portion = min(2 * portion, room)
            if many_units and len(pending):
                learn_minima(self.known, derivatives, minima, self.merge, self.zero_test)
                result = self.known.refine_by_chord(self.evaluator.speed_gradient, starts[pending])
                there = result.arrived
                ends.states[pending[there]] = result.states[there]
                ends.steps[pending[there]] = result.steps[there]
                ends.converged[pending[there]] = True
                pending = pending[~there]
        return ends

    def merge_minima(self, states: States, steps: np.ndarray) -> Int[np.ndarray, " state"]:
        """Return the row of the minimum that each one is merged with.

        As `merge` does, but flat valleys leave minima of the speed less certain than zeros.
        """
        best = self.merge(states, steps)
        distinct = np.unique(best)
        distinct = distinct[np.argsort(steps[distinct], kind="stable")]

        def hessian(number: int) -> np.ndarray:
            return self.evaluator.speed_derivatives(states[distinct[[number]]])[2][0]

        same = np.empty(len(states), int)
        eps, scale = self.zero_test.eps, self.zero_test.scale
        same[distinct] = distinct[group_minima(states[distinct], hessian, eps, scale)]
        return same[best]

    def follow_valleys(self, ends: Solution, slow_points: bool) -> None:
        """Lead what was left in a curved valley along it, to a zero or as far as it falls.

        Newton's method comes to a minimum of the speed that is near at less cost: from where |r|²
        is level, too, none is followed.
        """
        lost = np.flatnonzero(np.isin(ends.endings, ON_THE_WAY))
        if self.evaluator.is_large or not len(lost):
            return
        if is_over():
            ends.endings[lost] = Ending.RUNNING
            return
        if self._is_misleading(ends.states[lost]):
            lost = self._look_beyond_minima(ends, lost, slow_points)
        elif slow_points:
            ends.states[lost] = self.finder.at_spurious_minima(ends.states[lost])[0].states
            near = self.minimize(ends.states[lost], CLOSE_BY)
            ends.states[lost[near.converged]] = near.states[near.converged]
        walked = self.finder.follow_valleys(ends.states[lost])
        ends.states[lost] = walked.states
        there = walked.endings == Ending.ZERO
        ends.put(lost[there], walked, there)

    def descend(self, ends: Solution, outcomes: Int[np.ndarray, " candidate"]) -> DescentResult:
        """Descend to the minima of the speed; one that may be a zero is given to the solver.

        Of what came to no minimum `outcomes` say why.
        """
        unsettled = np.flatnonzero(np.isin(ends.endings, ON_THE_WAY))
        if self.evaluator.is_large:
            outcomes[unsettled] = Ending.TOO_LARGE
        if self.evaluator.is_large or not len(unsettled):
            return DescentResult.nothing(*ends.states.shape)
        unsettled, minima = self._minima(ends, unsettled)
        outcomes[unsettled] = np.where(minima.stalled, Ending.STALLED, Ending.NO_MINIMUM)
        if is_over():
            unfinished = np.isnan(minima.values) & ~minima.converged
            outcomes[unsettled[unfinished]] = Ending.RUNNING
        outcomes[unsettled[minima.escaped]] = Ending.ESCAPED
        outcomes[unsettled[self._jumping(minima)]] = Ending.JUMP
        settled = np.flatnonzero(minima.converged)
        best = settled[self.merge(minima.states[settled], minima.steps[settled])]
        distinct, which = np.unique(best, return_inverse=True)
        is_zero = self._zeros_among(minima, distinct, ends, unsettled)
        for row in distinct[is_zero]:
            members = unsettled[settled[best == row]]
            for ending in (ends.endings, ends.states, ends.steps):
                ending[members] = ending[unsettled[row]]
        slow = distinct[~is_zero]
        number = np.where(is_zero, -1, np.cumsum(~is_zero) - 1)[which.reshape(-1)]
        of = np.full(len(outcomes), -1)
        of[unsettled[settled]] = number
        outcomes[unsettled[settled[number >= 0]]] = Ending.SPEED_MINIMUM
        return DescentResult(minima.states[slow], minima.steps[slow], of)

    def _is_misleading(self, states: np.ndarray) -> bool:
        """Return whether the residual may have minima that the speed has not.

        Not where it is the velocity, or as good as certainly a multiple of it.
        """
        if self.evaluator.system.residual_function is None:
            return False
        some = np.concatenate([states[:_PROBES], states[:_PROBES] / 2])
        with np.errstate(divide="ignore", invalid="ignore"):  # at rest
            speed = self.evaluator.speed(some)
            ratios = np.linalg.norm(self.evaluator.residual(some), axis=1) / speed
        return not np.ptp(ratios) <= _SAME * ratios.max()

    def _look_beyond_minima(
        self, ends: Solution, lost: np.ndarray, slow_points: bool
    ) -> np.ndarray:
        """Lead lost candidates past minima of the residual; return those that may be in a valley.

        That is where the descent of the speed has come neither to a zero nor to an end.
        """
        result = self.finder.at_spurious_minima(ends.states[lost])[0].states
        states, which = np.unique(result, axis=0, return_inverse=True)
        zeros, minima = self._look_beyond(states, slow_points)
        which = which.reshape(-1)
        ends.states[lost] = minima.states[which]
        there = zeros.endings == Ending.ZERO
        ends.put(lost[there[which]], zeros, which[there[which]])
        return lost[~(there | minima.converged | minima.escaped)[which]]

    def _look_beyond(self, states: States, slow_points: bool) -> tuple[Solution, Minima]:
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
                minima.put(going, self.minimize(minima.states[going], steps))
                going = going[self._may_reach_zeros(minima.at(going), slow_points)]
                if not len(going):
                    break
                ends = self.finder.solve_surely(minima.states[going])
                there = ends.endings == Ending.ZERO
                solution.put(going[there], ends, there)
                going = going[~there]
        return solution, minima

    def _may_reach_zeros(self, minima: Minima, slow_points: bool) -> Bool[np.ndarray, " state"]:
        """Mask starts still descending and, unless `slow_points`, minima that may be zeros."""
        on_the_way = ~(minima.converged | minima.stalled | minima.escaped)
        rows = np.flatnonzero(minima.converged & (not slow_points))
        on_the_way[rows] = self.zero_test.within(minima.states[rows], 10 * minima.steps[rows])
        return on_the_way

    def _minima(self, ends: Solution, unsettled: np.ndarray) -> tuple[np.ndarray, Minima]:
        """Descend from what is unsettled; return which of it came to no zero, and where to."""
        states, which = np.unique(ends.states[unsettled], axis=0, return_inverse=True)
        which = which.reshape(-1)
        if not self._is_misleading(states):
            return unsettled, self.minimize(states).at(which)
        zeros, minima = self._look_beyond(states, slow_points=True)
        done = minima.converged | minima.stalled | minima.escaped | (zeros.endings == Ending.ZERO)
        if not done.all():
            minima.put(np.flatnonzero(~done), self.minimize(minima.states[~done]))
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
        """Mask distinct minima that are zeros, and put the zeros in their candidates' places."""
        states, steps = minima.states[distinct], minima.steps[distinct]
        reach = 10 * steps + 2 * self.zero_test.rounding_radius(states)
        possible = self.zero_test.within(states, reach)
        is_zero = np.zeros(len(distinct), bool)
        if possible.any():
            again = self.finder.solve(states[possible], exactly=True)
            moved = np.linalg.norm(again.states - states[possible], axis=1)
            near = np.sqrt(self.zero_test.eps) * np.abs(states[possible]).max(1, initial=0)
            stayed = moved <= np.maximum(10 * reach[possible], near)
            kept = (again.endings == Ending.ZERO) & stayed
            is_zero[possible] = kept
            ends.put(unsettled[distinct[possible]][kept], again, kept)
        return is_zero
