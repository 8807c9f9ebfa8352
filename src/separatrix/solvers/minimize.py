"""Newton's method for local minima, from many starts at once, with the exact Hessian."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.linalg import lapack

from .._types import require_count

EPS = np.finfo(float).eps
_TINIEST = np.finfo(float).tiny
_LEAST = 1e-3  # of the decrease that is promised: a step that brings less is not taken

Derivatives = Callable[[np.ndarray], tuple[np.ndarray, ...]]
"""States (batch, unit) -> values (batch,), gradients (batch, unit), Hessians (batch, unit²)."""
Values = Callable[[np.ndarray], np.ndarray]
"""States (batch, unit) -> values (batch,)."""


@dataclass(frozen=True)
class Minima:
    """Where every start ended.

    Attributes
    ----------
    states (start, unit), values (start,)
        The last states, and the function there.
    steps (start,)
        Length of the last Newton step: the distance to the minimum, as far as rounding tells.
    converged (start,)
        Newton's method closed in on the state, and every direction from it curves upward.
    stalled (start,)
        No step decreases the function, though its gradient is not zero: a kink.
    escaped (start,)
        The function falls on outside the bounds.
    counts (start,)
        Steps taken.
    """

    states: Float[np.ndarray, "start unit"]
    values: Float[np.ndarray, " start"]
    steps: Float[np.ndarray, " start"]
    converged: Bool[np.ndarray, " start"]
    stalled: Bool[np.ndarray, " start"]
    escaped: Bool[np.ndarray, " start"]
    counts: Int[np.ndarray, " start"]

    @classmethod
    def unmoved(cls, starts: Float[np.ndarray, "start unit"]) -> "Minima":
        """Return starts that were not followed yet, to be filled in by `put`."""
        count = len(starts)
        no, zero = np.zeros((3, count), bool), np.zeros(count, int)
        nan, inf = np.full(count, np.nan), np.full(count, np.inf)
        return cls(np.array(starts, float), nan, inf, no[0], no[1], no[2], zero)

    def at(self, rows: np.ndarray) -> "Minima":
        """Return where these starts ended, some of which may be named several times."""
        return Minima(*(getattr(self, name)[rows] for name in self.__annotations__))

    def put(self, rows: np.ndarray, other: "Minima") -> None:
        """Fill in where some of the starts ended."""
        for name in self.__annotations__:
            getattr(self, name)[rows] = getattr(other, name)


@dataclass
class _Model:
    """The quadratic models at the present states: value, gradient, Hessian, Newton's step.

    `newton` is NaN, and `decrement` infinite, where the Hessian is not positive definite.
    """

    value: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    newton: np.ndarray
    decrement: np.ndarray

    @classmethod
    def at(cls, derivatives: Derivatives, x: np.ndarray) -> "_Model":
        value, gradient, hessian = derivatives(x)
        newton = _downhill(hessian, gradient, np.zeros(len(x)))
        with np.errstate(over="ignore", invalid="ignore"):
            decrement = -(newton * gradient).sum(1)
        decrement = np.where(np.isfinite(decrement), decrement, np.inf)
        return cls(value, gradient, hessian, newton, decrement)

    def put(self, rows: np.ndarray, other: "_Model", which: np.ndarray) -> None:
        for name in self.__dataclass_fields__:
            getattr(self, name)[rows] = getattr(other, name)[which]


@dataclass(frozen=True)
class DampedNewton:
    r"""Minimize a smooth function from many starts.

    A step is $-(H + \mu)^{-1} g$, with μ large enough for Cholesky's factorization to exist, so
    that it leads downhill; μ follows the ratio of actual to predicted decrease. Where the Hessian
    is positive definite a full Newton step is also taken when it shrinks the gradient, in the norm
    $\sqrt{g^\top H^{-1} g}$: near a minimum rounding hides the decrease of the value long before
    it hides the gradient, so the state becomes known to about ε and not √ε.

    Attributes
    ----------
    max_steps
        Steps after which a start is given up.

    Raises
    ------
    InvalidInputError
        For a number of steps that is not a positive whole one.

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

    max_steps: int = 100

    def __post_init__(self) -> None:
        require_count(self.max_steps, "max_steps")

    def minimize(
        self,
        derivatives: Derivatives,
        starts: Float[np.ndarray, "start unit"],
        values: Values | None = None,
        bounds: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> Minima:
        """Minimize from every start.

        Where Hessians are what costs, `values` spares those of damped steps that lead upward. What
        leaves the `bounds`, a lower and an upper one (unit,), is followed no further.
        """
        x = np.array(starts, float)
        count = len(x)
        model = _Model.at(derivatives, x)
        damping = np.full(count, 1e-3)
        # The last Newton step that closed in; whether the one from here has failed.
        last, failed = np.full(count, np.inf), np.zeros(count, bool)
        taken = np.zeros(count, int)
        converged, stalled, escaped = np.zeros((3, count), bool)
        active = np.flatnonzero(np.isfinite(model.hessian).all((1, 2)))
        for _ in range(self.max_steps):
            settled = _settled(model, x, last, failed, active)
            converged[active[settled]] = True
            active = active[~settled]
            share = _share(model, active)
            damping[active[(share <= 1e-4) & ~failed[active]]] = 0.0
            step, damping[active] = self._steps(model, active, damping[active])
            ended = (damping[active] > 1e12) | ~np.isfinite(step).all(1)
            stalled[active] = ended & model.gradient[active].any(1)  # there is none at a saddle
            active, step = active[~ended], step[~ended]
            if not len(active):
                break
            full = damping[active] == 0
            trial = x[active] + step
            good, closing = np.zeros((2, len(active)), bool)
            predicted = _predicted(model, active, step)
            ratio = np.full(len(active), -np.inf)
            tried = np.arange(len(active))
            if values is not None:
                with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                    ratio = (model.value[active] - values(trial)) / predicted
                tried = np.flatnonzero(full | (ratio > _LEAST))
            new = _Model.at(derivatives, trial[tried])
            kept = self._judge(model, new, active[tried], predicted[tried], full[tried])
            good[tried], ratio[tried], closing[tried] = kept
            rows = active[good]
            x[rows], taken[rows] = trial[good], taken[rows] + 1
            model.put(rows, new, np.flatnonzero(good[tried]))
            last[active] = np.where(closing, np.linalg.norm(step, axis=1), np.inf)
            failed[active] = full & ~good
            damping[active] = _follow(damping[active], good, ratio, closing)
            if bounds is not None:
                escaped[rows] = ((x[rows] < bounds[0]) | (x[rows] > bounds[1])).any(1)
                active = active[~escaped[active]]
        newton = np.linalg.norm(model.newton, axis=1)
        return Minima(x, model.value, newton, converged, stalled, escaped, taken)

    def _steps(
        self, model: _Model, active: np.ndarray, damping: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return downhill steps, and the damping that it took for them to be so."""
        step, damping = model.newton[active].copy(), damping.copy()
        scale = np.abs(model.hessian[active]).sum(2).max(1, initial=0)
        pending = np.flatnonzero((damping > 0) | np.isnan(step).any(1))
        while len(pending):
            damping[pending] = np.maximum(damping[pending], 1e-6)
            rows = active[pending]
            shift = damping[pending] * scale[pending]
            step[pending] = _downhill(model.hessian[rows], model.gradient[rows], shift)
            pending = pending[np.isnan(step[pending]).any(1) & (damping[pending] < 1e12)]
            damping[pending] *= 10
        return step, damping

    def _judge(
        self,
        model: _Model,
        new: _Model,
        active: np.ndarray,
        predicted: np.ndarray,
        full: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tell which steps to keep, how well their models predicted, and which close in."""
        value = model.value[active]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            ratio = (value - new.value) / predicted
        finite = np.isfinite(new.hessian).all((1, 2)) & np.isfinite(new.value)
        closing = full & finite & (new.value <= 1.1 * value)
        closing &= new.decrement <= model.decrement[active] / 4
        return finite & ((ratio > _LEAST) | closing), ratio, closing


def _predicted(model: _Model, active: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the decrease of the value that the models promise."""
    with np.errstate(invalid="ignore", over="ignore"):
        curved = np.einsum("bi,bij,bj->b", step, model.hessian[active], step)
        return -(model.gradient[active] * step).sum(1) - 0.5 * curved


def _share(model: _Model, active: np.ndarray) -> np.ndarray:
    """Return the share of the value that Newton's step promises to take away."""
    with np.errstate(over="ignore", invalid="ignore"):  # where both are infinite
        return model.decrement[active] / np.maximum(model.value[active], _TINIEST)


def _settled(
    model: _Model, x: np.ndarray, last: np.ndarray, failed: np.ndarray, active: np.ndarray
) -> np.ndarray:
    """Tell where Newton's steps have stopped shrinking: only rounding of the gradient is left.

    That is where the decrease that they promise is a negligible share of the value.
    """
    length = np.linalg.norm(model.newton[active], axis=1)
    share = _share(model, active)
    stopped = (length > last[active] / 2) & (share <= 1e-10)
    hidden = failed[active] & (share <= 1e-6)
    return stopped | hidden | (length <= 4 * EPS * np.linalg.norm(x[active], axis=1))


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
