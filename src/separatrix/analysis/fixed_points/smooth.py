"""Fixed and slow points of any differentiable system, by Newton's method and its relatives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from ...solvers.levenberg_marquardt import Ending, LevenbergMarquardt, Solution
from ...solvers.minimize import Minima
from ...solvers.turns import turns
from ...solvers.zero_test import ZeroTest
from .continua import find_continua, find_continua_between, name_continuum
from .degenerate import DegenerateZeros, are_degenerate, name_degenerate
from .evaluator import Evaluator
from .following import CLOSE_BY, Follower
from .found import Found
from .guidance import Guide
from .polishing import Polishing
from .starts import FROM_DOMAIN, nearest_in_domain, solved_for_explicit_units

ZERO = "the residual is at rounding level"
MINIMUM = "a local minimum of the speed that is not zero"
NO_ZERO = "the residual, which is not zero, decreases no further"
KINK = "no step decreases the speed: a kink, or rounding hides the way down"
JUMP = "the function jumps here, which cuts off the way to a zero"
REASONS = {
    Ending.ZERO: ZERO,
    Ending.MINIMUM: NO_ZERO,
    Ending.STALLED: NO_ZERO,
    Ending.MAX_STEPS: "ran out of steps; give it more with LevenbergMarquardt(max_steps=…)",
    Ending.NOT_FINITE: "the candidate, or the system on the way from it, is NaN or infinite",
    Ending.RAN_AWAY: "left for infinity: more than 1e8 times as far as any candidate",
}
UNSETTLED = "the residual is at rounding level, but Newton's method does not close in on a zero"
TOO_LARGE = "near a minimum of the speed; slow points of so large a system are not looked for"
NO_MINIMUM = "the descent of the speed ran out of steps, or stopped at a saddle of it"
Merge = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""States and their last steps -> the row that each one is merged with."""
_PORTION = 8192  # candidates that are followed together, at most
_BYTES = 1 << 24  # of their states: a few copies are made on the way
_ON_THE_WAY = (Ending.MINIMUM, Ending.STALLED, Ending.MAX_STEPS)


@dataclass
class _Reached:
    """States that were reached, how uncertain each is, and which candidates reached it."""

    states: list[np.ndarray] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    members: list[np.ndarray] = field(default_factory=list)

    def add(self, state: np.ndarray, step: float, members: np.ndarray) -> None:
        self.states.append(state)
        self.steps.append(float(step))
        self.members.append(members)

    def __len__(self) -> int:
        return len(self.states)

    def merged(self, merge: Merge) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the most exact of each group of equal states, and the candidates of the group."""
        best = merge(np.array(self.states), np.array(self.steps))
        for row in np.unique(best):
            yield row, np.concatenate([self.members[k] for k in np.flatnonzero(best == row)])


@dataclass(frozen=True)
class SmoothSearch:
    """Follows every candidate to a zero of the residual, or else to a minimum of the speed.

    Candidates are followed a portion at a time, of which only the distinct ends are kept: memory
    does not grow with their number.
    """

    evaluator: Evaluator
    method: LevenbergMarquardt
    zero_test: ZeroTest
    guide: Guide | None = None  # around false valleys, where there may be some
    follower: Follower = field(init=False)  # what it learns in one search helps in further ones
    degenerate: DegenerateZeros = field(init=False)
    polishing: Polishing = field(init=False)

    def __post_init__(self) -> None:
        follower = Follower(self.evaluator, self.method, self.zero_test)
        object.__setattr__(self, "follower", follower)
        object.__setattr__(self, "degenerate", DegenerateZeros(self.evaluator, self.zero_test))
        object.__setattr__(self, "polishing", Polishing(self.evaluator, self.zero_test))

    def search(self, starts: Float[np.ndarray, "candidate unit"], slow_points: bool) -> Found:
        """Return the points found, and what became of every candidate."""
        # From far away squares overflow: infinite, they lose every comparison.
        with np.errstate(over="ignore", invalid="ignore"):
            return self._search(starts, slow_points)

    def _search(self, starts: Float[np.ndarray, "candidate unit"], slow_points: bool) -> Found:
        found = Found.empty(*starts.shape)
        follower = self.follower
        outside = np.zeros(len(starts), bool)
        zeros, minima = _Reached(), _Reached()
        portion = min(_PORTION, max(1, _BYTES // (8 * starts.shape[1])))
        for turn in turns(len(starts), portion):
            rows = np.arange(turn.start, turn.stop)
            near, outside[rows] = nearest_in_domain(self.evaluator.system, starts[rows])
            led = solved_for_explicit_units(self.evaluator, near)
            if self.guide is None:
                ends = follower.solve(led, exactly=False)
            else:
                ends = self.guide.solve(follower, led)
            self._follow_valleys(follower, ends, slow_points)
            doubtful = self._go_on_from_false_zeros(follower, ends)
            found.reasons[rows] = [REASONS[Ending(e)] for e in ends.endings]
            settled = np.zeros(len(rows), bool)
            if slow_points:
                settled = self._descend(follower, ends, rows, minima, found)
            self._reach_degenerate(ends, ~settled)
            # There rounding, not a kink, hides which way the speed decreases.
            hidden = rows[doubtful]
            found.reasons[hidden[np.isin(found.reasons[hidden], (KINK, NO_ZERO))]] = UNSETTLED
            self._keep_zeros(ends, rows, zeros)
        if len(minima):
            for row, members in minima.merged(follower.merge_minima):
                found.add(minima.states[row], "slow", np.nan, members, MINIMUM)
        if len(zeros):
            self._collect_fixed(follower, zeros, found)
        found.reasons[outside] += FROM_DOMAIN
        return found

    def _follow_valleys(self, follower: Follower, ends: Solution, slow_points: bool) -> None:
        """Lead those that were left in a curved valley along it, to a zero or as far as it falls.

        Newton's method comes to a minimum of the speed that is near at less cost: from where |r|²
        is level, too, none is followed.
        """
        lost = np.flatnonzero(np.isin(ends.endings, _ON_THE_WAY))
        if self.evaluator.is_large or not len(lost):
            return
        if slow_points:
            near = follower.minimize(ends.states[lost], CLOSE_BY)
            ends.states[lost[near.converged]] = near.states[near.converged]
        walked = follower.follow_valleys(ends.states[lost])
        ends.states[lost] = walked.states
        there = walked.endings == Ending.ZERO
        ends.put(lost[there], walked, there)

    def _go_on_from_false_zeros(self, follower: Follower, ends: Solution) -> np.ndarray:
        """Where only the estimate called a residual zero, go on until there is no doubt.

        Returns the candidates of which that is so.
        """
        if self.evaluator.is_large:
            return np.zeros(0, int)  # there the test was exact from the start
        zeros = np.flatnonzero(ends.endings == Ending.ZERO)
        best = self._merge(ends.states[zeros], ends.steps[zeros])
        distinct = np.unique(best)
        sure = self.degenerate.are_zeros(ends.states[zeros[distinct]])
        doubtful = zeros[np.isin(best, distinct[~sure])]
        if len(doubtful):
            # Many were led to one state.
            states, which = np.unique(ends.states[doubtful], axis=0, return_inverse=True)
            ends.put(doubtful, self._solve_exactly(follower, states), which.reshape(-1))
        return doubtful

    def _solve_exactly(self, follower: Follower, states: np.ndarray) -> Solution:
        """Follow states near zeros to them, degenerate ones too."""
        solution = Solution.unmoved(states)
        solution.endings[:] = Ending.MINIMUM
        self._reach_degenerate(solution, np.ones(len(states), bool))
        rest = np.flatnonzero(solution.endings != Ending.ZERO)
        if len(rest):
            solution.put(rest, follower.solve(states[rest], exactly=True))
        return solution

    def _reach_degenerate(self, ends: Solution, among: Bool[np.ndarray, " state"]) -> None:
        """Lead those that were left near a degenerate zero to it."""
        lost = np.flatnonzero(among & np.isin(ends.endings, _ON_THE_WAY))
        if self.evaluator.is_large or not len(lost):
            return
        near = self.degenerate.reach(ends.states[lost])
        there = lost[near.arrived]
        ends.states[there] = near.states[near.arrived]
        ends.steps[there] = near.distances[near.arrived]
        ends.endings[there] = Ending.ZERO

    def _merge(self, states: np.ndarray, steps: np.ndarray) -> np.ndarray:
        return self.degenerate.merge(self.follower, states, steps)

    def _keep_zeros(self, ends: Solution, rows: np.ndarray, zeros: _Reached) -> None:
        at = np.flatnonzero(ends.endings == Ending.ZERO)
        best = at[self._merge(ends.states[at], ends.steps[at])]
        for row in np.unique(best):
            zeros.add(ends.states[row].copy(), ends.steps[row], rows[at[best == row]])

    def _descend(
        self,
        follower: Follower,
        ends: Solution,
        rows: np.ndarray,
        reached: _Reached,
        found: Found,
    ) -> Bool[np.ndarray, " candidate"]:
        """Descend to the minima of the speed; one that may be a zero is given to the solver.

        Returns which candidates came to a minimum.
        """
        came = np.zeros(len(rows), bool)
        unsettled = np.flatnonzero(np.isin(ends.endings, _ON_THE_WAY))
        if not len(unsettled):
            return came
        if self.evaluator.is_large:
            found.reasons[rows[unsettled]] = TOO_LARGE
            return came
        minima = follower.minimize(ends.states[unsettled])
        found.reasons[rows[unsettled]] = np.where(minima.stalled, KINK, NO_MINIMUM)
        found.reasons[rows[unsettled[self._jumping(minima)]]] = JUMP
        settled = np.flatnonzero(minima.converged)
        best = settled[follower.merge(minima.states[settled], minima.steps[settled])]
        distinct = np.unique(best)
        is_zero = self._zeros_among(follower, minima, distinct, ends, unsettled)
        for row in distinct[~is_zero]:
            members = rows[unsettled[settled[best == row]]]
            reached.add(minima.states[row].copy(), minima.steps[row], members)
        for row in distinct[is_zero]:
            members = unsettled[settled[best == row]]
            for ending in (ends.endings, ends.states, ends.steps):
                ending[members] = ending[unsettled[row]]
        came[unsettled[settled]] = True
        return came

    def _jumping(self, minima: Minima) -> np.ndarray:
        """Return the rows in which a jump of the function ended the descent."""
        rows = np.flatnonzero(minima.stalled & np.isfinite(minima.states).all(1))
        states = minima.states[rows]
        size = np.maximum(np.abs(states).max(1, initial=0), self.zero_test.scale)
        # Steps that decrease nothing are no longer tried once they are about so short.
        return rows[self.zero_test.jumps(states, np.sqrt(self.zero_test.eps) * size)]

    def _zeros_among(
        self,
        follower: Follower,
        minima: Minima,
        distinct: np.ndarray,
        ends: Solution,
        unsettled: np.ndarray,
    ) -> Bool[np.ndarray, " minimum"]:
        """Tell which distinct minima are zeros, and put the zeros in their candidates' places."""
        states, steps = minima.states[distinct], minima.steps[distinct]
        reach = 10 * steps + 2 * self.zero_test.blur(states)
        possible = self.zero_test.within(states, reach)
        is_zero = np.zeros(len(distinct), bool)
        if possible.any():
            again = self._solve_exactly(follower, states[possible])
            moved = np.linalg.norm(again.states - states[possible], axis=1)
            near = np.sqrt(self.zero_test.eps) * np.abs(states[possible]).max(1, initial=0)
            stayed = moved <= np.maximum(10 * reach[possible], near)
            kept = (again.endings == Ending.ZERO) & stayed
            is_zero[possible] = kept
            ends.put(unsettled[distinct[possible]][kept], again, kept)
        return is_zero

    def _collect_fixed(self, follower: Follower, zeros: _Reached, found: Found) -> None:
        """Merge what ended as a zero; the last Newton correction says what is the same point."""
        distinct, members = zip(*zeros.merged(self._merge), strict=True)
        states = np.array([zeros.states[row] for row in distinct])
        errors = np.array([zeros.steps[row] for row in distinct])
        singular_values = np.zeros((len(states), 0))
        if self.evaluator.is_large:
            continua = find_continua_between(states, follower.reach)
        else:
            polished = self.polishing.polish(states)
            for number in np.flatnonzero(polished.missed).tolist():
                found.reasons[members[number]] = JUMP
            kept = np.flatnonzero(~polished.missed)
            if not len(kept):
                return
            members = [members[number] for number in kept]
            states, errors, singular_values, directions, _ = (part[kept] for part in polished)
            scale = self.zero_test.scale
            continua = find_continua(states, directions, scale, follower.reach, follower.approach)
        self._settle(states, errors)
        settled = self.zero_test.settled(states, errors)
        isolated = continua.label < 0
        for number in np.flatnonzero(isolated & ~settled).tolist():
            found.reasons[members[number]] = UNSETTLED
        singular = are_degenerate(singular_values)
        for group in self.degenerate.groups(states, singular, isolated & settled):
            best, parts = group[np.argmin(errors[group])], [members[k] for k in group]
            label = found.add(states[best], "fixed", errors[best], np.concatenate(parts), ZERO)
            if singular[best]:
                found.degenerate[label] = name_degenerate(singular_values[best])
        for number, middle in enumerate(continua.middles):
            parts = [members[k] for k in np.flatnonzero(continua.label == number)]
            text = name_continuum(singular_values[middle], len(parts))
            label = found.add(states[middle], "fixed", np.inf, np.concatenate(parts), text)
            found.refuse(label, text)

    def _settle(self, states: np.ndarray, errors: np.ndarray) -> None:
        """Lead states on which Newton's method does not close in to degenerate zeros, in place."""
        unsettled = np.flatnonzero(~self.zero_test.settled(states, errors))
        if len(unsettled) and not self.evaluator.is_large:
            near = self.degenerate.reach(states[unsettled])
            there = unsettled[near.arrived]
            states[there], errors[there] = near.states[near.arrived], near.distances[near.arrived]
