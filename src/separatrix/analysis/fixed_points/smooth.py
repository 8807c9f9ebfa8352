"""Fixed and slow points of any differentiable system, by Newton's method and its relatives."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ...solvers.levenberg_marquardt import Ending, LevenbergMarquardt, Solution
from ...solvers.merging import group
from ...solvers.minimize import DampedNewton, Minima
from ...solvers.newton_krylov import NewtonKrylov
from ...solvers.zero_test import ZeroTest
from .continua import Continua, find_continua, name_continuum
from .evaluator import Evaluator
from .found import Found

ZERO = "the residual is at rounding level"
MINIMUM = "a local minimum of the speed that is not zero"
KINK = "no step decreases the speed: a kink of a function that is not smooth"
REASONS = {
    Ending.ZERO: ZERO,
    Ending.MINIMUM: MINIMUM,
    Ending.STALLED: KINK,
    Ending.MAX_STEPS: "ran out of steps; give it more with LevenbergMarquardt(max_steps=…)",
    Ending.NOT_FINITE: "the candidate, or the system on the way from it, is NaN or infinite",
    Ending.RAN_AWAY: "left for infinity",
}
UNSETTLED = "the residual is at rounding level, but Newton's method does not close in on a zero"
TOO_LARGE = "near a minimum of the speed; slow points of so large a system are not looked for"
NO_MINIMUM = "the descent of the speed ran out of steps, or stopped at a saddle of it"
_ON_THE_WAY = (Ending.MINIMUM, Ending.STALLED, Ending.MAX_STEPS)


@dataclass
class _Ends:
    """Where each candidate is now: its `Ending`, state, and last Newton step."""

    endings: Int[np.ndarray, " candidate"]
    states: Float[np.ndarray, "candidate unit"]
    steps: Float[np.ndarray, " candidate"]

    def put(self, rows: np.ndarray, solution: Solution, which: np.ndarray) -> None:
        self.endings[rows] = solution.endings[which]
        self.states[rows] = solution.states[which]
        self.steps[rows] = solution.steps[which]


@dataclass(frozen=True)
class SmoothSearch:
    """Follows every candidate to a zero of the residual, or else to a minimum of the speed."""

    evaluator: Evaluator
    solver: LevenbergMarquardt
    zero_test: ZeroTest

    def search(self, starts: Float[np.ndarray, "candidate unit"], slow_points: bool) -> Found:
        """Return the points found, and what became of every candidate."""
        found = Found.empty(*starts.shape)
        solution = self._solve(starts, exactly=False)
        ends = _Ends(solution.endings.copy(), solution.states.copy(), solution.steps.copy())
        self._go_on_from_false_zeros(ends)
        found.reasons[:] = [REASONS[Ending(e)] for e in ends.endings]
        if slow_points:
            self._collect_slow(ends, found)
        self._collect_fixed(ends, found)
        return found

    def _solve(self, starts: np.ndarray, exactly: bool) -> Solution:
        if self.evaluator.is_large:
            method = NewtonKrylov(self.solver.max_steps, self.solver.stall_steps)
            room = self.evaluator.batch_size
            return method.solve(self.evaluator.attempt, starts, room, self.zero_test.decide)
        evaluate, batch_size = self.evaluator.residual_and_jacobian, self.evaluator.batch_size
        test = self.zero_test.decide if exactly else self.zero_test.estimate
        return self.solver.solve(evaluate, starts, batch_size, test, self.zero_test.eps)

    def _go_on_from_false_zeros(self, ends: _Ends) -> None:
        """Where only the estimate called a residual zero, go on until there is no doubt."""
        if self.evaluator.is_large:
            return  # there the test was exact from the start
        zeros = np.flatnonzero(ends.endings == Ending.ZERO)
        best = self._merge(ends.states[zeros], ends.steps[zeros])
        distinct = np.unique(best)
        residuals, jacobians = self.evaluator.residual_and_jacobian(ends.states[zeros[distinct]])
        sure = self.zero_test.decide(ends.states[zeros[distinct]], residuals, jacobians)
        doubtful = zeros[np.isin(best, distinct[~sure])]
        if len(doubtful):
            again = self._solve(ends.states[doubtful], exactly=True)
            ends.put(doubtful, again, np.arange(len(doubtful)))

    def _collect_slow(self, ends: _Ends, found: Found) -> None:
        """Descend to the minima of the speed; one that may be a zero is given to the solver."""
        unsettled = np.flatnonzero(np.isin(ends.endings, _ON_THE_WAY))
        if not len(unsettled):
            return
        if self.evaluator.is_large:
            found.reasons[unsettled] = TOO_LARGE
            return
        minima = self._minimize(ends.states[unsettled])
        found.reasons[unsettled] = np.where(minima.stalled, KINK, NO_MINIMUM)
        settled = np.flatnonzero(minima.converged)
        best = settled[self._merge(minima.states[settled], minima.steps[settled])]
        distinct = np.unique(best)
        is_zero = self._zeros_among(minima, distinct, ends, unsettled)
        for row in distinct[~is_zero]:
            members = unsettled[settled[best == row]]
            found.add(minima.states[row], "slow", np.nan, members, MINIMUM)
        for row in distinct[is_zero]:
            members = unsettled[settled[best == row]]
            for ending in (ends.endings, ends.states, ends.steps):
                ending[members] = ending[unsettled[row]]

    def _minimize(self, starts: np.ndarray) -> Minima:
        """Descend from all starts, as many at a time as their Hessians have room for."""
        room = self.evaluator.batch_size
        parts = [
            DampedNewton().minimize(self.evaluator.speed_derivatives, starts[i : i + room])
            for i in range(0, len(starts), room)
        ]
        columns = {
            f: np.concatenate([getattr(m, f) for m in parts]) for f in Minima.__annotations__
        }
        return Minima(**columns)

    def _zeros_among(
        self, minima: Minima, distinct: np.ndarray, ends: _Ends, unsettled: np.ndarray
    ) -> Bool[np.ndarray, " minimum"]:
        """Tell which distinct minima are zeros, and put the zeros in their candidates' places."""
        states, steps = minima.states[distinct], minima.steps[distinct]
        reach = 10 * steps + 2 * self.zero_test.blur(states)
        possible = self.zero_test.within(states, reach)
        is_zero = np.zeros(len(distinct), bool)
        if possible.any():
            again = self._solve(states[possible], exactly=True)
            moved = np.linalg.norm(again.states - states[possible], axis=1)
            near = np.sqrt(self.zero_test.eps) * np.abs(states[possible]).max(1, initial=0)
            stayed = moved <= np.maximum(10 * reach[possible], near)
            is_zero[possible] = (again.endings == Ending.ZERO) & stayed
            rows = unsettled[distinct[possible]]
            kept = np.flatnonzero(is_zero[possible])
            ends.put(rows[kept], again, kept)
        return is_zero

    def _collect_fixed(self, ends: _Ends, found: Found) -> None:
        """Merge what ended as a zero; the last Newton correction says what is the same point."""
        zeros = np.flatnonzero(ends.endings == Ending.ZERO)
        if not len(zeros):
            return
        best = zeros[self._merge(ends.states[zeros], ends.steps[zeros])]
        distinct = np.unique(best)
        states, errors = ends.states[distinct], ends.steps[distinct]
        singular_values, continua = np.zeros((len(states), 0)), Continua.none(len(states))
        if not self.evaluator.is_large:
            states, errors, singular_values, directions = self._polish(states)
            continua = find_continua(
                states, singular_values, directions, self.zero_test.scale, self._reach
            )
        settled = self.zero_test.settled(states, errors)
        for number, row in enumerate(distinct):
            members = zeros[best == row]
            if continua.label[number] >= 0:
                continue
            if settled[number]:
                found.add(states[number], "fixed", errors[number], members, ZERO)
            else:
                found.reasons[members] = UNSETTLED
        for number, middle in enumerate(continua.middles):
            members = zeros[np.isin(best, distinct[continua.label == number])]
            text = name_continuum(singular_values[middle])
            label = found.add(states[middle], "fixed", np.inf, members, text)
            found.refuse(label, text)

    def _merge(self, states: np.ndarray, steps: np.ndarray) -> Int[np.ndarray, " state"]:
        """Return the row of the state that each one is merged with: the most exact of its group."""
        # Where Newton could not measure the distance (a singular Jacobian) only equal states are
        # one.
        measured = np.where(np.isfinite(steps), steps, 0.0)
        return group(states, 10 * measured + 2 * self.zero_test.blur(states))

    def _reach(self, states: np.ndarray) -> tuple[np.ndarray, Bool[np.ndarray, " state"]]:
        """Return the states where the solver ends, and whether they are zeros."""
        solution = self._solve(states, exactly=True)
        return solution.states, solution.endings == Ending.ZERO

    def _polish(self, states: np.ndarray) -> tuple[np.ndarray, ...]:
        """Take Newton steps until they stop shrinking.

        Returns the states, what the last step estimates their error to be (infinite where the
        Jacobian is singular), the singular values of the Jacobian there, and the direction of the
        smallest.
        """
        room = self.evaluator.batch_size
        parts = [self._polish_part(states[i : i + room]) for i in range(0, len(states), room)]
        return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))

    def _polish_part(self, states: np.ndarray) -> tuple[np.ndarray, ...]:
        states = states.copy()
        error, going = np.full(len(states), np.inf), np.ones(len(states), bool)
        values, directions = np.empty(states.shape), np.empty(states.shape)
        for _ in range(4):
            rows = np.flatnonzero(going)
            if not len(rows):
                break
            r, J = self.evaluator.residual_and_jacobian(states[rows])
            step, values[rows], directions[rows] = _newton(r, J)
            length = np.abs(step).max(1, initial=0)
            better = length < error[rows] / 2
            error[rows] = np.fmin(error[rows], length)
            states[rows[better]] += step[better]
            going[rows[~better]] = False
        return states, error, values, directions


def _newton(r: np.ndarray, J: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Newton's steps, infinite where the Jacobian is singular, and what tells how nearly.

    That is its singular values, and the right singular vector of the smallest.
    """
    U, values, Vt = np.linalg.svd(J)
    along = (U.swapaxes(1, 2) @ -r[..., None])[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        step = (Vt.swapaxes(1, 2) @ (along / values)[..., None])[..., 0]
    singular = ~(values[:, -1:] > np.finfo(float).eps * values[:, :1])
    return np.where(singular, np.inf, step), values, Vt[:, -1]
