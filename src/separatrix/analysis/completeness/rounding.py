"""Sums, products and quotients rounded outward, but exact wherever floating point is.

A gate that reaches 1 must leave exactly 1 − 1 = 0 of the leak; the usual outward rounding would
leave ±1e-16, and no proof. Lower bounds are computed here, upper bounds by symmetry.
"""

import numpy as np

from ...enclosure.interval.arithmetic import Array, down

_SPLIT = 2.0**27 + 1
_SMALL = 2.0**-400


def add_down(a: Array, b: Array) -> Array:
    """Return a lower bound of a + b, which is the sum itself where it is not rounded up.

    The rounding error is known exactly (Knuth's two-sum); NaN, from infinities, counts as unknown.
    """
    total = a + b
    other = total - a
    error = (a - (total - other)) + (b - other)
    return np.where(error >= 0, total, down(total))


def times_down(a: Array, b: Array) -> Array:
    """Return a lower bound of a b, which is the product itself where that is exact; 0 · ∞ = 0."""
    simple = (a == 0) | (b == 0) | (np.abs(a) == 1) | (np.abs(b) == 1)
    product = np.where((a == 0) | (b == 0), 0.0, a * b)
    return np.where(simple | (_product_error(a, b, product) >= 0), product, down(product))


def _product_error(a: Array, b: Array, product: Array) -> Array:
    """Return a b − fl(a b), exactly (Dekker 1971); NaN where a part might over- or underflow."""
    a_high, b_high = (_SPLIT * x - (_SPLIT * x - x) for x in (a, b))
    a_low, b_low = a - a_high, b - b_high
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    sizes = np.abs(a), np.abs(b)
    safe = (np.minimum(*sizes) > _SMALL) & (np.maximum(*sizes) < 1 / _SMALL)
    return np.where(safe, error, np.nan)


def add_up(a: Array, b: Array) -> Array:
    """Return an upper bound of a + b (see `add_down`)."""
    return -add_down(-a, -b)


def times_up(a: Array, b: Array) -> Array:
    """Return an upper bound of a b (see `times_down`)."""
    return -times_down(-a, b)


def divide_up(a: Array, low: Array, high: Array) -> Array:
    """Return an upper bound of a/d for every 0 < low ≤ d ≤ high."""
    divisor = np.where(a >= 0, low, high)
    return np.where(divisor == 1, a, -down(-(a / divisor)))
