"""Following candidates to zeros of the residual, many at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Bool, Int

from ..._watch import in_time, is_over, unlimited
from ...solvers import batched
from ...solvers.chord import ChordZeros
from ...solvers.endings import Ending
from ...solvers.iterate import Report, Solution, States
from ...solvers.levenberg_marquardt import Equations, LevenbergMarquardt
from ...solvers.merging import group
from ...solvers.minimize import DampedNewton, Derivatives
from ...solvers.newton_krylov import solve_without_jacobians
from ...solvers.valley import Valley, follow_valleys
from ...solvers.zero_test import ZeroTest
from .evaluator import Evaluator

Merge = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""States and their last steps -> the row that each one is merged with."""
Test = Callable[[np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]
"""States, residuals, Jacobians -> which are zeros (batch,)."""

_ROUGH_FROM = 48  # units from which linear algebra is the larger part of the work
_BOTH = 32  # units up to which a Jacobian costs no more than another call
_SCOUTS = 128  # candidates followed before any zero is known
CLOSE_BY = 10  # Newton steps to a minimum that is near; in flat valleys it would take a hundred
_FIRST = 16  # candidates finished without the help of known zeros


@dataclass(frozen=True)
class Known:
    """Zeros and minima found so far, near which later candidates need no factorization."""

    zeros: ChordZeros
    spurious_minima: ChordZeros  # minima of the residual
    minima: ChordZeros  # of the speed

    @classmethod
    def nothing(cls, size: int) -> "Known":
        """Return that nothing was found yet."""
        none = ChordZeros(size)
        return cls(none, none, none)

    def attracts(self, x: States, r: States, gradient: States) -> Bool[np.ndarray, " state"]:
        """Return whether a zero, or a minimum of the residual, attracts each state."""
        return self.zeros.attracts(x, r) | self.spurious_minima.attracts(x, gradient)


@dataclass(frozen=True)
class RootFinder:
    """Leads candidates to where they end.

    With many units nearly all the time goes into factorizations. So candidates are first brought
    near with Jacobians of single precision (residuals are exact throughout); then a few of them are
    finished in double precision, and lend the others near them their factorizations.

    When time is over, candidates that are not done are left RUNNING.
    """

    evaluator: Evaluator
    method: LevenbergMarquardt
    zero_test: ZeroTest

    @property
    def is_rough(self) -> bool:
        """Whether Jacobians of single precision lead near zeros."""
        return self.evaluator.size >= _ROUGH_FROM and not self.evaluator.is_large

    def solve(
        self, starts: States, known: Known, report: Report | None = None
    ) -> tuple[Solution, Known]:
        """Follow starts to zeros, or to what about seems one; return what is known then, too."""
        if self.evaluator.is_large:
            return self._solve_without_jacobians(starts, report), known
        if self.is_rough and len(starts) > _FIRST:
            return self._solve_roughly(starts, known, report)
        return self.method.solve(self._equations(), starts, report=report), known

    def solve_exactly(self, starts: States) -> Solution:
        """Follow a few states near zeros to what is one by the exact test."""
        if self.evaluator.is_large:
            return self._solve_without_jacobians(starts)
        ends, equations = Solution.unmoved(starts), self._equations(self.zero_test.decide)
        for part in in_time(*starts.shape):
            with unlimited():
                ends = ends.put(part, self.method.solve(equations, starts[part], newton=True))
        return ends

    def correct_false_zeros(self, ends: Solution) -> tuple[Solution, np.ndarray]:
        """Continue, with the exact test, where only the estimate called a residual zero.

        Returns also the candidates of which that is so.
        """
        if self.evaluator.is_large:
            return ends, np.zeros(0, int)  # there the test was exact from the start
        zeros = np.flatnonzero(ends.endings == Ending.ZERO)
        best = self.merge(ends.states[zeros], ends.steps[zeros])
        distinct = np.unique(best)
        sure = np.zeros(len(distinct), bool)
        for part in in_time(len(distinct), self.evaluator.size):
            sure[part] = self.are_zeros(ends.states[zeros[distinct[part]]])
        doubtful = zeros[np.isin(best, distinct[~sure])]
        if len(doubtful):
            # Many were led to one state.
            states, which = np.unique(ends.states[doubtful], axis=0, return_inverse=True)
            ends = ends.put(doubtful, self.solve_exactly(states), which.reshape(-1))
        return ends, doubtful

    def _equations(self, test: Test | None = None) -> Equations:
        """Return r = 0, with Jacobians in double precision; without a test the estimate is used."""
        test = test or self.zero_test.estimate
        return Equations(
            partial(self.evaluator.residual_and_jacobian, copied=False),
            lambda x, r, J: test(x, r, J.matrices()),
            self.evaluator.batch_size,
            None if self.evaluator.size <= _BOTH else self.evaluator.residual,
            self.zero_test.eps,
        )

    def _solve_without_jacobians(self, starts: States, report: Report | None = None) -> Solution:
        of = self.evaluator
        return solve_without_jacobians(
            self.method, of.attempt, self.zero_test.decide, starts, of.batch_size, report
        )

    def _solve_roughly(
        self, starts: States, known: Known, report: Report | None
    ) -> tuple[Solution, Known]:
        rough = Equations(
            self.evaluator.residual_and_rough_jacobian,
            lambda x, r, _: self.zero_test.estimate(x, r),
            self.evaluator.rough_batch_size,
            self.evaluator.residual,
            self.zero_test.eps,
        )
        ends, pending, portion = Solution.unmoved(starts), np.arange(len(starts)), _SCOUTS
        while len(pending) and not is_over():
            rows, pending = pending[:portion], pending[portion:]
            equations = replace(rough, attracted=known.attracts)
            tell = report and partial(_report_after, report, int(rows[0]))
            near = self.method.solve(equations, starts[rows], report=tell)
            near, known = self._finished(near, known)
            ends = ends.put(rows, near)
            if len(pending):
                known = self._with_minima(known, near.states[near.endings == Ending.MINIMUM])
            portion *= 4
        return ends, known

    def follow_valleys(self, starts: States, known: Known) -> Solution:
        """Follow states along the curved valleys in which damped steps have stopped.

        Those that are about to end in a known spurious minimum need no walk, which costs an SVD a
        step. Of many units few are walked together: where none of these comes to a zero, as in
        minima of random networks, others are spared.
        """
        ends = self.at_spurious_minima(starts, known)
        lost = np.flatnonzero(ends.endings == Ending.RUNNING)
        levels = lambda x: self.zero_test.estimated_level(x, None)  # noqa: E731
        valley = Valley(
            self.evaluator.residual_and_jacobian, self.evaluator.residual, levels,
            self.method.max_steps,
        )  # fmt: skip
        sizes = np.linalg.norm(starts, axis=1) + self.zero_test.scale
        for chunk in self.evaluator.chunks(len(lost)):
            if is_over():
                break
            rows = lost[chunk]
            walked = follow_valleys(valley, starts[rows], sizes[rows])
            near = np.flatnonzero(walked.endings == Ending.NEAR)
            if len(near):
                exact = self.method.solve(self._equations(), walked.states[near], newton=True)
                walked = walked.put(near, exact)
            ends = ends.put(rows, walked)
            if not len(near):
                break
        return ends

    def at_spurious_minima(self, starts: States, known: Known) -> Solution:
        """Lead states to known spurious minima that are near; others are left RUNNING."""
        gradient = self.evaluator.square_gradient
        return known.spurious_minima.refine(gradient, Solution.unmoved(starts), Ending.MINIMUM)

    def _finished(self, ends: Solution, known: Known) -> tuple[Solution, Known]:
        """Lead what is near a zero to it, and go on where single precision may be what failed."""
        unsure = np.isin(ends.endings, (Ending.NEAR, Ending.STALLED, Ending.MAX_STEPS))
        minima = np.flatnonzero(ends.endings == Ending.MINIMUM)
        unsure[minima] = self._are_doubtful(ends.states[minima])
        ends, room = ends.ended(unsure, Ending.RUNNING), _FIRST
        while not is_over():
            ends = known.zeros.refine(self.evaluator.residual, ends, Ending.ZERO)
            gradient = self.evaluator.square_gradient
            ends = known.spurious_minima.refine(gradient, ends, Ending.MINIMUM)
            rows = np.flatnonzero(ends.endings == Ending.RUNNING)[:room]
            if not len(rows):
                break
            # Nearly all are near zeros, where a damped step is only dearer than Newton's.
            exact = self.method.solve(self._equations(), ends.states[rows], newton=True)
            ends, known = ends.put(rows, exact), self._with_zeros(known, exact)
            room *= 2
        return ends, known

    def _are_doubtful(self, minima: States) -> Bool[np.ndarray, " minimum"]:
        """Mask false minima, from which a Newton step in double precision leads on."""
        doubtful = np.ones(len(minima), bool)
        for rows in self.evaluator.chunks(len(minima)):
            if is_over():
                break
            states = minima[rows]
            residuals, jacobians = self.evaluator.residual_and_jacobian(states)
            steps = batched.solve(jacobians, -residuals)
            with np.errstate(over="ignore", invalid="ignore"):
                after = np.linalg.norm(self.evaluator.residual(states + steps), axis=1)
            before = np.linalg.norm(residuals, axis=1)
            doubtful[rows] = after <= before / 2
        return doubtful

    def _with_zeros(self, known: Known, ends: Solution) -> Known:
        """Return what is known with the zeros among some ends."""
        zeros = ends.select(ends.endings == Ending.ZERO)
        zeros = zeros.select(np.unique(self.merge(zeros.states, zeros.steps)))
        jacobian = lambda x: self.evaluator.residual_and_jacobian(x)[1]  # noqa: E731
        for chunk in self.evaluator.chunks(len(zeros.endings)):
            states, steps = zeros.states[chunk], zeros.steps[chunk]
            jacobians = jacobian(states)
            levels = self.zero_test.estimated_level(states, jacobians)
            learned = known.zeros.with_zeros(states, steps, jacobians, levels, jacobian)
            known = replace(known, zeros=learned)
        return known

    def _with_minima(self, known: Known, minima: States) -> Known:
        """Return what is known with the minima of |r|² in which several have ended: others will."""
        if not len(minima) or not self.evaluator.goes_backward:
            return known
        near = np.full(len(minima), 1e-2 * np.abs(minima).max())
        best, hits = np.unique(group(minima, near), return_counts=True)
        often = best[np.argsort(-hits, kind="stable")][: np.count_nonzero(hits > 2)][:_FIRST]
        often = often[~known.spurious_minima.contain(minima[often], float(near[0]))]
        if not len(often):
            return known
        derivatives = self.evaluator.square_derivatives
        exact = DampedNewton(max_steps=CLOSE_BY).minimize(derivatives, minima[often])
        learned = self.with_minima(known.spurious_minima, derivatives, exact)
        return replace(known, spurious_minima=learned)

    def with_minima(
        self, known: ChordZeros, derivatives: Derivatives, minima: Solution
    ) -> ChordZeros:
        """Return known minima of a function, zeros of its gradient, and distinct ones of others."""
        settled = minima.select(minima.endings == Ending.MINIMUM)
        settled = settled.select(np.unique(self.merge(settled.states, settled.steps)))
        if not len(settled.endings):
            return known
        _, gradients, hessians = derivatives(settled.states)
        left = 4 * np.abs(gradients).max(1)
        levels = np.maximum(left, self.zero_test.estimated_level(settled.states, hessians))
        curvature = lambda x: derivatives(x)[2]  # noqa: E731
        return known.with_zeros(settled.states, settled.steps, hessians, levels, curvature)

    def merge(self, states: States, steps: np.ndarray) -> Int[np.ndarray, " state"]:
        """Return the row of the state that each one is merged with: the most exact of its group."""
        # Where Newton could not measure the distance (a singular Jacobian) only equal states are
        # one.
        measured = np.where(np.isfinite(steps), steps, 0.0)
        return group(states, 10 * measured + 2 * self.zero_test.rounding_radius(states))

    def are_zeros(self, states: States) -> Bool[np.ndarray, " state"]:
        """Return whether each state is a zero, by the exact test."""
        zeros = np.empty(len(states), bool)
        for rows in self.evaluator.chunks(len(states)):
            r, J = self.evaluator.residual_and_jacobian(states[rows])
            zeros[rows] = self.zero_test.decide(states[rows], r, J)
        return zeros


def _report_after(report: Report, others: int, ended: int) -> None:
    """Report candidates that are followed after others."""
    report(others + ended)
