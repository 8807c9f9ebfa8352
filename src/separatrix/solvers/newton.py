"""Newton's method for one system of equations.

Not `scipy.optimize.root`, which evaluates more and does not see kinks; nor optimistix, which
compiles a program for each residual.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import get_lapack_funcs

from .endings import Ending

Point = Float[np.ndarray, " coordinate"]
Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""A point (m,) -> residual (n,) and Jacobian (n, m)."""

EPS = float(np.finfo(float).eps)
ROUNDING = 1e-11
"""A step this short may lead across a kink: what is left of F is as small."""
NEGLIGIBLE = 1e-9
"""A step this short may be one that only rounding makes."""
JUMP = 1e-3
"""Change of the Jacobian, as a part of it, that a step below the tolerance makes at a kink only."""


@dataclass(frozen=True)
class Root:
    """End of Newton's method, with the Jacobian one step before, and the last step's length.

    `steps` counts the steps, the last one included.
    """

    point: np.ndarray
    jacobian: np.ndarray
    length: float
    steps: int
    ending: Ending

    @property
    def converged(self) -> bool:
        return self.ending is Ending.ZERO


def newton(
    evaluate: Evaluate,
    start: Point,
    *,
    normal: Point | None = None,
    max_steps: int = 20,
    tolerance: float = 0.0,
    growth: float = np.inf,
) -> Root:
    """Solve F = 0 from `start`; with `normal`, in the plane through it that is orthogonal to that.

    Lengths are relative to 1 + |x|. Without `tolerance` steps are taken until they shrink no
    further; with it until one is as short, whose square is what remains. A step more than `growth`
    times as long as the last one is not taken: that ends as `STALLED`.

    Examples
    --------
    >>> root = newton(lambda x: (x**2 - 2, np.diag(2 * x)), np.ones(1))
    >>> root.point.round(12).tolist(), root.ending.name
    ([1.414213562373], 'ZERO')
    """
    point, last = start.copy(), np.inf
    residual, jacobian = evaluate(point)
    for count in range(1, max_steps + 1):
        if not (np.isfinite(residual).all() and np.isfinite(jacobian).all()):
            return Root(point, jacobian, np.inf, count, Ending.NOT_FINITE)
        matrix, right = jacobian, -residual
        if normal is not None:
            matrix, right = np.vstack([matrix, normal]), np.append(right, normal @ (start - point))
        step, _ = solve(matrix, right)
        length = float(np.linalg.norm(step))
        if not np.isfinite(length):
            return Root(point, jacobian, np.inf, count, Ending.SINGULAR)
        if length > growth * max(last, 1e-14):
            return Root(point, jacobian, length, count, Ending.STALLED)
        point = point + step
        part = length / (1 + float(np.linalg.norm(point)))
        stopped = part < NEGLIGIBLE and length > 0.1 * last
        if part <= min(tolerance, ROUNDING) or (not tolerance and (part < 16 * EPS or stopped)):
            return Root(point, jacobian, length, count, Ending.ZERO)
        before, last = jacobian, length
        residual, jacobian = evaluate(point)
        # a step across a kink leads to a zero of the piece before it, which is none of F
        if part <= tolerance and not _jumps(before, jacobian):
            return Root(point, before, length, count, Ending.ZERO)
    return Root(point, jacobian, last, max_steps, Ending.MAX_STEPS)


def _jumps(before: np.ndarray, after: np.ndarray) -> bool:
    """Return whether the Jacobians at the ends of a very short step are of different pieces."""
    return bool(np.abs(after - before).max() > JUMP * np.abs(before).max())


def solve(matrix: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, float]:
    """Solve a square system, and return the sign of its determinant; NaN where it is singular."""
    (gesv,) = get_lapack_funcs(("gesv",), (matrix, right))
    factors, pivots, solution, info = gesv(matrix, right)
    if info != 0:
        return np.full_like(right, np.nan), 0.0
    negative = np.sum(np.diagonal(factors).real < 0) + np.sum(pivots != np.arange(len(pivots)))
    return solution, 1.0 - 2.0 * (negative % 2)
