"""Points and tangents of a curve of zeros of F: n equations in n + 1 unknowns, corners included."""

import numpy as np

from ..newton import Evaluate, Point, Root, newton, solve

TOLERANCE = 1e-7
"""Of the last Newton step: its square is what remains, below rounding."""
GROWTH = 4.0
"""Times that a Newton step may be longer than the one before."""
BESIDE = 1e-9
"""Kinks that are nearer one another than this along the curve are taken for one."""
BISECTIONS = 40


def correct(evaluate: Evaluate, guess: Point, normal: Point, max_steps: int = 8) -> Root:
    """Solve F = 0 in the plane through `guess` that is orthogonal to `normal`."""
    return newton(
        evaluate, guess, normal=normal, max_steps=max_steps, tolerance=TOLERANCE, growth=GROWTH
    )


def correct_at(evaluate: Evaluate, guess: Point, max_steps: int = 12) -> Root:
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


def around_kink(
    evaluate: Evaluate,
    here: np.ndarray,
    along: np.ndarray,
    sign: float,
    min_step: float,
    cosine: float,
) -> tuple[Root, np.ndarray, float] | None:
    """Take a step around a corner that lies up to two steps of `min_step` ahead.

    Beyond a kink the curve goes on in the direction that keeps `sign`, the sign of
    det [DF; tangent]: along the kink the derivatives of both sides agree, so it is the direction
    that leaves the kink on the far side (Eaves & Scarf 1976). The other one leads back to where the
    curve came from. None where nothing leads on.
    """
    corner = _corner(evaluate, here, along, sign, 2 * min_step, cosine)
    beyond = evaluate(corner + BESIDE * along)[1]
    if not np.isfinite(beyond).all():
        return None
    tangent = null_tangent(beyond)
    tangent = tangent if tangent_of(beyond, tangent)[1] == sign else -tangent
    length = 16 * min_step
    # the next kink may be nearer than that
    while length > BESIDE:
        guess = corner + length * tangent
        found = correct(evaluate, guess, tangent)
        if found.converged and np.linalg.norm(found.point - guess) < 0.5 * length:
            turned, same = tangent_of(found.jacobian, tangent)
            if same == sign and turned @ tangent > cosine:
                return found, turned, same
        length *= 0.5
    return None


def _corner(
    evaluate: Evaluate,
    here: np.ndarray,
    along: np.ndarray,
    sign: float,
    within: float,
    cosine: float,
) -> np.ndarray:
    """Return the last point up to which the curve goes on along `along`."""
    low, high, corner = 0.0, within, here
    for _ in range(BISECTIONS):
        length = 0.5 * (low + high)
        if high - low < 1e-3 * BESIDE:
            break
        guess = here + length * along
        found = correct(evaluate, guess, along)
        goes_on = found.converged and np.linalg.norm(found.point - guess) <= 0.5 * length
        if goes_on:
            turned, same = tangent_of(found.jacobian, along)
            goes_on = same == sign and turned @ along >= cosine
        low, high, corner = (length, high, found.point) if goes_on else (low, length, corner)
    return corner
