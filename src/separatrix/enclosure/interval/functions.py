r"""Elementary functions of intervals, and enclosures of their derivatives.

NumPy's float64 functions are accurate to 4 ULP or better, whichever of its implementations the
machine selects (SVML on AVX512, its own loops, the C library). Each is widened by :data:`ACCURACY`
= 12 ULP, which leaves room for a library that is worse than promised and for the rounding of the
widening itself, and is then clipped to the function's range. The tests compare with ball arithmetic
(Arb) on random and extreme arguments. SciPy's erf (Cephes) is given 64 ULP.

A derivative is enclosed over the whole interval, so that
:math:`\varphi(a)-\varphi(b)\in\varphi'(X)(a-b)` for all :math:`a,b\in X`. Where the function has a
kink the enclosure holds every slope between the two sides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special

from .arithmetic import (
    Array,
    Interval,
    absolute,
    add,
    divide,
    down,
    integer_power,
    multiply,
    negate,
    point,
    reciprocal,
    square,
    subtract,
    up,
)

ACCURACY = 12.0
_ERF_ACCURACY = 64.0
_LARGEST_ANGLE = 1e8  # beyond, sine and cosine are enclosed by [-1, 1]

Unary = Callable[[Interval], Interval]


class Function(NamedTuple):
    """A scalar function and its slope, the latter given argument and value."""

    value: Unary
    slope: Callable[[Interval, Interval], Interval]


def _increasing(
    function: Callable[[Array], Array],
    least: float = -np.inf,
    greatest: float = np.inf,
    accuracy: float = ACCURACY,
) -> Unary:
    """Enclose an increasing function by its values at both endpoints, clipped to its range."""

    def value(a: Interval) -> Interval:
        low = function(a.lower)
        high = low if a.exact else function(a.upper)
        return Interval(
            np.clip(down(low, accuracy), least, greatest),
            np.clip(up(high, accuracy), least, greatest),
        )

    return value


def _sigmoid(x: Array) -> Array:
    """1/(1+exp(-x)): the relative error of exp enters with a factor below one."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


exp = _increasing(np.exp, 0.0)
expm1 = _increasing(np.expm1, -1.0)
log = _increasing(np.log)
log2 = _increasing(np.log2)
log1p = _increasing(np.log1p)
sqrt = _increasing(np.sqrt, 0.0)
tanh = _increasing(np.tanh, -1.0, 1.0)
logistic = _increasing(_sigmoid, 0.0, 1.0, 2 * ACCURACY)
sinh = _increasing(np.sinh)
asinh = _increasing(np.arcsinh)
atanh = _increasing(np.arctanh)
atan = _increasing(np.arctan)
erf = _increasing(special.erf, -1.0, 1.0, _ERF_ACCURACY)


def cosh(a: Interval) -> Interval:
    """Hyperbolic cosine."""
    return _increasing(np.cosh, 1.0)(absolute(a))


def cos(a: Interval) -> Interval:
    """Cosine: the values at the ends, with ±1 wherever a multiple of π may lie between them.

    A relative slack of 1e-6 in units of π hides the rounding of the quotient for arguments up to
    1e8.
    """
    low, high = np.cos(a.lower), np.cos(a.upper)
    lower, upper = down(np.minimum(low, high), ACCURACY), up(np.maximum(low, high), ACCURACY)
    first, last = a.lower / np.pi - 1e-6, a.upper / np.pi + 1e-6
    reaches_top = np.floor(last / 2.0) >= np.ceil(first / 2.0)
    reaches_bottom = np.floor((last - 1.0) / 2.0) >= np.ceil((first - 1.0) / 2.0)
    far = a.magnitude() > _LARGEST_ANGLE
    lower = np.where(reaches_bottom | far, -1.0, np.maximum(lower, -1.0))
    upper = np.where(reaches_top | far, 1.0, np.minimum(upper, 1.0))
    return Interval(lower, upper)


# the double below pi, and the one above
_PI = Interval(np.asarray(np.pi), np.asarray(np.nextafter(np.pi, 4.0)))
_HALF_PI = _PI.map(lambda array: np.asarray(0.5 * array))


def sin(a: Interval) -> Interval:
    """Sine, by the same rule as :func:`cos` with the extremes a quarter turn away."""
    low, high = np.sin(a.lower), np.sin(a.upper)
    lower, upper = down(np.minimum(low, high), ACCURACY), up(np.maximum(low, high), ACCURACY)
    shifted = cos(subtract(a, _HALF_PI))
    lower = np.where(shifted.lower <= -1.0, -1.0, np.maximum(lower, -1.0))
    upper = np.where(shifted.upper >= 1.0, 1.0, np.minimum(upper, 1.0))
    far = a.magnitude() > _LARGEST_ANGLE
    return Interval(np.where(far, -1.0, lower), np.where(far, 1.0, upper))


def _like(a: Interval, value: float) -> Interval:
    return point(np.full(a.shape, value))


def _tanh_slope(x: Interval, y: Interval) -> Interval:
    return subtract(_like(y, 1.0), square(y)).map(lambda array: np.maximum(array, 0.0))


def _logistic_slope(x: Interval, y: Interval) -> Interval:
    # y(1-y) written with y only once, which keeps it below 1/4
    centered = subtract(y, _like(y, 0.5))
    return subtract(_like(y, 0.25), square(centered)).map(lambda array: np.maximum(array, 0.0))


def _erf_slope(x: Interval, y: Interval) -> Interval:
    two_over_root_pi = divide(_like(x, 2.0), sqrt(_PI))
    return multiply(two_over_root_pi, exp(negate(square(x))))


def _asinh_slope(x: Interval, y: Interval) -> Interval:
    return reciprocal(sqrt(add(_like(x, 1.0), square(x))))


def _step(x: Interval) -> Interval:
    """Enclose the slopes of |x|: the sign where it is decided, [-1, 1] where it is not."""
    return Interval(np.where(x.lower >= 0, 1.0, -1.0), np.where(x.upper <= 0, -1.0, 1.0))


SMOOTH: dict[str, Function] = {
    "tanh": Function(tanh, _tanh_slope),
    "logistic": Function(logistic, _logistic_slope),
    "exp": Function(exp, lambda x, y: y),
    "expm1": Function(expm1, lambda x, y: exp(x)),
    "log": Function(log, lambda x, y: reciprocal(x)),
    "log2": Function(log2, lambda x, y: reciprocal(multiply(log(_like(x, 2.0)), x))),
    "log1p": Function(log1p, lambda x, y: reciprocal(add(_like(x, 1.0), x))),
    "sqrt": Function(sqrt, lambda x, y: reciprocal(multiply(_like(y, 2.0), y))),
    "sin": Function(sin, lambda x, y: cos(x)),
    "cos": Function(cos, lambda x, y: negate(sin(x))),
    "sinh": Function(sinh, lambda x, y: cosh(x)),
    "cosh": Function(cosh, lambda x, y: sinh(x)),
    "atan": Function(atan, lambda x, y: reciprocal(add(_like(x, 1.0), square(x)))),
    "asinh": Function(asinh, _asinh_slope),
    "atanh": Function(atanh, lambda x, y: reciprocal(subtract(_like(x, 1.0), square(x)))),
    "erf": Function(erf, _erf_slope),
    "abs": Function(absolute, lambda x, y: _step(x)),
}


def power_function(exponent: int) -> Function:
    """Integer powers of x and its slope n x**(n-1)."""

    def slope(x: Interval, y: Interval) -> Interval:
        return multiply(_like(x, float(exponent)), integer_power(x, exponent - 1))

    return Function(lambda x: integer_power(x, exponent), slope)
