r"""Proofs that a ball holds no zero.

A ball X around m holds no zero of g if some component of g(X) excludes zero, or some row t of a
matrix T has

.. math:: |t\cdot g(m)| > r\,\sum_j |t\,S|_j ,

S being the slopes of g over X: g(x) = 0 would make both sides of :math:`t\,g(m) = t\,S\,(m-x)`
agree. Rows worth trying are the unit vectors, the left singular vectors of S (near a fold the
residual lies along the one whose singular value is small) and the rows of an approximate inverse
(Newton's step is longer than the radius).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import EnclosureError
from ..interval.arithmetic import Array, Interval, ball, down, point, up
from ..interval.interpreter import EnclosedFunction
from ..interval.products import matmul, row_sums
from .context import checked_states, enclose_residual, in_chunks, quietly
from .radii import Flags, largest_radius, scale_of, size_of

NOT_EXCLUDED = "a zero within the ball could not be excluded"

_LEAST, _MOST = 2.0**-44, 4.0
"""Radii between which it is looked for, in units of the state, and of it or 1."""


def certify_absence(
    residual: Callable[[Any], Any], states: ArrayLike
) -> tuple[Array, tuple[str, ...]]:
    """Prove that no zero of ``residual`` lies near each state.

    Parameters
    ----------
    residual
        Any JAX function from (unit,) to (unit,), computing in float64.
    states
        Centers of the balls (point, unit).

    Returns
    -------
    The radius around each state, in the largest norm, within which no zero lies: zero where nothing
    is proved; and why not, empty where it is.

    Raises
    ------
    ValueError
        If ``states`` is not a matrix, or the residual does not return a vector of its argument's
        length.

    Examples
    --------
    >>> radius, _ = certify_absence(lambda x: 1e-6 + x * x, [[0.0]])
    >>> bool(radius[0] > 1e-3)
    True
    """
    points = checked_states(states)
    count, size = points.shape
    try:
        enclosed = enclose_residual(residual, size)
        with quietly(size):
            proved = _search(enclosed, points)
    except EnclosureError as refusal:
        return np.zeros(count), (str(refusal),) * count
    return proved, tuple("" if radius else NOT_EXCLUDED for radius in proved)


def _search(enclosed: EnclosedFunction, points: Array) -> Array:
    """Return the largest radius that is proved, zero where none is."""
    rows = np.flatnonzero(np.isfinite(points).all(axis=1))
    least = _LEAST * size_of(points[rows])
    found = largest_radius(
        lambda which, radii: _excluded(enclosed, points[rows[which]], radii),
        least,
        _MOST * scale_of(points[rows]),
    )
    proved = np.zeros(len(points))
    proved[rows] = np.where(found > least, found, 0.0)
    return proved


def _excluded(enclosed: EnclosedFunction, points: Array, radii: Array) -> Flags:
    """Whether each ball is proved to hold no zero."""
    parts = [
        _excluded_chunk(enclosed, points[chunk], radii[chunk]) for chunk in in_chunks(*points.shape)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


def _excluded_chunk(enclosed: EnclosedFunction, points: Array, radii: Array) -> Flags:
    balls = ball(points, radii[:, None])
    around = enclosed.slopes(balls)
    tilted = _rows_exclude(enclosed.bounds(point(points)), around.slopes, radii)
    return around.bounds.excludes_zero().any(axis=1) | (tilted & around.allowed)


def _rows_exclude(residual: Interval, slopes: Interval, radii: Array) -> Flags:
    rows = _rows(slopes)
    tilted = matmul(point(rows), residual[..., None])[..., 0]
    reach = up(row_sums(matmul(point(rows), slopes).magnitude()) * radii[:, None])
    distance = np.maximum(tilted.lower, -tilted.upper)
    return np.any(down(distance - reach) > 0, axis=1)


def _rows(slopes: Interval) -> Array:
    """Stack unit vectors, left singular vectors and a regularized inverse, (point, 3 n, n)."""
    middle, _ = slopes.midpoint_radius()
    middle = np.where(np.isfinite(middle), middle, 0.0)
    unit = np.broadcast_to(np.eye(middle.shape[-1]), middle.shape)
    try:
        left, values, right = np.linalg.svd(middle)
    except np.linalg.LinAlgError:  # it did not converge
        return unit
    damped = 1.0 / np.maximum(values, 1e-10 * np.max(values, axis=1, keepdims=True, initial=1e-300))
    transposed = np.swapaxes(left, 1, 2)
    inverse = np.swapaxes(right, 1, 2) @ (damped[:, :, None] * transposed)
    return np.concatenate([unit, transposed, inverse], axis=1)
