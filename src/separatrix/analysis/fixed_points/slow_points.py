"""Slow points of smooth systems: local minima of the speed, from where no zero was found."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._watch import Stage, is_over, report_progress
from ...solvers.endings import Ending
from ...solvers.iterate import Solution, States, replaced
from ...solvers.merging import group_minima
from ...solvers.minimize import DampedNewton
from ...solvers.zero_test import ZeroTest
from ..point_table import PointTable
from .evaluator import Evaluator
from .root_finding import CLOSE_BY, Known, Merge, RootFinder
from .starts import checked_domain

ON_THE_WAY = (Ending.MINIMUM, Ending.STALLED, Ending.MAX_STEPS)
"""Endings from which the speed may lead further."""
ENDED = (Ending.MINIMUM, Ending.STALLED, Ending.RAN_AWAY)
"""Endings of a descent of the speed that is not to be gone on with."""
_FIRST = 16  # states that descend without the help of known minima
_SCHEDULES = (DampedNewton.max_steps,), (10, 20)
"""Steps of the descent, after each of which a zero may attract: at the end, as it would attract
what is about to come to a slow point, and earlier where that came to none."""
_PROBES = 8  # states that tell whether a residual is a multiple of the velocity
_SAME = 1e-9  # beside 1, of ratios
_SCOUTS = 64  # states that tell whether any does


def typical_speed(evaluator: Evaluator, candidates: States) -> float | None:
    """Return the median speed of those candidates that move, beside which slow points are slow.

    They are faster than a hundredth of the fastest one, since activity may rest at fixed points for
    most of the time. None if none moves.
    """
    speeds = evaluator.speed(candidates)
    speeds = speeds[np.isfinite(speeds)]
    moving = speeds[speeds > speeds.max(initial=0.0) / 100]
    return float(np.median(moving)) if len(moving) else None


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
    def zeros(cls, ends: Solution) -> "DescentResult":
        """Return the zeros that candidates have reached, each its own."""
        at = np.flatnonzero(ends.endings == Ending.ZERO)
        of = replaced(np.full(len(ends.endings), -1), at, np.arange(len(at)))
        return cls(ends.states[at], ends.steps[at], of)

    def join(self, other: "DescentResult") -> "DescentResult":
        """Return what some candidates, and others after them, reached."""
        after = np.where(other.of < 0, -1, other.of + len(self.states))
        ends = DescentResult(other.states, other.steps, after)
        return DescentResult(*map(np.concatenate, zip(self, ends, strict=True)))

    def merged(self, merge: Merge) -> "DescentResult":
        """Return the most exact of each group of equal states."""
        rows, which = np.unique(merge(self.states, self.steps), return_inverse=True)
        of = np.append(which.reshape(-1), -1)[self.of]
        return DescentResult(self.states[rows], self.steps[rows], of)


@dataclass(frozen=True)
class SpeedDescent:
    """Leads states down the speed, to a slow point or to a zero after all.

    Of many units Hessians are nearly all the work, so known minima, which one descent learns for
    those after it, and values of the speed alone spare as many as they can. No state is followed
    beyond a box three times as large as the domain: far outside, where gates saturate, a state
    hardly moves, and the speed falls for ever.
    """

    finder: RootFinder

    @property
    def evaluator(self) -> Evaluator:
        return self.finder.evaluator

    @property
    def zero_test(self) -> ZeroTest:
        return self.finder.zero_test

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The box that no state leaves; None where the system says nothing of a domain."""
        if self.evaluator.system.domain is None:
            return None
        lower, upper = checked_domain(self.evaluator.system)
        with np.errstate(over="ignore", invalid="ignore"):  # beside the largest numbers
            width = np.where(upper > lower, upper - lower, np.inf)
            return lower - width, upper + width

    def minimize(
        self, starts: States, known: Known, max_steps: int = DampedNewton.max_steps
    ) -> tuple[Solution, Known]:
        """Descend from all starts, as many at a time as their Hessians have room for.

        Those that were led to one minimum of the residual go on as one.
        """
        distinct, which = np.unique(starts, axis=0, return_inverse=True)
        if len(distinct) < len(starts):
            ends, known = self.minimize(distinct, known, max_steps)
            return ends.select(which.reshape(-1)), known
        derivatives, newton = self.evaluator.speed_derivatives, DampedNewton(max_steps)
        many_units, bounds = self.finder.is_rough, self.bounds
        values = (lambda x: np.square(self.evaluator.speed(x)) / 2) if many_units else None
        ends, room = Solution.unmoved(starts), self.evaluator.batch_size
        pending, portion = np.arange(len(starts)), _FIRST if many_units else room
        while len(pending) and not is_over():
            report_progress(Stage.SLOW_POINTS, len(starts) - len(pending), len(starts))
            rows, pending = pending[:portion], pending[portion:]
            minima = newton.minimize(derivatives, starts[rows], values, bounds)
            ends, portion = ends.put(rows, minima), min(2 * portion, room)
            if many_units and len(pending):
                learned = self.finder.with_minima(known.minima, derivatives, minima)
                known = replace(known, minima=learned)
                gradient = self.evaluator.speed_gradient
                there = learned.refine(gradient, ends.select(pending), Ending.MINIMUM)
                ends = ends.put(pending, there)
                pending = pending[there.endings == Ending.RUNNING]
        return ends, known

    def merge_minima(self, states: States, steps: np.ndarray) -> Int[np.ndarray, " state"]:
        """Return the row of the minimum that each one is merged with.

        As `merge` does, but flat valleys leave minima of the speed less certain than zeros.
        """
        best = self.finder.merge(states, steps)
        distinct = np.unique(best)
        distinct = distinct[np.argsort(steps[distinct], kind="stable")]

        def hessian(number: int) -> np.ndarray:
            return self.evaluator.speed_derivatives(states[distinct[[number]]])[2][0]

        same = np.empty(len(states), int)
        eps, scale = self.zero_test.eps, self.zero_test.scale
        same[distinct] = distinct[group_minima(states[distinct], hessian, eps, scale)]
        return same[best]

    def with_minima(self, table: PointTable, minima: DescentResult) -> PointTable:
        """Return a table with slow points, those that are one merged."""
        if not len(minima.states):
            return table
        minima = minima.merged(self.merge_minima)
        rows = np.flatnonzero(minima.of >= 0)
        reached = minima.of[rows] + len(table)
        table = table.with_points(minima.states, False)
        return table.with_values(rows, reached=reached, outcomes=Ending.SPEED_MINIMUM)

    def follow_valleys(
        self, ends: Solution, known: Known, slow_points: bool
    ) -> tuple[Solution, Known]:
        """Lead what was left in a curved valley along it, to a zero or as far as it falls.

        Newton's method comes to a minimum of the speed that is near at less cost: from where |r|²
        is level, too, none is followed.
        """
        lost = np.flatnonzero(np.isin(ends.endings, ON_THE_WAY))
        if self.evaluator.is_large or not len(lost):
            return ends, known
        if is_over():
            return ends.ended(lost, Ending.RUNNING), known
        if self._is_misleading(ends.states[lost]):
            ends, lost, known = self._look_beyond_minima(ends, lost, known, slow_points)
        elif slow_points:
            states = self.finder.at_spurious_minima(ends.states[lost], known).states
            near, known = self.minimize(states, known, CLOSE_BY)
            closed = (near.endings == Ending.MINIMUM)[:, None]
            ends = ends.put(lost, ends.at(np.where(closed, near.states, states), lost))
        walked = self.finder.follow_valleys(ends.states[lost], known)
        there = walked.endings == Ending.ZERO
        ends = ends.put(lost, ends.at(walked.states, lost))
        return ends.put(lost[there], walked, there), known

    def descend(self, ends: Solution, known: Known) -> tuple[Solution, DescentResult, Known]:
        """Descend to the minima of the speed; one that may be a zero is given to the solver.

        Of what came to no minimum the endings say why.
        """
        nothing = DescentResult.nothing(*ends.states.shape)
        unsettled = np.flatnonzero(np.isin(ends.endings, ON_THE_WAY))
        if self.evaluator.is_large or not len(unsettled):
            return ends.ended(unsettled, Ending.TOO_LARGE), nothing, known
        zeros, minima, known = self._minima(ends.states[unsettled], known)
        there = zeros.endings == Ending.ZERO
        ends = ends.put(unsettled[there], zeros, there)
        unsettled, minima = unsettled[~there], minima.select(~there)
        ends = ends.ended(unsettled, self._reasons(minima))
        settled = np.flatnonzero(minima.endings == Ending.MINIMUM)
        best = self.finder.merge(minima.states[settled], minima.steps[settled])
        distinct, which = np.unique(best, return_inverse=True)
        which, found = which.reshape(-1), minima.select(settled[distinct])
        again = self._zeros_among(found)
        is_zero = again.endings == Ending.ZERO
        number = np.where(is_zero, -1, np.cumsum(~is_zero) - 1)[which]
        rows, slow = unsettled[settled], number >= 0
        ends = ends.put(rows[~slow], again, which[~slow])
        ends = ends.ended(rows[slow], Ending.SPEED_MINIMUM)
        of = replaced(nothing.of, rows, number)
        return ends, DescentResult(found.states[~is_zero], found.steps[~is_zero], of), known

    def _reasons(self, minima: Solution) -> Int[np.ndarray, " state"]:
        """Return how a candidate has ended whose descent did so, minima among them."""
        endings = np.full(len(minima.endings), Ending.NO_MINIMUM)
        endings[minima.endings == Ending.STALLED] = Ending.STALLED
        if is_over():
            endings[minima.endings == Ending.RUNNING] = Ending.RUNNING
        endings[minima.endings == Ending.RAN_AWAY] = Ending.ESCAPED
        return endings

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
        self, ends: Solution, lost: np.ndarray, known: Known, slow_points: bool
    ) -> tuple[Solution, np.ndarray, Known]:
        """Lead lost candidates past minima of the residual; return those that may be in a valley.

        That is where the descent of the speed has come neither to a zero nor to an end.
        """
        result = self.finder.at_spurious_minima(ends.states[lost], known).states
        states, which = np.unique(result, axis=0, return_inverse=True)
        zeros, minima, known = self._look_beyond(states, known, slow_points)
        zeros, minima = (part.select(which.reshape(-1)) for part in (zeros, minima))
        there = zeros.endings == Ending.ZERO
        ends = ends.put(lost, ends.at(minima.states, lost)).put(lost[there], zeros, there)
        left = ~(there | np.isin(minima.endings, (Ending.MINIMUM, Ending.RAN_AWAY)))
        return ends, lost[left], known

    def _look_beyond(
        self, states: States, known: Known, slow_points: bool
    ) -> tuple[Solution, Solution, Known]:
        """Descend the speed, and look for zeros after each of some rounds.

        The speed leads past minima that the residual alone has: zeros may attract beyond them.
        Where no `slow_points` are wanted, a few states tell whether it is worth while.

        Returns the zeros, as `Ending.ZERO`, and where the descent has come to.
        """
        zeros, minima = Solution.unmoved(states, Ending.MINIMUM), Solution.unmoved(states)
        parts = [np.arange(len(states))]
        if not slow_points and len(states) > _SCOUTS:
            parts = np.split(parts[0], [_SCOUTS])
        for part in parts:
            if part[0] > 0 and not (zeros.endings[: part[0]] == Ending.ZERO).any():
                break
            for schedule in _SCHEDULES[not slow_points :]:
                open_ = zeros.endings[part] != Ending.ZERO
                going = part[open_ & (minima.endings[part] != Ending.MINIMUM)]
                minima = minima.put(going, Solution.unmoved(states[going]))
                for steps in schedule if len(going) else ():
                    descended, known = self.minimize(minima.states[going], known, steps)
                    minima = minima.put(going, descended)
                    going = going[self._may_reach_zeros(descended, slow_points)]
                    if not len(going):
                        break
                    ends, known = self.finder.solve(minima.states[going], known)
                    ends, _ = self.finder.correct_false_zeros(ends)
                    there = ends.endings == Ending.ZERO
                    zeros = zeros.put(going[there], ends, there)
                    going = going[~there]
        return zeros, minima, known

    def _may_reach_zeros(self, minima: Solution, slow_points: bool) -> Bool[np.ndarray, " state"]:
        """Mask starts still descending and, unless `slow_points`, minima that may be zeros."""
        on_the_way = ~np.isin(minima.endings, ENDED)
        rows = np.flatnonzero((minima.endings == Ending.MINIMUM) & (not slow_points))
        on_the_way[rows] = self.zero_test.within(minima.states[rows], 10 * minima.steps[rows])
        return on_the_way

    def _minima(self, starts: States, known: Known) -> tuple[Solution, Solution, Known]:
        """Descend from what is unsettled; return what came to zeros, and where others did."""
        states, which = np.unique(starts, axis=0, return_inverse=True)
        if self._is_misleading(states):
            zeros, minima, known = self._look_beyond(states, known, slow_points=True)
        else:
            zeros, minima = Solution.unmoved(states, Ending.MINIMUM), Solution.unmoved(states)
        left = ~(np.isin(minima.endings, ENDED) | (zeros.endings == Ending.ZERO))
        if left.any():
            descended, known = self.minimize(minima.states[left], known)
            minima = minima.put(left, descended)
        rows = which.reshape(-1)
        return zeros.select(rows), minima.select(rows), known

    def _zeros_among(self, minima: Solution) -> Solution:
        """Return distinct minima with those that are zeros in place of what was taken for one."""
        states = minima.states
        reach = 10 * minima.steps + 2 * self.zero_test.rounding_radius(states)
        possible = np.flatnonzero(self.zero_test.within(states, reach))
        if not len(possible):
            return minima
        again = self.finder.solve_exactly(states[possible])
        moved = np.linalg.norm(again.states - states[possible], axis=1)
        near = np.sqrt(self.zero_test.eps) * np.abs(states[possible]).max(1, initial=0)
        stayed = moved <= np.maximum(10 * reach[possible], near)
        kept = (again.endings == Ending.ZERO) & stayed
        return minima.put(possible[kept], again, kept)
