r"""The Newton-like map whose contraction proves a zero.

For a residual g, a center m and any matrix A let :math:`N(x)=x-A\,g(x)`. With slopes S of g over
the ball :math:`X=\{|x-m|_\infty\le r\}`,

.. math:: |N(x)-m| \le y + Z\,r, \qquad y=|A\,g(m)|,\quad Z_i=\sum_j |I-A\,S|_{ij},

componentwise; this is Krawczyk's operator for a cube (Krawczyk 1969, *Computing* 4:187).

* :math:`y+Zr<r` in every component: N maps X into its interior, so it has a fixed point there
  (Brouwer); as Z < 1, A is not singular, so that point is a zero of g.
* Z < 1: two zeros in X would satisfy :math:`|x-x'|\le Z|x-x'|`, so there is at most one.
* The zero :math:`x^*` obeys :math:`|x^*-m|_\infty\le\max_i y_i/(1-Z_i)`.

For one matrix M, that in the middle of the slopes over a small cube, :math:`I-AS` is
:math:`(I-AM)-A(S-M)`. Its first part is worked out once; the row sums of the rest are at most
:math:`|A|` times those of :math:`|S-M|`, so that judging a cube takes no product of matrices. With
many units that is worth the radius, which becomes smaller: by a quarter at 512 units.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..interval.arithmetic import (
    Array,
    Interval,
    divide,
    down,
    point,
    subtract,
    up,
)
from ..interval.products import matmul, row_sums

Flags = NDArray[np.bool_]
_FEW = 64  # units up to which products of matrices cost little
LARGEST_RADIUS = 16.0
"""Within which a zero is said to be alone, in units of the state; a larger claim is of no use."""


class CubeResult(NamedTuple):
    """Result of one cube around each center."""

    exists: Flags
    rate: Array  # the largest Z_i, infinite where nothing is known
    error: Array  # max_i y_i / (1 - Z_i), infinite unless a zero exists


class Preconditioner(NamedTuple):
    """A of each point, the M that it nearly inverts, and the row sums of |I - A M|, from above."""

    inverse: Array
    middle: Array
    defect: Array

    @classmethod
    def none(cls, count: int, size: int) -> Preconditioner:
        """Return what stands for points of which nothing is known yet."""
        unknown = np.full((count, size, size), np.nan)
        return cls(unknown, unknown.copy(), np.full((count, size), np.inf))

    @classmethod
    def of(cls, slopes: Interval) -> Preconditioner:
        """Invert the middle of a matrix (point, n, n)."""
        middle, _ = slopes.midpoint_radius()
        inverse = invert(middle)
        return cls(inverse, middle, contraction_rates(inverse, point(middle)))

    def rows(self, which: np.ndarray | slice) -> Preconditioner:
        """Return that of some points."""
        return Preconditioner(*(array[which] for array in self))

    def put(self, rows: np.ndarray, other: Preconditioner) -> None:
        """Replace that of some points."""
        for mine, its in zip(self, other, strict=True):
            mine[rows] = its

    def rates(self, slopes: Interval) -> Array:
        """Z_i from above; infinite where they are not known."""
        if self.inverse.shape[-1] <= _FEW:
            return contraction_rates(self.inverse, slopes)
        away = row_sums(subtract(slopes, point(self.middle)).magnitude())
        rest = matmul(point(np.abs(self.inverse)), point(away[..., None])).upper[..., 0]
        rates = up(self.defect + rest)
        return np.where(np.isnan(rates), np.inf, rates)


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
    """Bounds of A g(m), for residuals (point, n)."""
    return matmul(point(inverse), residual[..., None])[..., 0]


def contraction_rates(inverse: Array, slopes: Interval) -> Array:
    """Z_i, the row sums of |I - A S|, from above; infinite where they are not known."""
    size = inverse.shape[-1]
    defect = subtract(point(np.eye(size)), matmul(point(inverse), slopes))
    rates = row_sums(defect.magnitude())
    return np.where(np.isnan(rates), np.inf, rates)


def judge_cubes(
    slopes: Interval, allowed: Flags, radius: Array, preconditioner: Preconditioner, step: Array
) -> CubeResult:
    """Judge the cubes of the given radius (point,) around the centers.

    ``slopes`` are those over each cube, valid where ``allowed``; ``step`` is an upper bound of |A
    g(m)|.
    """
    rates = preconditioner.rates(slopes)
    rate = np.where(allowed, rates.max(axis=1), np.inf)
    image = up(step + up(rates * radius[:, None]))
    # both sides of <= hold only for numbers: a NaN anywhere proves nothing
    exists = allowed & (rate < 1) & np.all(image < radius[:, None], axis=1)
    room = down(1.0 - rates)
    error = np.max(divide(point(step), point(np.where(room > 0, room, 1.0))).upper, axis=1)
    return CubeResult(exists, rate, np.where(exists, error, np.inf))
