r"""Outward-rounded interval arithmetic in float64.

NumPy cannot switch the rounding mode, so every operation is computed to nearest and then widened.
For :math:`c=\mathrm{fl}(a\circ b)` with :math:`\circ\in\{+,-,\times,/\}` the exact result lies
between the neighbors of :math:`c`, and for :math:`\varphi\ge u(1+2u)`, :math:`u=2^{-53}`,

.. math:: \mathrm{fl}(c-\mathrm{fl}(\varphi|c|+\eta)) \le \mathrm{pred}(c)

(Rump, Zimmermann, Boldo & Melquiond 2009, *BIT* 49:419, Algorithm 1). Here :math:`\varphi=2u` and
:math:`\eta=2^{-1021}`, so that gradual underflow, and also results flushed to zero, are covered.

Intervals enclose sets of *real* numbers: a bound may be infinite, and
:math:`0\cdot[-\infty,\infty]=0`; but zero times an infinite constant is NaN, as it is for JAX. A
NaN bound means "nothing is known"; every operation hands it on, and no comparison with it is ever
true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    Array = NDArray[Any]
else:  # NumPy gives scalars, not arrays, for what has no axes
    Array = np.ndarray | np.generic

ULP = 2.0**-52  # an upper bound of ulp(x)/|x| for normal numbers
TINY = 2.0**-1021  # above any error that comes from underflow, gradual or abrupt
MAX = float(np.finfo(np.float64).max)
_LARGE = 1e300  # what infinity leaves of a bound that is rounded outward is larger


@dataclass(frozen=True, slots=True)
class Interval:
    """An array of closed intervals ``[lower, upper]``.

    Point intervals hold one and the same array in both fields (:attr:`exact`), which makes them
    cheap to carry and to recognize. Booleans are intervals of False < True: ``lower`` is
    "certainly", ``upper`` is "possibly".
    """

    lower: Array
    upper: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of either bound."""
        return self.lower.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.lower.ndim

    @property
    def exact(self) -> bool:
        """Whether this is known to be a point, with no width and no rounding error."""
        return self.lower is self.upper

    @property
    def vanishes(self) -> bool:
        """Whether this is known to be zero everywhere: sums and products with it are not rounded.

        What underflow may take is more than zero, and would hide that a function has no constants.
        """
        return self.exact and not np.any(self.lower)

    def map(self, function: Callable[[Array], Array]) -> Interval:
        """Apply a function that is exact and does not decrease: moving, copying, clipping."""
        lower = function(self.lower)
        return Interval(lower, lower if self.exact else function(self.upper))

    def __getitem__(self, index: Any) -> Interval:
        return self.map(lambda array: array[index])

    def contains(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Whether each value lies in its interval."""
        values = np.asarray(values)
        return (self.lower <= values) & (values <= self.upper)

    def excludes_zero(self) -> Array:
        """Whether each interval is proved not to hold zero."""
        return np.asarray((self.lower > 0) | (self.upper < 0))

    def midpoint_radius(self) -> tuple[Array, Array | None]:
        """Return a ball around each interval; the radius is None for points.

        The differences carry a relative error of u only (sums never underflow inexactly), hence the
        factor.
        """
        if self.exact:
            return self.lower, None
        middle = self.lower * 0.5 + self.upper * 0.5
        radius = np.maximum(self.upper - middle, middle - self.lower)
        return middle, radius * (1.0 + 4.0 * ULP)

    def magnitude(self) -> Array:
        """Return the largest absolute value in each interval."""
        return np.maximum(np.abs(self.lower), np.abs(self.upper))


def point(values: ArrayLike) -> Interval:
    """Return the interval that holds one exactly known value."""
    array = np.asarray(values)
    return Interval(array, array)


def ball(center: ArrayLike, radius: float | ArrayLike) -> Interval:
    """Return an interval that contains ``center ± radius``."""
    return Interval(down(np.subtract(center, radius)), up(np.add(center, radius)))


def down(values: Array, ulps: float = 1.0) -> Array:
    """Go below everything that rounds to, or lies within some ulps of, ``values``.

    An overflow to +inf comes from a real number that was too large to be represented, not from
    infinity.
    """
    values = np.minimum(values, MAX)
    return values - ((ULP * ulps) * np.abs(values) + TINY)


def up(values: Array, ulps: float = 1.0) -> Array:
    """Go above: the mirror image of :func:`down`."""
    values = np.maximum(values, -MAX)
    return values + ((ULP * ulps) * np.abs(values) + TINY)


def negate(a: Interval) -> Interval:
    """Negate, exactly."""
    if a.exact:
        return point(-a.lower)
    return Interval(-a.upper, -a.lower)


def add(a: Interval, b: Interval) -> Interval:
    """Add."""
    if a.vanishes:
        a, b = b, a
    if b.vanishes:
        return a.map(lambda ends: ends + b.lower)
    return Interval(down(a.lower + b.lower), up(a.upper + b.upper))


def subtract(a: Interval, b: Interval) -> Interval:
    """Subtract."""
    if b.vanishes:
        return a.map(lambda ends: ends - b.lower)
    return Interval(down(a.lower - b.upper), up(a.upper - b.lower))


def multiply(a: Interval, b: Interval) -> Interval:
    """Multiply, by the extremes at the corners; points widen by an ulp on either side."""
    corners = _corners(a, b, np.multiply)
    lower, upper = _extremes(corners)
    if (a.vanishes or b.vanishes) and not np.any(lower) and not np.any(upper):
        return point(np.zeros(lower.shape))
    if np.isnan(np.sum(lower)):  # a NaN, or infinities of both signs: look again, with 0 * inf = 0
        lower, upper = _extremes(_corners(a, b, _zero_times_infinity))
        undefined = (_is_zero(a) & _is_infinite(b)) | (_is_infinite(a) & _is_zero(b))
        lower, upper = (np.where(undefined, np.nan, end) for end in (lower, upper))
    return Interval(down(lower), up(upper))


def _is_zero(a: Interval) -> Array:
    return np.asarray((a.lower == 0) & (a.upper == 0))


def _is_infinite(a: Interval) -> Array:
    """Mask infinite constants, and what is made of them, but no numbers without a bound."""
    return np.asarray(
        ((a.lower > _LARGE) & (a.upper == np.inf)) | ((a.upper < -_LARGE) & (a.lower == -np.inf))
    )


def _corners(a: Interval, b: Interval, product: Callable[[Array, Array], Array]) -> list[Array]:
    ends_a = [a.lower] if a.exact else [a.lower, a.upper]
    ends_b = [b.lower] if b.exact else [b.lower, b.upper]
    return [product(x, y) for x in ends_a for y in ends_b]


def _extremes(corners: list[Array]) -> tuple[Array, Array]:
    lower = upper = corners[0]
    for corner in corners[1:]:
        lower, upper = np.minimum(lower, corner), np.maximum(upper, corner)
    return lower, upper


def _zero_times_infinity(x: Array, y: Array) -> Array:
    vanishes = ((x == 0) & np.isinf(y)) | ((y == 0) & np.isinf(x))
    return np.where(vanishes, 0.0, x * y)


def reciprocal(a: Interval) -> Interval:
    """1/a; the whole line where a contains zero."""
    lower, upper = down(1.0 / a.upper), up(1.0 / a.lower)
    unknown = ~a.excludes_zero()
    empty = np.isnan(a.lower) | np.isnan(a.upper)
    lower = np.where(unknown, -np.inf, np.where((a.lower > 0) & (lower < 0), 0.0, lower))
    upper = np.where(unknown, np.inf, np.where((a.upper < 0) & (upper > 0), 0.0, upper))
    return Interval(np.where(empty, np.nan, lower), np.where(empty, np.nan, upper))


def divide(a: Interval, b: Interval) -> Interval:
    """Divide, by the corners where b keeps its sign; the whole line elsewhere."""
    lower, upper = _extremes(_corners(a, b, np.divide))
    if not b.excludes_zero().all() or np.isnan(np.sum(lower)):
        return multiply(a, reciprocal(b))
    if a.vanishes:
        return point(np.zeros(lower.shape))
    return Interval(down(lower), up(upper))


def square(a: Interval) -> Interval:
    """a², never negative."""
    return integer_power(a, 2)


def absolute(a: Interval) -> Interval:
    """Take absolute values, exactly."""
    if a.exact:
        return point(np.abs(a.lower))
    # max(l, -u, 0) is the distance of the interval to zero
    return Interval(np.maximum(np.maximum(a.lower, -a.upper), 0.0), a.magnitude())


def integer_power(a: Interval, exponent: int) -> Interval:
    """Raise to an integer power, tightly, by repeated squaring of the ends' absolute values."""
    if exponent < 0:
        return reciprocal(integer_power(a, -exponent))
    if exponent == 0:
        return point(np.ones_like(a.lower))
    if exponent == 1:
        return a
    if exponent % 2 == 0:
        size = absolute(a)
        return Interval(_power(size.lower, exponent, down), _power(size.upper, exponent, up))
    return Interval(
        _signed_power(a.lower, exponent, down, up), _signed_power(a.upper, exponent, up, down)
    )


def _power(base: Array, exponent: int, outward: Callable[[Array], Array]) -> Array:
    """base**exponent of non-negative numbers, rounded one way by binary powering."""
    result: Array | None = None
    while exponent:
        if exponent & 1:
            result = base if result is None else np.maximum(outward(result * base), 0.0)
        exponent >>= 1
        if exponent:
            base = np.maximum(outward(base * base), 0.0)
    assert result is not None
    return result


def _signed_power(
    base: Array, exponent: int, outward: Callable[[Array], Array], inward: Callable[[Array], Array]
) -> Array:
    size = np.abs(base)
    return np.where(base < 0, -_power(size, exponent, inward), _power(size, exponent, outward))


def maximum(a: Interval, b: Interval) -> Interval:
    """Return the interval of the larger of two numbers."""
    lower = np.maximum(a.lower, b.lower)
    return Interval(lower, lower if a.exact and b.exact else np.maximum(a.upper, b.upper))


def hull(a: Interval, b: Interval) -> Interval:
    """Return the smallest interval around both."""
    return Interval(np.minimum(a.lower, b.lower), np.maximum(a.upper, b.upper))
