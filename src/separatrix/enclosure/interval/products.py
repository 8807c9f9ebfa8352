r"""Sums and matrix products of intervals, at the speed of BLAS.

For any order of summation, with or without fused multiply-add,

.. math::

    |\mathrm{fl}(x\cdot y)-x\cdot y| \le \gamma_n\,|x|\cdot|y| + n\eta,
    \qquad \gamma_n = \frac{nu}{1-nu}

(Higham 2002, *Accuracy and Stability*, sections 3.1 and 4.2), so a product of balls with middles
:math:`A_m, B_m` and radii :math:`A_r, B_r` lies around :math:`\mathrm{fl}(A_m B_m)` with the radius

.. math:: (A_r+\gamma|A_m|)\,|B_m| + (|A_m|+A_r)\,B_r + n\eta

(Rump 1999, *BIT* 39:534): three products to nearest, two when one factor is exact.

In a large network that γ is all the width that a thin product has, and what is proved of a point
depends on it. Where the platform has numbers of 64 bits or more, thin products of moderate size are
summed up in them: with their γ, and one rounding to float64.
"""

from __future__ import annotations

import numpy as np

from .arithmetic import TINY, Array, Interval, down, multiply, point, up

_UNIT = 2.0**-53
_TERMS = 2**18  # of an unbounded product that are held at once

_WIDE = np.finfo(np.longdouble)
_HAS_WIDE = _WIDE.nmant in (63, 112)  # x87 or quadruple precision, rounded as IEEE 754 says
_WIDE_UNIT = float(_WIDE.eps) / 2
_LONG = 64  # terms from which their rounding counts
_MODERATE = 2**22  # multiplications in wide numbers: some 10 ms


def gamma(terms: int, unit: float = _UNIT) -> float:
    """Bound gamma_n from above, rounding of this very formula included."""
    if terms > 2**40:
        raise ValueError(f"a sum of {terms} terms is too long for the rounding bound")
    return (terms + 2) * unit * 1.001


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


def matmul(a: Interval, b: Interval, sharp: bool = False) -> Interval:
    """Multiply matrices (..., i, k) @ (..., k, j); leading axes broadcast.

    With `sharp`, thin products of moderate size are summed up in wide numbers.
    """
    terms = a.shape[-1]
    if terms == 0 or (a.vanishes and _is_finite(b)) or (b.vanishes and _is_finite(a)):
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        return point(np.zeros((*batch, a.shape[-2], b.shape[-1])))
    a_middle, a_radius = a.midpoint_radius()
    b_middle, b_radius = b.midpoint_radius()
    if b_radius is None and _is_identity(b_middle):  # as are the slopes that all begins with
        return a
    if a_radius is None and _is_identity(a_middle):
        return b
    a_size, b_size = np.abs(a_middle), np.abs(b_middle)
    if sharp and _is_moderate(a, b) and _is_thin(a_size, a_radius) and _is_thin(b_size, b_radius):
        wide = np.matmul(a_middle.astype(np.longdouble), b_middle.astype(np.longdouble))
        middle, slack = wide.astype(np.float64), gamma(terms, _WIDE_UNIT)
        narrowing = 1.001 * _UNIT * np.abs(middle)
    else:
        middle, slack, narrowing = np.matmul(a_middle, b_middle), gamma(terms), 0.0
    left = slack * a_size
    if a_radius is not None:
        left = a_radius + left
    # Underflow may have taken TINY from each entry on the left. It is counted apart: products of
    # denormal numbers are slow.
    radius = np.matmul(left, b_size) + TINY * b_size.sum(-2, keepdims=True)
    if b_radius is not None:
        radius = radius + np.matmul(a_size if a_radius is None else a_size + a_radius, b_radius)
    # the radius is a sum of non-negative terms, so its own relative error is below 2 gamma
    radius = (radius + narrowing) * (1.0 + 4.0 * gamma(terms + 4)) + (2 * terms) * TINY
    if not np.isfinite(np.sum(radius)) or not np.isfinite(np.sum(middle)):
        return _unbounded_matmul(a, b)
    return Interval(down(middle - radius), up(middle + radius))


def _is_identity(matrix: Array) -> bool:
    """Whether a matrix (n, n), or a stack of one, is the identity."""
    size = matrix.shape[-1]
    if matrix.size != size * size or matrix.shape[-2] != size:
        return False
    diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
    return bool((diagonal == 1).all()) and np.count_nonzero(matrix) == size


def _is_finite(a: Interval) -> bool:
    return bool(np.isfinite(a.lower).all() and np.isfinite(a.upper).all())


def _is_moderate(a: Interval, b: Interval) -> bool:
    """Whether a product has sums of many terms, and not too many of them."""
    terms = a.shape[-1]
    if not _HAS_WIDE or terms < _LONG:
        return False
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return a.shape[-2] * terms * b.shape[-1] * int(np.prod(batch)) <= _MODERATE


def _is_thin(size: Array, radius: Array | None) -> bool:
    """Whether the radius of a factor does not hide what rounding of long sums does."""
    return radius is None or bool(
        np.max(radius, initial=0) <= gamma(_LONG) * np.max(size, initial=0)
    )


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
    """Return upper bounds of the sums over the last axis of non-negative numbers."""
    return up(np.sum(a, axis=-1) * (1.0 + 2.0 * gamma(a.shape[-1])))
