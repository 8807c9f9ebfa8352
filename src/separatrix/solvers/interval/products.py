r"""Sums and matrix products of intervals, at the speed of BLAS.

For any order of summation, with or without fused multiply-add,

.. math::

    |\mathrm{fl}(x\cdot y)-x\cdot y| \le \gamma_n\,|x|\cdot|y| + n\eta,
    \qquad \gamma_n = \frac{nu}{1-nu}

(Higham 2002, *Accuracy and Stability*, sections 3.1 and 4.2), so a product of balls with middles
:math:`A_m, B_m` and radii :math:`A_r, B_r` lies around :math:`\mathrm{fl}(A_m B_m)` with the radius

.. math:: (A_r+\gamma|A_m|)\,|B_m| + (|A_m|+A_r)\,B_r + n\eta

(Rump 1999, *BIT* 39:534): three products to nearest, two when one factor is exact.
"""

from __future__ import annotations

import numpy as np

from .arithmetic import TINY, Array, Interval, down, multiply, up

_UNIT = 2.0**-53
_TERMS = 2**18  # of an unbounded product that are held at once


def gamma(terms: int) -> float:
    """Bound gamma_n from above, rounding of this very formula included."""
    if terms > 2**40:
        raise ValueError(f"a sum of {terms} terms is too long for the rounding bound")
    return (terms + 2) * _UNIT * 1.001


def total(a: Interval, axes: tuple[int, ...]) -> Interval:
    """Sum over ``axes``; a sum of non-negative terms stays non-negative."""
    terms = int(np.prod([a.shape[axis] for axis in axes])) if axes else 1
    if terms <= 1:
        return a.map(lambda array: np.sum(array, axis=axes))
    slack = 2.0 * gamma(terms)  # twice: the sum of the absolute values is rounded as well
    lower = down(np.sum(a.lower, axis=axes) - slack * np.sum(np.abs(a.lower), axis=axes))
    upper = up(np.sum(a.upper, axis=axes) + slack * np.sum(np.abs(a.upper), axis=axes))
    lower = np.where(np.all(a.lower >= 0, axis=axes), np.maximum(lower, 0.0), lower)
    upper = np.where(np.all(a.upper <= 0, axis=axes), np.minimum(upper, 0.0), upper)
    return Interval(lower, upper)


def matmul(a: Interval, b: Interval) -> Interval:
    """Multiply matrices (..., i, k) @ (..., k, j); leading axes broadcast."""
    terms = a.shape[-1]
    if terms == 0:
        zero = np.matmul(a.lower, b.lower)
        return Interval(zero, zero)
    a_middle, a_radius = a.midpoint_radius()
    b_middle, b_radius = b.midpoint_radius()
    a_size, b_size = np.abs(a_middle), np.abs(b_middle)
    slack = gamma(terms)
    middle = np.matmul(a_middle, b_middle)
    left = slack * a_size + TINY  # TINY: what underflow may have taken from it
    if a_radius is not None:
        left = a_radius + left
    radius = np.matmul(left, b_size)
    if b_radius is not None:
        radius = radius + np.matmul(a_size if a_radius is None else a_size + a_radius, b_radius)
    # the radius is a sum of non-negative terms, so its own relative error is below 2 gamma
    radius = radius * (1.0 + 4.0 * gamma(terms + 4)) + (2 * terms) * TINY
    if not np.isfinite(np.sum(radius)) or not np.isfinite(np.sum(middle)):
        return _unbounded_matmul(a, b)
    return Interval(down(middle - radius), up(middle + radius))


def _unbounded_matmul(a: Interval, b: Interval) -> Interval:
    """Multiply term by term, some rows of a at a time: BLAS would make 0 * inf a NaN."""
    rows, terms, columns = a.shape[-2], a.shape[-1], b.shape[-1]
    if rows == 0:
        return a.map(lambda array: np.matmul(array, b.lower))
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    at_once = max(1, _TERMS // max(1, terms * columns * int(np.prod(batch))))
    parts = [
        total(multiply(a[..., first : first + at_once, :, None], b[..., None, :, :]), axes=(-2,))
        for first in range(0, rows, at_once)
    ]
    return Interval(
        *(np.concatenate([getattr(part, end) for part in parts], -2) for end in ("lower", "upper"))
    )


def row_sums(a: Array) -> Array:
    """Upper bounds of the sums over the last axis of non-negative numbers."""
    return up(np.sum(a, axis=-1) * (1.0 + 2.0 * gamma(a.shape[-1])))
