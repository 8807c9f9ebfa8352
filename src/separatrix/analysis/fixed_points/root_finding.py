"""Following candidates to zeros of the residual, many at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._watch import Stage, is_over, report_progress, unlimited
from ...solvers import batched
from ...solvers.chord import ChordZeros
from ...solvers.endings import Ending
from ...solvers.levenberg_marquardt import Finished, LevenbergMarquardt, Solution
from ...solvers.merging import group
from ...solvers.minimize import DampedNewton, Derivatives, Minima
from ...solvers.newton_krylov import NewtonKrylov
from ...solvers.valley import follow_valleys
from ...solvers.zero_test import ZeroTest
from .evaluator import Evaluator

States = Float[np.ndarray, "state unit"]
Merge = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""States and their last steps -> the row that each one is merged with."""

_NEAR = 1e-3  # length of a Newton step, in units of the candidates, that is near a zero
_ROUGH_FROM = 48  # units from which linear algebra is the larger part of the work
_BOTH = 32  # units up to which a Jacobian costs no more than another call
_SCOUTS = 128  # candidates followed before any zero is known
_MINIMUM = Ending.MINIMUM
_SHORTEST = 20  # shortest steps to a continuum, at most
_ALONG = 1e-6  # of the largest singular value: smaller ones have directions along a continuum
CLOSE_BY = 10  # Newton steps to a minimum that is near; in flat valleys it would take a hundred
_FIRST = 16  # candidates finished without the help of known zeros


@dataclass
class Tally:
    """Counts the candidates that have ended."""

    total: int
    done: int = 0

    def take(self, ended: Solution) -> None:
        """Count candidates that have ended, or nearly so, and report the progress."""
        self.done += len(ended.endings)
        report_progress(Stage.SOLVE, self.done, self.total)


@dataclass(eq=False)
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
    zeros: ChordZeros = field(init=False)
    spurious_minima: ChordZeros = field(init=False)  # minima of the residual

    def __post_init__(self) -> None:
        self.zeros = ChordZeros(self.evaluator.size)
        self.spurious_minima = ChordZeros(self.evaluator.size)

    @property
    def is_rough(self) -> bool:
        """Whether Jacobians of single precision lead near zeros."""
        return self.evaluator.size >= _ROUGH_FROM

    def solve_surely(self, starts: States) -> Solution:
        """Follow starts to zeros of which there is no doubt."""
        solution = self.solve(starts, exactly=False)
        self.correct_false_zeros(solution)
        return solution

    def correct_false_zeros(self, ends: Solution) -> np.ndarray:
        """Continue, with the exact test, where only the estimate called a residual zero.

        Returns the candidates of which that is so.
        """
        if self.evaluator.is_large:
            return np.zeros(0, int)  # there the test was exact from the start
        zeros = np.flatnonzero(ends.endings == Ending.ZERO)
        best = self.merge(ends.states[zeros], ends.steps[zeros])
        distinct = np.unique(best)
        sure = self.are_zeros(ends.states[zeros[distinct]])
        doubtful = zeros[np.isin(best, distinct[~sure])]
        if len(doubtful):
            # Many were led to one state.
            states, which = np.unique(ends.states[doubtful], axis=0, return_inverse=True)
            ends.put(doubtful, self.solve(states, exactly=True), which.reshape(-1))
        return doubtful

    def solve(self, starts: States, exactly: bool, tally: Tally | None = None) -> Solution:
        """Follow starts to zeros; `exactly` where the estimate of what is zero will not do.

        That is so of a few states near zeros, for which there is always time.
        """
        if exactly:
            with unlimited():
                return self._solve(starts, exactly, None)
        return self._solve(starts, exactly, None if tally is None else tally.take)

    def _solve(self, starts: States, exactly: bool, finished: Finished | None) -> Solution:
        if self.evaluator.is_large:
            method = self.method
            krylov = NewtonKrylov(method.max_steps, method.stall_steps, method.first_damping)
            room = self.evaluator.batch_size
            decide = self.zero_test.decide
            return krylov.solve(self.evaluator.attempt, starts, room, decide, finished)
        if exactly or not self.is_rough or len(starts) <= _FIRST:
            return self._solve_in_double(starts, exactly, exactly, finished)
        solution = Solution.unmoved(starts)
        pending, portion = np.arange(len(starts)), _SCOUTS
        while len(pending) and not is_over():
            rows, pending = pending[:portion], pending[portion:]
            solution.put(rows, self._solve_roughly(starts[rows], finished))
            if len(pending):
                self._learn_spurious_minima(
                    solution.states[rows[solution.endings[rows] == _MINIMUM]]
                )
            portion *= 4
        return solution

    def _solve_roughly(self, starts: States, finished: Finished | None) -> Solution:
        solution = self.method.solve(
            self.evaluator.residual_and_rough_jacobian,
            self.evaluator.residual,
            starts,
            self.evaluator.rough_batch_size,
            lambda x, r, _: self.zero_test.estimate(x, r),
            self.zero_test.eps,
            near=_NEAR,
            attracted=self._attracted,
            finished=finished,
        )
        self._finish(solution)
        return solution

    def _attracted(self, x: States, r: States, gradient: States) -> Bool[np.ndarray, " state"]:
        """Return whether a known zero, or a known spurious minimum, attracts each state."""
        return self.zeros.attracts(x, r) | self.spurious_minima.attracts(x, gradient)

    def _solve_in_double(
        self,
        starts: States,
        exactly: bool,
        newton: bool,
        finished: Finished | None = None,
    ) -> Solution:
        evaluate = partial(self.evaluator.residual_and_jacobian, copied=False)
        batch_size = self.evaluator.batch_size
        test = self.zero_test.decide if exactly else self.zero_test.estimate
        eps = self.zero_test.eps
        residual = None if self.evaluator.size <= _BOTH else self.evaluator.residual
        return self.method.solve(
            evaluate, residual, starts, batch_size,
            lambda x, r, J: test(x, r, J.matrices()), eps,
            newton=newton, finished=finished,
        )  # fmt: skip

    def follow_valleys(self, starts: States) -> Solution:
        """Follow states along the curved valleys in which damped steps have stopped.

        Those that are about to end in a known spurious minimum need no walk, which costs an SVD a
        step. Of many units few are walked together: where none of these comes to a zero, as in
        minima of random networks, others are spared.
        """
        solution, lost = self.at_spurious_minima(starts)
        evaluate, residual = self.evaluator.residual_and_jacobian, self.evaluator.residual
        levels = lambda x: self.zero_test.estimated_level(x, None)  # noqa: E731
        sizes = np.linalg.norm(starts, axis=1) + self.zero_test.scale
        lost = np.random.default_rng(0).permutation(lost)  # or the first would be of one trial
        for chunk in self.evaluator.chunks(len(lost)):
            if is_over():
                break
            rows, most = lost[chunk], self.method.max_steps
            walk = follow_valleys(evaluate, residual, levels, starts[rows], sizes[rows], most)
            solution.states[rows] = walk.states
            near = rows[walk.near]
            if not len(near):
                break
            exact = self._solve_in_double(walk.states[walk.near], False, True)
            solution.put(near, exact)
        return solution

    def at_spurious_minima(self, starts: States) -> tuple[Solution, Int[np.ndarray, " lost"]]:
        """Lead states to known spurious minima that are near; return where, and which are left."""
        solution = Solution.unmoved(starts)
        solution.endings[:] = Ending.MINIMUM
        lost = np.arange(len(starts))
        if self.spurious_minima.states:
            gradient = self.evaluator.square_gradient
            lost = _warm_start(self.spurious_minima, gradient, solution, lost, Ending.MINIMUM)
        return solution, lost

    def _finish(self, solution: Solution) -> None:
        """Lead what is near a zero to it, and go on where single precision may be what failed."""
        unsure = np.isin(solution.endings, (Ending.NEAR, Ending.STALLED, Ending.MAX_STEPS))
        minima = np.flatnonzero(solution.endings == Ending.MINIMUM)
        unsure[minima] = self._are_doubtful(solution.states[minima])
        pending = np.flatnonzero(unsure)
        room = _FIRST
        while len(pending) and not is_over():
            pending = _warm_start(
                self.zeros, self.evaluator.residual, solution, pending, Ending.ZERO
            )
            if self.spurious_minima.states:
                gradient = self.evaluator.square_gradient
                pending = _warm_start(
                    self.spurious_minima, gradient, solution, pending, Ending.MINIMUM
                )
            rows, pending = pending[:room], pending[room:]
            if not len(rows):
                break
            # Nearly all are near zeros, where a damped step is only dearer than Newton's.
            exact = self._solve_in_double(solution.states[rows], False, True)
            solution.put(rows, exact)
            self._learn(exact)
            room *= 2
        solution.endings[pending] = Ending.RUNNING

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

    def _learn(self, solution: Solution) -> None:
        """Keep the zeros among what was solved."""
        zeros = np.flatnonzero(solution.endings == Ending.ZERO)
        states, steps = solution.states[zeros], solution.steps[zeros]
        distinct = np.unique(self.merge(states, steps))
        jacobian = lambda x: self.evaluator.residual_and_jacobian(x)[1]  # noqa: E731
        for chunk in self.evaluator.chunks(len(distinct)):
            rows = distinct[chunk]
            jacobians = jacobian(states[rows])
            levels = self.zero_test.estimated_level(states[rows], jacobians)
            self.zeros.add(states[rows], steps[rows], jacobians, levels, jacobian)

    def _learn_spurious_minima(self, minima: States) -> None:
        """Keep the minima of |r|² in which several candidates have ended: others will."""
        if not len(minima) or not self.evaluator.goes_backward:
            return
        near = np.full(len(minima), 1e-2 * np.abs(minima).max())
        best, hits = np.unique(group(minima, near), return_counts=True)
        often = best[np.argsort(-hits, kind="stable")][: np.count_nonzero(hits > 2)][:_FIRST]
        often = often[~self.spurious_minima.contain(minima[often], float(near[0]))]
        if len(often):
            derivatives = self.evaluator.square_derivatives
            with unlimited():
                exact = DampedNewton(max_steps=CLOSE_BY).minimize(derivatives, minima[often])
            learn_minima(self.spurious_minima, derivatives, exact, self.merge, self.zero_test)

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

    def approach(self, states: States) -> tuple[States, Bool[np.ndarray, " state"]]:
        """Return where Newton's shortest steps lead, and whether that is a zero.

        They go straight to a continuum of zeros, where damped ones may go far along it.
        """
        ends, there = states.copy(), np.zeros(len(states), bool)
        for chunk in self.evaluator.chunks(len(states)):
            going = np.arange(chunk.start, chunk.stop)
            for _ in range(_SHORTEST):
                r, J = self.evaluator.residual_and_jacobian(ends[going])
                finite = np.isfinite(r).all(1) & np.isfinite(J).all((1, 2))
                going, r, J = going[finite], r[finite], J[finite]
                there[going] = self.zero_test.decide(ends[going], r, J)
                step = (np.linalg.pinv(J, rcond=_ALONG) @ -r[..., None])[..., 0]
                ends[going] += np.where(there[going, None], 0.0, step)
                going = going[~there[going]]
                if not len(going):
                    break
        return ends, there


def learn_minima(
    known: ChordZeros, derivatives: Derivatives, minima: Minima, merge: Merge, zero_test: ZeroTest
) -> None:
    """Keep the distinct minima of a function, as zeros of its gradient."""
    settled = np.flatnonzero(minima.converged)
    states, steps = minima.states[settled], minima.steps[settled]
    distinct = np.unique(merge(states, steps))
    if len(distinct):
        states, steps = states[distinct], steps[distinct]
        _, gradients, hessians = derivatives(states)
        left = 4 * np.abs(gradients).max(1)
        levels = np.maximum(left, zero_test.estimated_level(states, hessians))
        known.add(states, steps, hessians, levels, lambda x: derivatives(x)[2])


def _warm_start(
    known: ChordZeros,
    function: Callable[[np.ndarray], np.ndarray],
    solution: Solution,
    rows: np.ndarray,
    ending: Ending,
) -> np.ndarray:
    """Put candidates at known zeros of a function, and return those that do not arrive."""
    result = known.refine_by_chord(function, solution.states[rows])
    there = rows[result.arrived]
    solution.states[there] = result.states[result.arrived]
    solution.steps[there] = result.steps[result.arrived]
    solution.endings[there] = ending
    return rows[~result.arrived]
