r"""The Newton-like map whose contraction proves a zero.

For a residual g, a center m and any matrix A let :math:`N(x)=x-A\,g(x)`. With slopes S of g over
the ball :math:`X=\{|x-m|_\infty\le r\}`,

.. math:: |N(x)-m| \le y + Z\,r, \qquad y=|A\,g(m)|,\quad Z_i=\sum_j |I-A\,S|_{ij},

componentwise; this is Krawczyk's operator for a cube (Krawczyk 1969, *Computing* 4:187).

* :math:`y+Zr<r` in every component: N maps X into its interior, so it has a fixed point there
  (Brouwer); as Z < 1, A is not singular, so that point is a zero of g.
* Z < 1: two zeros in X would satisfy :math:`|x-x'|\le Z|x-x'|`, so there is at most one.
* The zero :math:`x^*` obeys :math:`|x^*-m|_\infty\le\max_i y_i/(1-Z_i)`.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from ..interval.arithmetic import (
    Array,
    Interval,
    divide,
    down,
    point,
    subtract,
    up,
)
from ..interval.interpreter import Enclosures
from ..interval.products import matmul, row_sums


def invert(matrices: Array) -> Array:
    """Return the inverse of each matrix, NaN where it is singular or not finite."""
    inverses = np.full_like(matrices, np.nan)
    usable = np.flatnonzero(np.isfinite(matrices).all(axis=(1, 2)))
    try:
        inverses[usable] = np.linalg.inv(matrices[usable])
    except np.linalg.LinAlgError:  # one singular matrix spoils the stack
        for row in usable:
            with suppress(np.linalg.LinAlgError):
                inverses[row] = np.linalg.inv(matrices[row])
    return inverses


def approximate_inverse(slopes: Interval) -> Array:
    """Invert the middle of a matrix (point, n, n) in floating point; NaN where it is singular."""
    middle, _ = slopes.midpoint_radius()
    return invert(middle)


def newton_step(inverse: Array, residual: Interval) -> Interval:
    """Return bounds of A g(m), for residuals (point, n)."""
    return matmul(point(inverse), residual[..., None])[..., 0]


def contraction_rates(inverse: Array, slopes: Interval) -> Array:
    """Return Z_i, the row sums of |I - A S|, from above; infinite where they are not known."""
    size = inverse.shape[-1]
    defect = subtract(point(np.eye(size)), matmul(point(inverse), slopes))
    rates = row_sums(defect.magnitude())
    return np.where(np.isnan(rates), np.inf, rates)


def rates_on(around: Enclosures, inverse: Array) -> Array:
    """Return Z_i over each cube; infinite if the function may jump or be infinite there."""
    sound = around.allowed & np.isfinite(around.bounds.magnitude()).all(axis=1)
    rates = contraction_rates(inverse, around.slopes)
    return np.where(sound[:, None], rates, np.inf)


def error_within(radius: Array, rates: Array, step: Array) -> Array:
    """Return how far from its center the zero in each cube is at most; infinite without a proof.

    ``step`` is an upper bound of |A g(m)|.
    """
    image = up(step + up(rates * radius[:, None]))
    # both sides of <= hold only for numbers: a NaN anywhere proves nothing
    exists = (rates.max(axis=1) < 1) & np.all(image < radius[:, None], axis=1)
    room = down(1.0 - rates)
    error = np.max(divide(point(step), point(np.where(room > 0, room, 1.0))).upper, axis=1)
    return np.where(exists, error, np.inf)
