"""Fixed and slow points of any differentiable system, by Newton's method and its relatives."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._parallel import chunks
from ...solvers.endings import Ending
from ...solvers.levenberg_marquardt import LevenbergMarquardt
from ...solvers.zero_test import ZeroTest
from ..point_table import Degeneracy, Evidence, PointKind, PointTable, ends_of
from .continua import are_singular, find_continua, find_continua_between, same_zeros
from .evaluator import Evaluator
from .polishing import are_vanishing, polish
from .root_finding import RootFinder, Tally
from .slow_points import DescentResult, SpeedDescent
from .starts import nearest_in_domain, solved_for_explicit_units

_NEAR = 0.1  # of the size of states, within which degenerate zeros may be one
_FEW = 1000  # zeros among which it is cheap to look for those that are one
_PORTION = 8192  # candidates that are followed together, at most
_BYTES = 1 << 24  # of their states: a few copies are made on the way
Starts = Float[np.ndarray, "candidate unit"]


class _ClassifiedZeros(NamedTuple):
    """Distinct states, polished and classified.

    `continuum_of` numbers the continua on which they lie, −1 for none, `representatives` are the
    zeros that stand for these; `num_zeros` counts the zeros.
    """

    states: np.ndarray
    errors: np.ndarray
    singular_values: np.ndarray
    outcomes: np.ndarray
    continuum_of: np.ndarray
    representatives: np.ndarray
    num_zeros: int


class SmoothSearch:
    """Follows every candidate to a zero of the residual, or else to a minimum of the speed.

    What it learns in one search helps in further ones. Candidates are followed a portion at a time,
    of which only the distinct ends are kept: memory does not grow with their number.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        method: LevenbergMarquardt,
        zero_test: ZeroTest,
    ):
        self.evaluator, self.zero_test = evaluator, zero_test
        self.finder = RootFinder(evaluator, method, zero_test)
        self.descent = SpeedDescent(self.finder)

    def search(self, starts: Starts, slow_points: bool) -> PointTable:
        """Return the points found, and how every candidate ended."""
        portion = min(_PORTION, max(1, _BYTES // (8 * starts.shape[1])))
        # From far away squares overflow: infinite, they lose every comparison.
        with np.errstate(over="ignore", invalid="ignore"):
            rows, tally = chunks(len(starts), portion), Tally(len(starts))
            parts = [self._followed(starts[chunk], slow_points, tally) for chunk in rows]
            outcomes, clipped, zeros, minima = zip(*parts, strict=True)
            table = replace(
                PointTable.empty(*starts.shape),
                outcomes=np.concatenate(outcomes),
                clipped=np.concatenate(clipped),
            )
            table = self._with_minima(table, DescentResult.joined([*minima]))
            return self._with_zeros(table, DescentResult.joined([*zeros]))

    def _followed(
        self, starts: Starts, slow_points: bool, tally: Tally
    ) -> tuple[
        Int[np.ndarray, " candidate"], Bool[np.ndarray, " candidate"], DescentResult, DescentResult
    ]:
        """Return outcomes of candidates, which were clipped, and the zeros and minima reached."""
        near, clipped = nearest_in_domain(self.evaluator.system, starts)
        entering = solved_for_explicit_units(self.evaluator, near)
        ends = self.finder.solve(entering, exactly=False, tally=tally)
        self.descent.follow_valleys(ends, slow_points)
        doubtful = self.finder.correct_false_zeros(ends)
        outcomes, minima = ends.endings.copy(), DescentResult.nothing(*starts.shape)
        outcomes[outcomes == Ending.STALLED] = Ending.MINIMUM
        if slow_points:
            minima = self.descent.descend(ends, outcomes)
        # There rounding, not a kink, hides which way the speed decreases.
        hidden = np.isin(outcomes[doubtful], (Ending.STALLED, Ending.MINIMUM))
        outcomes[doubtful[hidden]] = Ending.UNSETTLED
        of, at = np.full(len(starts), -1), np.flatnonzero(ends.endings == Ending.ZERO)
        of[at] = np.arange(len(at))
        zeros = DescentResult(ends.states[at], ends.steps[at], of).merged(self.finder.merge)
        return outcomes, clipped, zeros, minima

    def _with_minima(self, table: PointTable, minima: DescentResult) -> PointTable:
        """Return a table with slow points, those that are one merged."""
        if not len(minima.states):
            return table
        minima = minima.merged(self.descent.merge_minima)
        rows = np.flatnonzero(minima.of >= 0)
        reached = minima.of[rows] + len(table)
        table = table.with_points(minima.states, PointKind.SLOW)
        return table.with_candidates(rows, reached=reached, outcomes=Ending.SPEED_MINIMUM)

    def _with_zeros(self, table: PointTable, zeros: DescentResult) -> PointTable:
        """Return a table with what ended as a zero; the last Newton step tells which are one."""
        if not len(zeros.states):
            return table
        zeros = zeros.merged(self.finder.merge)
        near = self._polish_and_classify(zeros.states, zeros.steps)
        outcomes, on_continuum = near.outcomes, near.continuum_of >= 0
        singular = are_singular(near.singular_values)
        groups = self._groups(near, singular, (outcomes == Ending.ZERO) & ~on_continuum)
        best = [group[np.argmin(near.errors[group])] for group in groups]
        chosen = np.array([*best, *near.representatives], int)
        point = np.where(on_continuum, near.continuum_of + len(groups) + len(table), -1)
        for number, group in enumerate(groups):
            point[group] = number + len(table)
        degeneracy = np.where(singular[chosen], Degeneracy.SINGULAR, Degeneracy.NONE)
        degeneracy[len(groups) :] = Degeneracy.CONTINUUM
        endless = degeneracy == Degeneracy.CONTINUUM
        table = table.with_points(
            near.states[chosen],
            PointKind.FIXED,
            np.where(endless, np.inf, near.errors[chosen]),
            evidence=np.where(endless, Evidence.CONTINUUM, Evidence.UNTRIED),
            degeneracy=degeneracy,
            singular_values=np.where(
                degeneracy[:, None], ends_of(near.singular_values)[chosen], -1.0
            ),
        )
        rows = np.flatnonzero(zeros.of >= 0)
        of = zeros.of[rows]
        return table.with_candidates(rows, reached=point[of], outcomes=outcomes[of])

    def _polish_and_classify(self, states: np.ndarray, errors: np.ndarray) -> _ClassifiedZeros:
        """Polish distinct zeros; return what they are, and which lie on a continuum."""
        outcomes, label = np.full(len(states), Ending.ZERO), np.full(len(states), -1)
        singular_values = np.zeros((len(states), 0))
        if self.evaluator.is_large:
            kept = np.arange(len(states))
            continua = find_continua_between(states, self._zeros_reached)
        else:
            polished = polish(self.evaluator, self.zero_test, states)
            states, errors, singular_values, directions, missed = polished
            outcomes[self._vanish(states, errors)] = Ending.FADING
            outcomes[missed] = Ending.JUMP
            kept = np.flatnonzero(outcomes == Ending.ZERO)
            continua = find_continua(
                states[kept], directions[kept], self.zero_test.scale, self.finder.approach
            )
        label[kept] = continua.label
        isolated = (label < 0) & (outcomes == Ending.ZERO)
        outcomes[isolated & ~self.zero_test.settled(states, errors)] = Ending.UNSETTLED
        representatives = kept[continua.middles]
        return _ClassifiedZeros(
            states, errors, singular_values, outcomes, label, representatives, len(kept)
        )

    def _zeros_reached(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        solution = self.finder.solve(states, exactly=True)
        return solution.states, solution.endings == Ending.ZERO

    def _groups(
        self, near: _ClassifiedZeros, singular: np.ndarray, among: np.ndarray
    ) -> list[np.ndarray]:
        """Return groups of zeros that are one: degenerate ones are known less exactly."""
        states = near.states
        # Where all singular values are alike none is small beside another.
        doubtful = among & (singular | (near.num_zeros <= _FEW))
        groups = [np.array([k]) for k in np.flatnonzero(among & ~doubtful).tolist()]
        suspect = np.flatnonzero(doubtful)
        reach = _NEAR * np.maximum(np.abs(states[suspect]).max(1, initial=0), self.zero_test.scale)
        numbers = same_zeros(states[suspect], self.finder.are_zeros, reach)
        groups += [suspect[numbers == k] for k in range(numbers.max(initial=-1) + 1)]
        return sorted(groups, key=lambda group: int(group[0]))

    def _vanish(self, states: np.ndarray, errors: np.ndarray) -> np.ndarray:
        """Mask false zeros with a long last step, where the residual only fades."""
        size = np.maximum(np.abs(states).max(1, initial=0), self.zero_test.scale)
        rows = np.flatnonzero(~(errors <= np.cbrt(self.zero_test.eps) * size) & (size > 0))
        vanishing = np.zeros(len(states), bool)
        are_zeros = self.finder.are_zeros
        vanishing[rows] = are_vanishing(self.evaluator, are_zeros, states[rows], size[rows])
        return vanishing
