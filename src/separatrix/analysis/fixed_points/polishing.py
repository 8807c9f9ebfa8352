"""Zeros looked at closely: Newton's method to the last bit, singular Jacobians, fading residuals.

A residual may only seem to vanish, as it falls below rounding for ever. So does exp(−x): from
x = 745 on it is 0 in float64, and no zero is within reach. An exact zero, a degenerate one, too,
lies among states that are no zeros; a line of zeros goes on to both sides, or ends at a
kink, to which a Newton step from beyond its end leads.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ...solvers import batched
from ...solvers.zero_test import ZeroTest
from .evaluator import Evaluator

States = Float[np.ndarray, "state unit"]
Flags = Bool[np.ndarray, " state"]

_STEPS = 4
_EPS = np.finfo(float).eps
_SUSPECT = 1e-6  # singular values this small, beside the largest, are looked into
_FAR = 10.0 ** np.arange(10)  # distances, in sizes of a state, at which it is looked
_HALVINGS = 30
_LONGER = 100.0  # a Newton step than what is left of the way, if it leads past the end of a line
_LONG = 1e-4  # beside the state at the end


class Polished(NamedTuple):
    """States at which Newton's steps stop shrinking; every array has one row for each.

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


def polish(evaluator: Evaluator, zero_test: ZeroTest, states: States) -> Polished:
    """Take Newton steps until they stop shrinking."""
    parts = [_polish(evaluator, zero_test, states[rows]) for rows in evaluator.chunks(len(states))]
    return Polished(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _polish(evaluator: Evaluator, zero_test: ZeroTest, states: States) -> Polished:
    states = states.copy()
    error, going = np.full(len(states), np.inf), np.ones(len(states), bool)
    before, left = states.copy(), np.full(len(states), np.inf)
    jacobians = np.full((*states.shape, states.shape[1]), np.nan)
    false_zeros = np.zeros(len(states), bool)
    hidden = zero_test.slope_level(states)  # of an identity, all of the Jacobian is
    for number in range(_STEPS + 1):
        rows = np.flatnonzero(going)
        if not len(rows):
            break
        r, J = evaluator.residual_and_jacobian(states[rows])
        size = np.abs(r).max(1, initial=0)
        # Across a jump of the function, or where it is not finite.
        worse = ~(size <= 4 * left[rows] + zero_test.estimated_level(states[rows], J))
        worse |= ~np.isfinite(size)
        states[rows[worse]] = before[rows[worse]]
        false_zeros[rows[worse]], going[rows[worse]] = True, False
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
    _reject_false_zeros(zero_test, states, false_zeros)
    return Polished(states, error, *_singular(jacobians, hidden), false_zeros)


def _reject_false_zeros(
    zero_test: ZeroTest, states: States, false_zeros: Bool[np.ndarray, " state"]
) -> None:
    """Reject false zeros; snap states within rounding of 0 to 0.

    Where a unit jumps at 0, Newton's steps come as near to 0 as they like, on one side or the
    other, and not to 0 itself.
    """
    false_zeros[false_zeros] = zero_test.is_false_zero(states[false_zeros])
    rows = np.flatnonzero(false_zeros)
    here = states[rows]
    zeroed = np.where(np.abs(here) <= zero_test.rounding_radius(here)[:, None], 0.0, here)
    there = ~zero_test.is_false_zero(zeroed)
    states[rows[there]], false_zeros[rows[there]] = zeroed[there], False


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


def are_vanishing(
    evaluator: Evaluator,
    are_zeros: Callable[[States], Flags],
    states: States,
    sizes: Float[np.ndarray, " state"],
) -> Flags:
    """Return where the residual falls smoothly below rounding on one side, as far as one looks.

    `states` cannot be distinguished from zeros and have a Newton step that is not small; `sizes`
    are those of typical states there. The search goes along the direction in which the residual
    changes least.
    """
    found = np.zeros(len(states), bool)
    for rows in evaluator.chunks(len(states)):
        here = states[rows]
        jacobians = evaluator.residual_and_jacobian(here)[1]
        usable = np.isfinite(jacobians).all((1, 2))
        along = np.linalg.svd(np.where(usable[:, None, None], jacobians, 0.0))[2][:, -1]
        along = along * sizes[rows, None]
        far = [_zeros_along(are_zeros, here, side * along) for side in (1, -1)]
        endless = np.array([zeros.all(1) for zeros in far])
        for row in np.flatnonzero(usable & (endless[0] ^ endless[1])):
            other = int(endless[0, row])
            first = _FAR[np.argmin(far[other][row])]
            way = (-1 if other else 1) * first * along[row]
            found[rows.start + row] = _fades(evaluator, are_zeros, here[row], way)
    return found


def _zeros_along(
    are_zeros: Callable[[States], Flags], states: States, along: States
) -> Bool[np.ndarray, "state distance"]:
    """Return at which distances along a direction the residual is indistinguishable from zero."""
    there = states[:, None] + _FAR[:, None] * along[:, None]
    return are_zeros(there.reshape(-1, states.shape[1])).reshape(len(states), -1)


def _fades(
    evaluator: Evaluator, are_zeros: Callable[[States], Flags], state: np.ndarray, way: np.ndarray
) -> bool:
    """Return whether Newton's step just past the last zero along `way` leads far beyond it."""
    zero, none = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (zero + none) / 2
        if are_zeros((state + middle * way)[None])[0]:
            zero = middle
        else:
            none = middle
    end = state + none * way
    residual, jacobian = (part[0] for part in evaluator.residual_and_jacobian(end[None]))
    if not (np.isfinite(residual).all() and np.isfinite(jacobian).all()):
        return False
    left, values, right = np.linalg.svd(jacobian)
    used = values > 0
    step = right[used].T @ ((left.T @ -residual)[used] / values[used])
    length = np.linalg.norm(way)
    rest = _LONGER * (none - zero) * length
    return bool(abs(step @ way) / length > max(rest, _LONG * np.abs(end).max()))
