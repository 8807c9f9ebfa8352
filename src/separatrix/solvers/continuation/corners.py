"""Corners of a curve of zeros, where a piecewise smooth function has a kink."""

import numpy as np

from .newton import Corrected, Evaluate, correct, null_tangent, tangent_of

BESIDE = 1e-9
"""Kinks that are nearer one another than this along the curve are taken for one."""
BISECTIONS = 40


def around_kink(
    evaluate: Evaluate,
    here: np.ndarray,
    along: np.ndarray,
    sign: float,
    min_step: float,
    cosine: float,
) -> tuple[Corrected, np.ndarray, float] | None:
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
