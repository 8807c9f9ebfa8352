"""Newton's method on curves: n equations in n + 1 unknowns, and one more to cut the curve."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import get_lapack_funcs

Point = Float[np.ndarray, " coordinate"]
Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""A point (n + 1,), the parameter last -> residual (n,) and Jacobian (n, n + 1)."""

TOLERANCE = 1e-7
"""Of the last Newton step: its square is what remains, below rounding."""
ROUNDING = 1e-11
"""A step this short may lead across a kink: what is left of F is as small."""
JUMP = 1e-3
"""Change of the Jacobian, as a part of it, that a step below the tolerance makes at a kink only."""


@dataclass(frozen=True)
class Corrected:
    """Where Newton's method ended, with the Jacobian one step before."""

    point: np.ndarray
    jacobian: np.ndarray
    steps: int
    converged: bool


def correct(
    evaluate: Evaluate,
    guess: Point,
    normal: Point,
    max_steps: int = 8,
    tolerance: float = TOLERANCE,
) -> Corrected:
    """Solve F = 0 in the plane through `guess` that is orthogonal to `normal`."""
    point, last = guess.copy(), np.inf
    residual, jacobian = evaluate(point)
    for count in range(1, max_steps + 1):
        if not (np.isfinite(residual).all() and np.isfinite(jacobian).all()):
            return Corrected(point, jacobian, count, False)
        right = np.append(-residual, -normal @ (point - guess))
        step, _ = solve(np.vstack([jacobian, normal]), right)
        size = float(np.linalg.norm(step))
        if not np.isfinite(size) or size > 4 * max(last, 1e-14):
            return Corrected(point, jacobian, count, False)
        point, last = point + step, size
        unit = 1 + np.linalg.norm(point)
        if size <= min(tolerance, ROUNDING) * unit:
            return Corrected(point, jacobian, count, True)
        before = jacobian
        residual, jacobian = evaluate(point)
        # a step across a kink leads to a zero of the piece before it, which is none of F
        if size <= tolerance * unit and not _jumps(before, jacobian):
            return Corrected(point, before, count, True)
    return Corrected(point, jacobian, max_steps, False)


def _jumps(before: np.ndarray, after: np.ndarray) -> bool:
    """Tell whether two Jacobians, at the ends of a very short step, belong to different pieces."""
    return bool(np.abs(after - before).max() > JUMP * np.abs(before).max())


def correct_at(evaluate: Evaluate, guess: Point, max_steps: int = 12) -> Corrected:
    """Solve F = 0 at the parameter of `guess`."""
    return correct(evaluate, guess, unit_parameter(len(guess)), max_steps)


def unit_parameter(size: int) -> np.ndarray:
    """Return the direction of the parameter alone."""
    direction = np.zeros(size)
    direction[-1] = 1.0
    return direction


def tangent_of(jacobian: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the unit tangent that points along `along`, and the sign of det [DF; tangent].

    The sign changes where another branch crosses, and nowhere else.
    """
    tangent, sign = solve(np.vstack([jacobian, along]), unit_parameter(len(along)))
    length = np.linalg.norm(tangent)
    if not np.isfinite(length) or length == 0:
        return along, 0.0
    # det [DF; t] = det [DF; along] · (t's length in these terms), which is positive
    return tangent / length, sign


def null_tangent(jacobian: np.ndarray) -> np.ndarray:
    """Return the tangent where nothing is known of it, toward larger parameters.

    Where several branches cross, it is the one whose parameter changes most.
    """
    _, values, right = np.linalg.svd(jacobian)
    null = right[np.append(values, 0.0) <= max(1e-9 * values[0], 1e-300)]
    null = null if len(null) else right[-1:]
    tangent = null.T @ null[:, -1] if np.linalg.norm(null[:, -1]) > 1e-12 else null[-1]
    return tangent / np.linalg.norm(tangent) * (1.0 if tangent[-1] >= 0 else -1.0)


def solve(matrix: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, float]:
    """Solve a square system, and return the sign of its determinant; NaN where it is singular."""
    (gesv,) = get_lapack_funcs(("gesv",), (matrix, right))
    factors, pivots, solution, info = gesv(matrix, right)
    if info != 0:
        return np.full_like(right, np.nan), 0.0
    negative = np.sum(np.diagonal(factors).real < 0) + np.sum(pivots != np.arange(len(pivots)))
    return solution, 1.0 - 2.0 * (negative % 2)
