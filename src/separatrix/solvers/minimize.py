"""Newton's method for local minima, from many starts at once, with the exact Hessian."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

EPS = np.finfo(float).eps

Derivatives = Callable[[np.ndarray], tuple[np.ndarray, ...]]
"""States (batch, unit) -> values (batch,), gradients (batch, unit), Hessians (batch, unit²)."""


@dataclass(frozen=True)
class Minima:
    """Where every start ended.

    Attributes
    ----------
    states (start, unit), values (start,), hessians (start, unit, unit)
        The last states, the function there, its second derivatives.
    converged (start,)
        The gradient is at rounding level (or the start cannot be improved in float64) and no
        direction curves downward.
    counts (start,)
        Steps taken.
    """

    states: Float[np.ndarray, "start unit"]
    values: Float[np.ndarray, " start"]
    hessians: Float[np.ndarray, "start unit unit"]
    converged: Bool[np.ndarray, " start"]
    counts: Int[np.ndarray, " start"]


@dataclass(frozen=True)
class DampedNewton:
    r"""Minimize a smooth function from many starts.

    With the eigenvectors of the Hessian, $H = V \Lambda V^\top$, a step is
    $-V(|\Lambda| + \mu)^{-1}V^\top g$: downhill along directions of either curvature, so it leaves
    saddles; μ follows the ratio of actual to predicted decrease.

    Attributes
    ----------
    max_steps
        Steps after which a start is given up.
    """

    max_steps: int = 60

    def minimize(self, derivatives: Derivatives, starts: Float[np.ndarray, "start unit"]) -> Minima:
        """Minimize from every start."""
        x = np.array(starts, float)
        value, gradient, hessian = derivatives(x)
        count = np.zeros(len(x), int)
        converged = np.zeros(len(x), bool)
        damping = np.full(len(x), 1e-3)
        active = np.arange(len(x))
        for _ in range(self.max_steps):
            eigenvalues, vectors = np.linalg.eigh(hessian[active])
            step, decrease = _step(eigenvalues, vectors, gradient[active], damping[active])
            # A decrease that rounding of the value would hide cannot be made.
            exhausted = decrease <= 4 * EPS * np.abs(value[active])
            upward = eigenvalues[:, 0] >= -1e-9 * np.abs(eigenvalues).max(1)
            done = (exhausted & (damping[active] <= 1.0)) | (damping[active] > 1e12)
            converged[active[done & upward]] = True
            active, step, decrease = active[~done], step[~done], decrease[~done]
            if not len(active):
                break
            trial = x[active] + step
            new_value, new_gradient, new_hessian = derivatives(trial)
            with np.errstate(invalid="ignore"):
                ratio = (value[active] - new_value) / decrease
                good = np.isfinite(new_hessian).all((1, 2)) & (ratio > 1e-3)
            taken = active[good]
            x[taken], value[taken] = trial[good], new_value[good]
            gradient[taken], hessian[taken] = new_gradient[good], new_hessian[good]
            damping[active] *= np.where(good, np.where(ratio > 0.75, 0.1, 1.0), 10.0)
            count[active] += 1
        return Minima(x, value, hessian, converged, count)


def _step(
    eigenvalues: np.ndarray, vectors: np.ndarray, gradient: np.ndarray, damping: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps and the decreases that their quadratic models predict."""
    size = np.abs(eigenvalues)
    largest = size.max(1, keepdims=True)
    curvature = np.maximum(size, 1e-14 * largest) + damping[:, None] * largest
    along = np.einsum("bij,bi->bj", vectors, gradient)
    amount = -along / np.maximum(curvature, np.finfo(float).tiny)
    decrease = -(along * amount + 0.5 * eigenvalues * amount**2).sum(1)
    return np.einsum("bij,bj->bi", vectors, amount), decrease
