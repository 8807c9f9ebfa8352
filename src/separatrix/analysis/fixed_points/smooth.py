"""Fixed and slow points of any differentiable system, by Newton's method and its relatives."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from ..._parallel import chunks
from ...solvers.levenberg_marquardt import Ending, LevenbergMarquardt, Solution
from ...solvers.zero_test import ZeroTest
from .continua import (
    are_singular,
    find_continua,
    find_continua_between,
    name_continuum,
    name_degenerate,
    same_zeros,
)
from .descending import SpeedDescent
from .evaluator import Evaluator
from .found import Found
from .outcomes import (
    ENDED,
    JUMP,
    KINK,
    MINIMUM,
    NO_ZERO,
    NONE_WITHIN_REACH,
    ON_THE_WAY,
    UNSETTLED,
    ZERO,
    Reached,
)
from .polishing import Polishing
from .root_finding import CLOSE_BY, RootFinder
from .slow_points import SlowPointSearch
from .starts import FROM_DOMAIN, checked_domain, nearest_in_domain, solved_for_explicit_units
from .vanishing import are_vanishing

_NEAR = 0.1  # of the size of states, within which degenerate zeros may be one
_FEW = 1000  # zeros among which it is cheap to look for those that are one
_PORTION = 8192  # candidates that are followed together, at most
_BYTES = 1 << 24  # of their states: a few copies are made on the way


@dataclass(eq=False)
class SmoothSearch:
    """Follows every candidate to a zero of the residual, or else to a minimum of the speed.

    Candidates are followed a portion at a time, of which only the distinct ends are kept: memory
    does not grow with their number.
    """

    evaluator: Evaluator
    method: LevenbergMarquardt
    zero_test: ZeroTest
    finder: RootFinder = field(init=False)  # what it learns in one search helps in further ones
    polishing: Polishing = field(init=False)
    slow: SlowPointSearch = field(init=False)

    def __post_init__(self) -> None:
        finder = RootFinder(self.evaluator, self.method, self.zero_test)
        bounds = _bounds(self.evaluator)
        descent = SpeedDescent(
            self.evaluator, self.zero_test, finder.merge, finder.is_rough, bounds
        )
        slow = SlowPointSearch(
            descent, self.zero_test, self._solve_from_anywhere, self._solve_exactly
        )
        self.finder, self.slow = finder, slow
        self.polishing = Polishing(self.evaluator, self.zero_test)

    def search(self, starts: Float[np.ndarray, "candidate unit"], slow_points: bool) -> Found:
        """Return the points found, and what became of every candidate."""
        # From far away squares overflow: infinite, they lose every comparison.
        with np.errstate(over="ignore", invalid="ignore"):
            return self._search(starts, slow_points)

    def _search(self, starts: Float[np.ndarray, "candidate unit"], slow_points: bool) -> Found:
        found = Found.empty(*starts.shape)
        outside = np.zeros(len(starts), bool)
        zeros, minima = Reached(), Reached()
        portion = min(_PORTION, max(1, _BYTES // (8 * starts.shape[1])))
        for chunk in chunks(len(starts), portion):
            rows = np.arange(chunk.start, chunk.stop)
            near, outside[rows] = nearest_in_domain(self.evaluator.system, starts[rows])
            led = solved_for_explicit_units(self.evaluator, near)
            ends = self.finder.solve(led, exactly=False)
            self._follow_valleys(ends, slow_points)
            doubtful = self._go_on_from_false_zeros(ends)
            found.reasons[rows] = [ENDED[Ending(e)] for e in ends.endings]
            if slow_points:
                self.slow.descend(ends, rows, minima, found)
            # There rounding, not a kink, hides which way the speed decreases.
            hidden = rows[doubtful]
            found.reasons[hidden[np.isin(found.reasons[hidden], (KINK, NO_ZERO))]] = UNSETTLED
            self._keep_zeros(ends, rows, zeros)
        if len(minima):
            for row, members in minima.merged(self.slow.descent.merge_minima):
                found.add(minima.states[row], "slow", np.nan, members, MINIMUM)
        if len(zeros):
            self._collect_fixed(zeros, found)
        found.reasons[outside] += FROM_DOMAIN
        return found

    def _follow_valleys(self, ends: Solution, slow_points: bool) -> None:
        """Lead those that were left in a curved valley along it, to a zero or as far as it falls.

        Newton's method comes to a minimum of the speed that is near at less cost: from where |r|²
        is level, too, none is followed.
        """
        lost = np.flatnonzero(np.isin(ends.endings, ON_THE_WAY))
        if self.evaluator.is_large or not len(lost):
            return
        if self.slow.is_misleading(ends.states[lost]):
            lost = self._look_beyond(ends, lost, slow_points)
        elif slow_points:
            ends.states[lost] = self.finder.at_spurious_minima(ends.states[lost])[0].states
            near = self.slow.descent.minimize(ends.states[lost], CLOSE_BY)
            ends.states[lost[near.converged]] = near.states[near.converged]
        walked = self.finder.follow_valleys(ends.states[lost])
        ends.states[lost] = walked.states
        there = walked.endings == Ending.ZERO
        ends.put(lost[there], walked, there)

    def _look_beyond(self, ends: Solution, lost: np.ndarray, slow_points: bool) -> np.ndarray:
        """Lead lost candidates past minima of the residual; return those that may be in a valley.

        That is where the descent of the speed has come neither to a zero nor to an end.
        """
        led = self.finder.at_spurious_minima(ends.states[lost])[0].states
        states, which = np.unique(led, axis=0, return_inverse=True)
        zeros, minima = self.slow.look_beyond(states, slow_points)
        which = which.reshape(-1)
        ends.states[lost] = minima.states[which]
        there = zeros.endings == Ending.ZERO
        ends.put(lost[there[which]], zeros, which[there[which]])
        return lost[~(there | minima.converged | minima.escaped)[which]]

    def _go_on_from_false_zeros(self, ends: Solution) -> np.ndarray:
        """Where only the estimate called a residual zero, go on until there is no doubt.

        Returns the candidates of which that is so.
        """
        if self.evaluator.is_large:
            return np.zeros(0, int)  # there the test was exact from the start
        zeros = np.flatnonzero(ends.endings == Ending.ZERO)
        best = self.finder.merge(ends.states[zeros], ends.steps[zeros])
        distinct = np.unique(best)
        sure = self.finder.are_zeros(ends.states[zeros[distinct]])
        doubtful = zeros[np.isin(best, distinct[~sure])]
        if len(doubtful):
            # Many were led to one state.
            states, which = np.unique(ends.states[doubtful], axis=0, return_inverse=True)
            ends.put(doubtful, self._solve_exactly(states), which.reshape(-1))
        return doubtful

    def _solve_from_anywhere(self, states: np.ndarray) -> Solution:
        """Follow states to zeros of which there is no doubt."""
        solution = self.finder.solve(states, exactly=False)
        self._go_on_from_false_zeros(solution)
        return solution

    def _solve_exactly(self, states: np.ndarray) -> Solution:
        return self.finder.solve(states, exactly=True)

    def _zeros_reached(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        solution = self._solve_exactly(states)
        return solution.states, solution.endings == Ending.ZERO

    def _keep_zeros(self, ends: Solution, rows: np.ndarray, zeros: Reached) -> None:
        at = np.flatnonzero(ends.endings == Ending.ZERO)
        best = at[self.finder.merge(ends.states[at], ends.steps[at])]
        for row in np.unique(best):
            zeros.add(ends.states[row].copy(), ends.steps[row], rows[at[best == row]])

    def _collect_fixed(self, zeros: Reached, found: Found) -> None:
        """Merge what ended as a zero; the last Newton correction says what is the same point."""
        distinct, members = zip(*zeros.merged(self.finder.merge), strict=True)
        states = np.array([zeros.states[row] for row in distinct])
        errors = np.array([zeros.steps[row] for row in distinct])
        singular_values = np.zeros((len(states), 0))
        if self.evaluator.is_large:
            continua = find_continua_between(states, self._zeros_reached)
        else:
            polished = self.polishing.polish(states)
            for number in np.flatnonzero(polished.missed).tolist():
                found.reasons[members[number]] = JUMP
            vanishing = self._vanish(polished.states, polished.errors) & ~polished.missed
            for number in np.flatnonzero(vanishing).tolist():
                found.reasons[members[number]] = NONE_WITHIN_REACH
            kept = np.flatnonzero(~polished.missed & ~vanishing)
            if not len(kept):
                return
            members = [members[number] for number in kept]
            states, errors, singular_values, directions, _ = (part[kept] for part in polished)
            continua = find_continua(states, directions, self.zero_test.scale, self.finder.approach)
        settled = self.zero_test.settled(states, errors)
        isolated = continua.label < 0
        for number in np.flatnonzero(isolated & ~settled).tolist():
            found.reasons[members[number]] = UNSETTLED
        singular = are_singular(singular_values)
        for group in self._groups(states, singular, isolated & settled):
            best, parts = group[np.argmin(errors[group])], [members[k] for k in group]
            label = found.add(states[best], "fixed", errors[best], np.concatenate(parts), ZERO)
            if singular[best]:
                found.degenerate[label] = name_degenerate(singular_values[best])
        for number, middle in enumerate(continua.middles):
            parts = [members[k] for k in np.flatnonzero(continua.label == number)]
            text = name_continuum(singular_values[middle])
            label = found.add(states[middle], "fixed", np.inf, np.concatenate(parts), text)
            found.refuse(label, text)

    def _groups(
        self, states: np.ndarray, singular: np.ndarray, among: np.ndarray
    ) -> list[np.ndarray]:
        """Return groups of zeros that are one: degenerate ones are known less exactly."""
        # Where all singular values are alike none is small beside another.
        doubtful = among & (singular | (len(states) <= _FEW))
        groups = [np.array([k]) for k in np.flatnonzero(among & ~doubtful).tolist()]
        suspect = np.flatnonzero(doubtful)
        reach = _NEAR * np.maximum(np.abs(states[suspect]).max(1, initial=0), self.zero_test.scale)
        numbers = same_zeros(states[suspect], self.finder.are_zeros, reach)
        groups += [suspect[numbers == k] for k in range(numbers.max(initial=-1) + 1)]
        return sorted(groups, key=lambda group: int(group[0]))

    def _vanish(self, states: np.ndarray, errors: np.ndarray) -> np.ndarray:
        """Tell which zeros with a long last step are none, as the residual only fades there."""
        size = np.maximum(np.abs(states).max(1, initial=0), self.zero_test.scale)
        rows = np.flatnonzero(~(errors <= np.cbrt(self.zero_test.eps) * size) & (size > 0))
        vanishing = np.zeros(len(states), bool)
        are_zeros = self.finder.are_zeros
        vanishing[rows] = are_vanishing(self.evaluator, are_zeros, states[rows], size[rows])
        return vanishing


def _bounds(evaluator: Evaluator) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what the speed is not followed beyond: a box three times as large as the domain.

    Far outside, where gates saturate, a state hardly moves, and the speed falls for ever.
    """
    if evaluator.system.domain is None:
        return None
    lower, upper = checked_domain(evaluator.system)
    with np.errstate(over="ignore", invalid="ignore"):  # beside the largest numbers, or infinity
        width = np.where(upper > lower, upper - lower, np.inf)
        return lower - width, upper + width
