"""Newton's method to the last bit, and how singular the Jacobian is where it ends."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ...solvers import batched
from ...solvers.zero_test import ZeroTest
from .evaluator import Evaluator

States = Float[np.ndarray, "state unit"]

_STEPS = 4
_EPS = np.finfo(float).eps
_SUSPECT = 1e-6  # singular values this small, beside the largest, are looked into


class Polished(NamedTuple):
    """Where Newton's steps stop shrinking; every array has one row for each state.

    Attributes
    ----------
    states (state, unit), errors (state,)
        The states, and what the last step estimates their error to be: infinite where the Jacobian
        is singular.
    singular_values (state, unit)
        Of the Jacobian there, NaN where it is not finite.
    directions (state, unit)
        The right singular vector of the smallest, where that is small; zero elsewhere.
    missed (state,)
        Whether the function jumps before its residual vanishes, so that the state is no zero.
    """

    states: States
    errors: Float[np.ndarray, " state"]
    singular_values: Float[np.ndarray, "state unit"]
    directions: Float[np.ndarray, "state unit"]
    missed: Bool[np.ndarray, " state"]


@dataclass(eq=False)
class Polishing:
    """Polishes zeros; one that comes again, in a further search, is remembered."""

    evaluator: Evaluator
    zero_test: ZeroTest
    _known: dict[bytes, tuple[np.ndarray, ...]] = field(default_factory=dict)

    def polish(self, states: States) -> Polished:
        """Take Newton steps until they stop shrinking."""
        keys = [state.tobytes() for state in states]
        new = [row for row, key in enumerate(keys) if key not in self._known]
        for rows in (new[chunk] for chunk in self.evaluator.chunks(len(new))):
            for row, known in zip(rows, zip(*self._polish(states[rows]), strict=True), strict=True):
                self._known[keys[row]] = known
        columns = zip(*(self._known[key] for key in keys), strict=True)
        return Polished(*(np.array(column) for column in columns))

    def _polish(self, states: States) -> Polished:
        states = states.copy()
        error, going = np.full(len(states), np.inf), np.ones(len(states), bool)
        before, left = states.copy(), np.full(len(states), np.inf)
        jacobians = np.full((*states.shape, states.shape[1]), np.nan)
        astray = np.zeros(len(states), bool)
        hidden = self.zero_test.slope_level(states)  # of an identity, all of the Jacobian is
        for number in range(_STEPS + 1):
            rows = np.flatnonzero(going)
            if not len(rows):
                break
            r, J = self.evaluator.residual_and_jacobian(states[rows])
            size = np.abs(r).max(1, initial=0)
            # Across a jump of the function, or where it is not finite.
            worse = ~(size <= 4 * left[rows] + self.zero_test.estimated_level(states[rows], J))
            worse |= ~np.isfinite(size)
            states[rows[worse]] = before[rows[worse]]
            astray[rows[worse]], going[rows[worse]] = True, False
            rows, r, J = rows[~worse], r[~worse], J[~worse]
            before[rows], left[rows], jacobians[rows] = states[rows], size[~worse], J
            if number == _STEPS:
                break
            step = _newton(r, J)
            step[np.abs(J).max((1, 2), initial=0) <= hidden[rows]] = np.inf
            length = np.abs(step).max(1, initial=0)
            better = length < error[rows] / 2
            error[rows] = np.fmin(error[rows], length)
            states[rows[better]] += step[better]
            going[rows[~better]] = False
        self._look_at_zero(states, astray)
        return Polished(states, error, *_singular(jacobians, hidden), astray)

    def _look_at_zero(self, states: States, astray: Bool[np.ndarray, " state"]) -> None:
        """Say in `astray` which of those states are no zeros, and put those that 0 is into place.

        Where a unit jumps at 0, Newton's steps come as near to 0 as they like, on one side or the
        other, and not to 0 itself.
        """
        astray[astray] = self.zero_test.misses(states[astray])
        rows = np.flatnonzero(astray)
        here = states[rows]
        zeroed = np.where(np.abs(here) <= self.zero_test.blur(here)[:, None], 0.0, here)
        there = ~self.zero_test.misses(zeroed)
        states[rows[there]], astray[rows[there]] = zeroed[there], False


def _newton(r: States, J: batched.Stack) -> States:
    """Return Newton's steps, infinite where the Jacobian is singular."""
    solver, step = batched.Solver(J), np.empty(r.shape)
    regular = solver.are_regular()
    # Where it is surely not, LU costs a twentieth of the singular values.
    doubtful, sure = np.flatnonzero(~regular), np.flatnonzero(regular)
    step[sure] = solver.solve(-r[sure], sure)
    U, values, Vt = _decomposed(J[doubtful])
    along = (U.swapaxes(1, 2) @ -r[doubtful, :, None])[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = (Vt.swapaxes(1, 2) @ (along / values)[..., None])[..., 0]
    singular = ~(values[:, -1:] > values.shape[1] * _EPS * values[:, :1])
    step[doubtful] = np.where(singular, np.inf, exact)
    return step


def _singular(jacobians: batched.Stack, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the singular values, and the direction of the smallest where that is small.

    That is beside the largest, or beside what rounding makes of the slopes.
    """
    values = np.full(jacobians.shape[:2], np.nan)
    finite = np.isfinite(jacobians).all((1, 2))
    values[finite] = np.linalg.svd(jacobians[finite], compute_uv=False)
    directions = np.zeros(values.shape)
    small = ~(values[:, -1] > np.maximum(_SUSPECT * values[:, 0], hidden))
    if small.any():
        directions[small] = _decomposed(jacobians[small])[2][:, -1]
    return values, directions


def _decomposed(jacobians: batched.Stack) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return singular vectors and values; any vectors, and NaN, where a Jacobian is not finite.

    That of a norm at 0 is an example.
    """
    finite = np.isfinite(jacobians).all((1, 2))
    U, values, Vt = np.linalg.svd(np.where(finite[:, None, None], jacobians, 0.0))
    values[~finite] = np.nan
    return U, values, Vt
