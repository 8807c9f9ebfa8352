"""Newton's method for local minima, from many starts at once, with the exact Hessian."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.linalg import lapack

from .._checked import Count, checked
from .endings import Ending
from .iterate import AbstractIteration, Solution, State, iterate, replaced

EPS = np.finfo(float).eps
_TINIEST = np.finfo(float).tiny
_LEAST = 1e-3  # of the decrease that is promised: a step that brings less is not taken

Derivatives = Callable[[np.ndarray], tuple[np.ndarray, ...]]
"""States (batch, unit) -> values (batch,), gradients (batch, unit), Hessians (batch, unit²)."""
Values = Callable[[np.ndarray], np.ndarray]
"""States (batch, unit) -> values (batch,)."""


@checked
@dataclass(frozen=True)
class DampedNewton:
    r"""Minimize a smooth function from many starts.

    A step is $-(H + \mu)^{-1} g$ with the gradient g and the Hessian H. The damping μ is large
    enough for Cholesky's factorization to exist, so that the step leads downhill. The damping is
    lowered after a step that decreases the value about as much as predicted, and raised after a
    step that is refused. Near a minimum, rounding hides the decrease
    of the value long before it hides the gradient. So a full Newton step with a positive definite
    Hessian is also accepted if it at least halves the gradient, measured in the norm
    $\sqrt{g^\top H^{-1} g}$. The state is then found to a precision of about ε instead of √ε, where
    ε is the machine epsilon of float64.

    Attributes
    ----------
    max_steps
        The maximum number of steps from one start.

    Raises
    ------
    InvalidInputError
        If the number of steps is not a positive whole number.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> ring = sx.Flow(lambda x: (1 - x @ x) * x, size=2)
    >>> newton = sx.solvers.DampedNewton(max_steps=200)
    >>> curve = sx.slow_curve(ring, np.array([1.0, 0.0]), [0.5], method=newton)
    >>> curve.speed.round(6).tolist(), curve.outcomes.tolist()
    ([0.375], ['minimum'])

    References
    ----------
    Nocedal & Wright (2006) Numerical Optimization, ch. 3 and 4.
    """

    max_steps: Count = 100

    def minimize(
        self,
        derivatives: Derivatives,
        starts: Float[np.ndarray, "start unit"],
        values: Values | None = None,
        bounds: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> Solution:
        """Minimize from every start.

        A start ends as `MINIMUM` if Newton's method converged to a state from which all directions
        curve upward. It ends as `STALLED` at a kink, where no step decreases the function although
        its gradient is not zero. It ends as `RAN_AWAY` if it leaves the `bounds` while the function
        still decreases.

        The `bounds` are a lower and an upper bound `(unit,)` of the states. If Hessians are
        expensive, also give `values`, a function that computes only the function's values. A damped
        step that leads upward is then refused before its Hessian is computed. Starts that are not
        done at the time limit end as `RUNNING`.
        """
        iteration = _MinimizationIteration(self.max_steps, derivatives, starts, values, bounds)
        return iterate(iteration, Solution.unmoved(starts), len(starts))


@dataclass(frozen=True)
class _MinimizationState(State):
    """Starts at work, and the quadratic models of the function where they are.

    `newton` is Newton's step, NaN, and `decrement` infinite, where the Hessian is not positive
    definite. `step` is the one to try next.
    """

    value: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    newton: np.ndarray
    decrement: np.ndarray
    damping: np.ndarray
    last: np.ndarray  # length of the last step, if it was Newton's and closed in, else infinite
    failed: np.ndarray  # whether Newton's step from here did not
    moved: np.ndarray
    step: np.ndarray


_MODEL = ("value", "gradient", "hessian", "newton", "decrement")


@dataclass(frozen=True)
class _MinimizationIteration(AbstractIteration[_MinimizationState, Solution]):
    max_steps: int
    derivatives: Derivatives
    starts: Float[np.ndarray, "start unit"]
    values: Values | None
    bounds: tuple[np.ndarray, np.ndarray] | None

    def init(self, index: np.ndarray) -> _MinimizationState:
        x, count = np.array(self.starts[index], float), len(index)
        no, none = np.zeros((2, count), bool), np.zeros(count, int)
        rest = (np.full(count, 1e-3), np.full(count, np.inf), *no, x)
        return _planned(_MinimizationState(index, x, none, *self._model(x), *rest))

    def step(self, state: _MinimizationState) -> _MinimizationState:
        full, x = state.damping == 0, state.x + state.step
        with np.errstate(invalid="ignore", over="ignore"):
            curved = np.einsum("bi,bij,bj->b", state.step, state.hessian, state.step)
            predicted = -(state.gradient * state.step).sum(1) - 0.5 * curved
        good, closing = np.zeros((2, len(x)), bool)
        ratio, tried = np.full(len(x), -np.inf), np.arange(len(x))
        if self.values is not None:
            with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                ratio = (state.value - self.values(x)) / predicted
            tried = np.flatnonzero(full | (ratio > _LEAST))
        new = self._model(x[tried])
        value, _, hessian, _, decrement = new
        before = state.value[tried]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            ratio[tried] = (before - value) / predicted[tried]
        finite = np.isfinite(hessian).all((1, 2)) & np.isfinite(value)
        closes = full[tried] & finite & (value <= 1.1 * before)
        closing[tried] = closes & (decrement <= state.decrement[tried] / 4)
        good[tried] = finite & ((ratio[tried] > _LEAST) | closing[tried])
        kept = {
            name: replaced(getattr(state, name), good, part[good[tried]])
            for name, part in zip(_MODEL, new, strict=True)
        }
        return _planned(
            replace(
                state,
                x=np.where(good[:, None], x, state.x),
                count=state.count + 1,
                last=np.where(closing, np.linalg.norm(state.step, axis=1), np.inf),
                failed=full & ~good,
                moved=state.moved | good,
                damping=_follow(state.damping, good, ratio, closing),
                **kept,
            )
        )

    def terminate(self, state: _MinimizationState) -> np.ndarray:
        endings = np.zeros(len(state.x), int)
        none = (state.damping > 1e12) | ~np.isfinite(state.step).all(1)
        slopes = state.gradient.any(1)
        endings[none] = np.where(slopes, Ending.STALLED, Ending.SADDLE)[none]
        endings[_settled(state)] = Ending.MINIMUM
        endings[state.count >= self.max_steps] = Ending.MAX_STEPS
        if self.bounds is not None:
            outside = ((state.x < self.bounds[0]) | (state.x > self.bounds[1])).any(1)
            endings[state.moved & outside] = Ending.RAN_AWAY
        endings[~np.isfinite(state.hessian).all((1, 2))] = Ending.NOT_FINITE
        return endings

    def finish(self, state: _MinimizationState, endings: np.ndarray) -> Solution:
        length = np.linalg.norm(state.newton, axis=1)
        return Solution(endings, state.x, state.gradient, length, state.count)

    def _model(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return value, gradient, Hessian, Newton's step and the decrease that it promises."""
        value, gradient, hessian = self.derivatives(x)
        newton = _downhill(hessian, gradient, np.zeros(len(x)))
        with np.errstate(over="ignore", invalid="ignore"):
            decrement = -(newton * gradient).sum(1)
        return value, gradient, hessian, newton, np.where(np.isfinite(decrement), decrement, np.inf)


def _planned(state: _MinimizationState) -> _MinimizationState:
    """Find downhill steps, and the damping that it takes for them to be so."""
    damping = np.where((_share(state) <= 1e-4) & ~state.failed, 0.0, state.damping)
    step = state.newton.copy()
    pending = np.flatnonzero((damping > 0) | np.isnan(step).any(1))
    scale = np.abs(state.hessian[pending]).sum(2).max(1, initial=0)
    pending, scale = pending[np.isfinite(scale)], scale[np.isfinite(scale)]
    while len(pending):
        damping[pending] = np.maximum(damping[pending], 1e-6)
        shift = damping[pending] * scale
        step[pending] = _downhill(state.hessian[pending], state.gradient[pending], shift)
        again = np.isnan(step[pending]).any(1) & (damping[pending] < 1e12)
        pending, scale = pending[again], scale[again]
        damping[pending] *= 10
    return replace(state, step=step, damping=damping)


def _share(state: _MinimizationState) -> np.ndarray:
    """Return the share of the value that Newton's step promises to take away."""
    with np.errstate(over="ignore", invalid="ignore"):  # where both are infinite
        return state.decrement / np.maximum(state.value, _TINIEST)


def _settled(state: _MinimizationState) -> np.ndarray:
    """Mask where Newton's steps have stopped shrinking: the gradient is only rounding.

    That is where the decrease that they promise is a negligible share of the value.
    """
    length, share = np.linalg.norm(state.newton, axis=1), _share(state)
    stopped = (length > state.last / 2) & (share <= 1e-10)
    hidden = state.failed & (share <= 1e-6)
    return stopped | hidden | (length <= 4 * EPS * np.linalg.norm(state.x, axis=1))


def _follow(
    damping: np.ndarray, good: np.ndarray, ratio: np.ndarray, closing: np.ndarray
) -> np.ndarray:
    """Return the next damping: none where Newton's steps close in, more after a failure."""
    less = np.where(damping < 1e-5, 0.0, 0.1 * damping)
    after = np.where(ratio > 0.75, less, damping)
    return np.where(closing, 0.0, np.where(good, after, np.maximum(10 * damping, 1e-6)))


def _downhill(hessians: np.ndarray, gradients: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Solve (H + shift) p = −g by Cholesky; NaN where H + shift is not positive definite."""
    steps = np.full(gradients.shape, np.nan)
    for row, (H, g, shift) in enumerate(zip(hessians, gradients, shifts, strict=True)):
        shifted = H.copy()
        shifted.flat[:: len(g) + 1] += shift
        factor, info = lapack.dpotrf(shifted, lower=1, overwrite_a=1)
        if info == 0:
            steps[row] = lapack.dpotrs(factor, -g, lower=1)[0]
    return steps
