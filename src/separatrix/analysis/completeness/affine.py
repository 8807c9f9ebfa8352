"""Values written as A (x − c) + B in the own state x of each unit, rounded outward.

Sums and products are exact wherever floating point is: a gate that reaches 1 must leave exactly
1 − 1 = 0 of the leak; the usual outward rounding would leave ±1e-16, and no proof. Lower bounds are
computed here, upper bounds by symmetry.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...enclosure.interval import Interval, point
from ...enclosure.interval.arithmetic import Array, down, negate, reciprocal, up

__all__ = ["AffineBounds", "add_up", "divide_up"]


class AffineBounds(NamedTuple):
    """Bounds of A and of B, arrays (unit,)."""

    slope: Interval
    rest: Interval

    @classmethod
    def bounded(cls, bounds: Interval) -> AffineBounds:
        """Write a value of which only bounds are known."""
        return cls(point(np.zeros(bounds.shape)), bounds)

    def negative(self) -> AffineBounds:
        """Negate, exactly."""
        return AffineBounds(negate(self.slope), negate(self.rest))

    def plus(self, other: AffineBounds) -> AffineBounds:
        """Add."""
        return AffineBounds(_add(self.slope, other.slope), _add(self.rest, other.rest))

    def times(self, other: AffineBounds, bounds: Interval) -> AffineBounds:
        """Multiply; where both hold x, or NaN is possible, the product only has its `bounds`."""
        slope = _add(_multiply(self.slope, other.rest), _multiply(self.rest, other.slope))
        rest = _multiply(self.rest, other.rest)
        unknown = (self._holds & other._holds) | np.isnan(bounds.lower) | np.isnan(bounds.upper)
        return AffineBounds(
            slope.map(lambda end: np.where(unknown, 0.0, end)),
            Interval(
                np.where(unknown, bounds.lower, rest.lower),
                np.where(unknown, bounds.upper, rest.upper),
            ),
        )

    def over(self, divisor: Interval) -> AffineBounds:
        """Divide by what keeps its sign, whatever x."""
        inverse = _invert(divisor)
        return AffineBounds(_multiply(self.slope, inverse), _multiply(self.rest, inverse))

    def within(self, bounds: Interval) -> AffineBounds:
        """Add what bounds tell of the value; it must not depend on x."""
        lower = np.maximum(self.rest.lower, bounds.lower)
        return AffineBounds(self.slope, Interval(lower, np.minimum(self.rest.upper, bounds.upper)))

    @property
    def _holds(self) -> Array:
        return np.asarray((self.slope.lower != 0) | (self.slope.upper != 0))


def _add(a: Interval, b: Interval) -> Interval:
    if a.vanishes or b.vanishes:  # most slopes do
        other = b if a.vanishes else a
        shape = np.broadcast_shapes(a.shape, b.shape)
        return other.map(lambda end: np.broadcast_to(end, shape))
    return Interval(_add_down(a.lower, b.lower), add_up(a.upper, b.upper))


def _add_down(a: Array | float, b: Array) -> Array:
    """Return a lower bound of a + b, which is the sum itself where it is not rounded up.

    The rounding error is known exactly (Knuth's two-sum); NaN, from infinities, counts as unknown.
    """
    total = a + b
    other = total - a
    error = (a - (total - other)) + (b - other)
    return np.where(error >= 0, total, down(total))


def add_up(a: Array | float, b: Array) -> Array:
    """Return an upper bound of a + b (see `_add_down`)."""
    return -_add_down(-a, -b)


def _multiply(a: Interval, b: Interval) -> Interval:
    """Multiply by the extremes at the corners, with 0 · ∞ = 0 (a state is finite)."""
    if (a.vanishes and not np.isnan(b.lower).any()) or (b.vanishes and not np.isnan(a.lower).any()):
        return point(np.zeros(np.broadcast_shapes(a.shape, b.shape)))
    ends = [(part.lower,) if part.exact else (part.lower, part.upper) for part in (a, b)]
    pairs = [(x, y) for x in ends[0] for y in ends[1]]
    return Interval(
        np.minimum.reduce([_times_down(x, y) for x, y in pairs]),
        -np.minimum.reduce([_times_down(-x, y) for x, y in pairs]),
    )


def _times_down(a: Array, b: Array) -> Array:
    """Return a lower bound of a b: the product itself where a factor is 0 or a power of two."""
    zero = ((a == 0) & ~np.isnan(b)) | ((b == 0) & ~np.isnan(a))
    product = np.where(zero, 0.0, a * b)
    exact = (_is_power(a) | _is_power(b)) & (np.abs(product) > 2.0**-1000) & np.isfinite(product)
    return np.where(zero | exact, product, down(product))


def _invert(a: Interval) -> Interval:
    """Return 1/a, exactly where a is a power of two."""
    inverse, exact = reciprocal(a), _is_power(a.lower) & (a.lower == a.upper)
    return Interval(*(np.where(exact, 1 / a.lower, end) for end in (inverse.lower, inverse.upper)))


def _is_power(a: Array) -> Array:
    """Whether a number is a power of two, up to its sign."""
    return np.asarray((np.abs(np.frexp(a)[0]) == 0.5) & (np.abs(a) > 2.0**-1000))


def divide_up(a: Array, divisor: Array) -> Array:
    """Return an upper bound of a/d, exact where d is 1."""
    return np.where(divisor == 1, a, up(a / divisor))
