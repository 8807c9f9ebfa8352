"""Zeros looked at closely: Newton's method to the last bit, singular Jacobians, fading residuals.

A residual may only seem to vanish, as it falls below rounding for ever. So does exp(−x): from
x = 745 on it is 0 in float64, and no zero is within reach. An exact zero, a degenerate one, too,
lies among states that are no zeros; a line of zeros goes on to both sides, or ends at a
kink, to which a Newton step from beyond its end leads.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from ..._watch import in_time, unlimited
from ...solvers import batched
from ...solvers.endings import Ending
from ...solvers.iterate import AbstractIteration, Ends, State, States, iterate, replaced
from ...solvers.zero_test import ZeroTest
from .evaluator import Evaluator

Flags = Bool[np.ndarray, " state"]

_STEPS = 4
_SHORTEST = 20  # shortest steps, at most
_ALONG = 1e-6  # of the largest singular value: smaller ones have directions along a continuum
_EPS = np.finfo(float).eps
_SUSPECT = 1e-6  # singular values this small, beside the largest, are looked into
_FAR = 10.0 ** np.arange(10)  # distances, in sizes of a state, at which it is looked
_HALVINGS, _LOOKS = 30, 17
_GROWS = 100.0  # times what the residual is where it can first be told from zero
_LONGER = 100.0  # a Newton step than what is left of the way, if it leads past the end of a line
_LONG = 1e-4  # beside the state at the end


@dataclass(frozen=True)
class Polished(Ends):
    """States at which Newton's steps stop shrinking; every array has one row for each.

    One ends as `ZERO`, or as `JUMP` where the function jumps before its residual vanishes, so that
    the state is no zero.

    Attributes
    ----------
    states (state, unit), errors (state,)
        The states, and what the last step estimates their error to be: infinite where the Jacobian
        is singular.
    singular_values (state, unit)
        Of the Jacobian there, NaN where it is not finite.
    directions (state, unit)
        The right singular vector of the smallest, where that is small; zero elsewhere.
    """

    states: States
    errors: Float[np.ndarray, " state"]
    singular_values: Float[np.ndarray, "state unit"]
    directions: Float[np.ndarray, "state unit"]


def polish(
    evaluator: Evaluator, zero_test: ZeroTest, states: States, shortest: bool = False
) -> Polished:
    """Take Newton steps until they stop shrinking.

    The `shortest` go straight to a continuum of zeros, where others may go far along it. States for
    which there is no time are left RUNNING.
    """
    running, unknown = np.full(len(states), Ending.RUNNING), np.full(states.shape, np.nan)
    ends = Polished(running, states, np.full(len(states), np.inf), unknown, unknown)
    for part in in_time(*states.shape):
        iteration = _Polishing(evaluator, zero_test, states[part], shortest)
        with unlimited():
            polished = iterate(iteration, ends.select(part), evaluator.batch_size)
        ends = ends.put(part, polished)
    return _without_false_zeros(zero_test, ends)


@dataclass(frozen=True)
class _PolishedState(State):
    r: States
    J: batched.Stack  # NaN where nothing is known
    error: np.ndarray
    ending: np.ndarray
    hidden: np.ndarray  # slopes that rounding makes: of an identity, all of the Jacobian is


@dataclass(frozen=True)
class _Polishing(AbstractIteration[_PolishedState, Polished]):
    evaluator: Evaluator
    zero_test: ZeroTest
    starts: States
    shortest: bool

    def init(self, index: np.ndarray) -> _PolishedState:
        x, none = self.starts[index], np.zeros(len(index), int)
        r, J = self.evaluator.residual_and_jacobian(x)
        lost = self._is_worse(x, r, J, np.inf)
        J = np.where(lost[:, None, None], np.nan, J)
        ending = np.where(lost, Ending.JUMP, Ending.RUNNING)
        far, hidden = np.full(len(x), np.inf), self.zero_test.slope_level(x)
        return _PolishedState(index, x, none, r, J, far, ending, hidden)

    def step(self, state: _PolishedState) -> _PolishedState:
        step = (_shortest if self.shortest else _newton)(state.r, state.J)
        steepest = np.abs(state.J).max((1, 2), initial=0)
        step[steepest <= state.hidden] = np.inf
        length = np.abs(step).max(1, initial=0)
        better = length < state.error / 2
        state = replace(
            state,
            error=np.fmin(state.error, length),
            count=state.count + 1,
            ending=np.where(better, Ending.RUNNING, Ending.ZERO),
        )
        if not better.any():
            return state
        rows = np.flatnonzero(better)
        x = state.x[rows] + step[rows]
        r, J = self.evaluator.residual_and_jacobian(x)
        worse = self._is_worse(x, r, J, np.abs(state.r[rows]).max(1, initial=0))
        ahead = replace(state.select(rows), x=x, r=r, J=J)
        lost = rows[worse]
        state = state.put(rows[~worse], ahead, ~worse)
        return replace(state, ending=replaced(state.ending, lost, Ending.JUMP))

    def _is_worse(self, x: States, r: States, J: batched.Stack, left: np.ndarray | float) -> Flags:
        """Mask states across a jump of the function from where r was less, or not finite."""
        size = np.abs(r).max(1, initial=0)
        return ~(size <= 4 * left + self.zero_test.estimated_level(x, J)) | ~np.isfinite(size)

    def terminate(self, state: _PolishedState) -> np.ndarray:
        spent = (state.count >= (_SHORTEST if self.shortest else _STEPS)) & (
            state.ending == Ending.RUNNING
        )
        return np.where(spent, Ending.ZERO, state.ending)

    def finish(self, state: _PolishedState, endings: np.ndarray) -> Polished:
        parts = _singular(state.J, state.hidden)
        return Polished(endings, state.x, state.error, *parts)


def _without_false_zeros(zero_test: ZeroTest, ends: Polished) -> Polished:
    """Keep false zeros alone as jumps; snap states within rounding of 0 to 0.

    Where a unit jumps at 0, Newton's steps come as near to 0 as they like, on one side or the
    other, and not to 0 itself.
    """
    rows = np.flatnonzero(ends.endings == Ending.JUMP)
    false = zero_test.is_false_zero(ends.states[rows])
    ends, rows = ends.ended(rows[~false], Ending.ZERO), rows[false]
    here = ends.states[rows]
    zeroed = np.where(np.abs(here) <= zero_test.rounding_radius(here)[:, None], 0.0, here)
    there = ~zero_test.is_false_zero(zeroed)
    ends = replace(ends, states=replaced(ends.states, rows[there], zeroed[there]))
    return ends.ended(rows[there], Ending.ZERO)


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


def _shortest(r: States, J: batched.Stack) -> States:
    """Return Newton's steps without their parts along which r hardly changes."""
    U, values, Vt = _decomposed(J)
    used = values > _ALONG * values[:, :1]
    part = np.divide(batched.apply_transposed(U, -r), values, where=used, out=np.zeros(r.shape))
    return batched.apply_transposed(Vt, part)


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
    """Return whether Newton's step just past the last zero along `way` leads far beyond it.

    Beyond, the residual grows. On a line of zeros, of which rounding hides some, it does not.
    """
    zero, none = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (zero + none) / 2
        if are_zeros((state + middle * way)[None])[0]:
            zero = middle
        else:
            none = middle
    beyond = state + np.linspace(none, 1.0, _LOOKS)[:, None] * way
    sizes, end = np.abs(evaluator.residual(beyond)).max(1), beyond[0]
    if not np.nanmax(sizes) > _GROWS * sizes[0]:
        return False
    residual, jacobian = (part[0] for part in evaluator.residual_and_jacobian(end[None]))
    if not (np.isfinite(residual).all() and np.isfinite(jacobian).all()):
        return False
    left, values, right = np.linalg.svd(jacobian)
    used = values > 0
    step = right[used].T @ ((left.T @ -residual)[used] / values[used])
    length = np.linalg.norm(way)
    rest = _LONGER * (none - zero) * length
    return bool(abs(step @ way) / length > max(rest, _LONG * np.abs(end).max()))
