"""Sums, products and quotients rounded outward, but exact wherever floating point is.

A gate that reaches 1 must leave exactly 1 − 1 = 0 of the leak; the usual outward rounding would
leave ±1e-16, and no proof. Lower bounds are computed here, upper bounds by symmetry.
"""

import numpy as np

from ...solvers.interval.arithmetic import down


def add_down(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a lower bound of a + b, which is the sum itself where it is not rounded up.

    The rounding error is known exactly (Knuth's two-sum); NaN, from infinities, counts as unknown.
    """
    total = a + b
    other = total - a
    error = (a - (total - other)) + (b - other)
    return np.where(error >= 0, total, down(total))


def times_down(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a lower bound of a b, the product itself where a factor is 0 or ±1; 0 · ∞ = 0."""
    product = np.where((a == 0) | (b == 0), 0.0, a * b)
    simple = (a == 0) | (b == 0) | (np.abs(a) == 1) | (np.abs(b) == 1)
    return np.where(simple, product, down(product))


def add_up(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return an upper bound of a + b (see `add_down`)."""
    return -add_down(-a, -b)


def times_up(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return an upper bound of a b (see `times_down`)."""
    return -times_down(-a, b)


def divide_up(a: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return an upper bound of a/d for every 0 < low ≤ d ≤ high."""
    divisor = np.where(a >= 0, low, high)
    return np.where(divisor == 1, a, -down(-(a / divisor)))
