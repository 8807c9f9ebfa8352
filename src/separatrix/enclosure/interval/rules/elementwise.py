"""Arithmetic and functions of numbers, and the largest of several."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...errors import NoIntervalRule
from ...flat import Step
from .. import arithmetic
from ..arithmetic import Array, Interval, point
from ..functions import SMOOTH, Function, power_function
from ..values import (
    Refuse,
    Rule,
    Value,
    aligned,
    scaled,
    summed,
)
from .quotients import BERNOULLI
from .selection import select, truth

Flags = NDArray[np.bool_]
_ENDS = ("lower", "upper")
_AS_NUMBER = (
    "not shown to be continuous: a comparison that is undecided within the box is used as a number"
)


def compose(function: Function, value: Value) -> Value:
    """Apply a function, and the chain rule."""
    bounds = function.value(value.bounds)
    if value.slopes is None:
        return Value(bounds)
    return Value(bounds, scaled(value.slopes, function.slope(value.bounds, bounds)))


def _of_values(function: Callable[..., Value]) -> Rule:
    """Make a rule of what asks for the operands only."""
    return lambda refuse, step, *values: function(*values)


def _unary(name: str) -> Rule:
    return _of_values(partial(compose, SMOOTH[name]))


def opposite(value: Value) -> Value:
    """Negate value and slopes."""
    return value.through(lambda part, lead: arithmetic.negate(part))


def _integer_pow(refuse: Refuse, step: Step, value: Value) -> Value:
    return compose(power_function(int(step.params["y"])), value)


def add(first: Value, second: Value) -> Value:
    """Add."""
    first, second = aligned(first, second)
    bounds = arithmetic.add(first.bounds, second.bounds)
    slopes, shape = summed(first.slopes, second.slopes), bounds.shape[1:]
    if slopes is None or slopes.shape[2:] == shape:
        return Value(bounds, slopes)
    # where a scalar meets an array
    grown = slopes.map(lambda array: np.broadcast_to(array, (*array.shape[:2], *shape)))
    return Value(bounds, grown)


def _add(refuse: Refuse, step: Step, first: Value, second: Value) -> Value:
    if step.dtypes[0].kind == "f":
        return add(first, second)
    first, second = aligned(first, second)
    ends = ((getattr(v.bounds, end).astype(object) for v in (first, second)) for end in _ENDS)
    return _whole(step, *(one + other for one, other in ends))


def _whole(step: Step, lower: Array, upper: Array) -> Value:
    """Return integers, which do not overflow."""
    range_ = np.iinfo(step.dtypes[0])
    if np.any(lower < range_.min) or np.any(upper > range_.max):
        raise NoIntervalRule(f"{step.name} beyond the range of {step.dtypes[0]}")
    lower, upper = lower.astype(step.dtypes[0]), upper.astype(step.dtypes[0])
    return Value(point(lower) if np.array_equal(lower, upper) else Interval(lower, upper))


def multiply(first: Value, second: Value) -> Value:
    """Multiply: x y - x' y' = y (x - x') + x' (y - y')."""
    first, second = aligned(first, second)
    bounds = arithmetic.multiply(first.bounds, second.bounds)
    return Value(
        bounds, summed(scaled(first.slopes, second.bounds), scaled(second.slopes, first.bounds))
    )


def _multiply(refuse: Refuse, step: Step, first: Value, second: Value) -> Value:
    if step.inputs[0] == step.inputs[1]:
        return compose(power_function(2), first)
    return multiply(first, second)


def divide(first: Value, second: Value) -> Value:
    """x/y - x'/y' = ((x - x') - (x'/y') (y - y')) / y."""
    first, second = aligned(first, second)
    quotient = arithmetic.divide(first.bounds, second.bounds)
    if second.slopes is None:
        slopes = (
            None
            if first.slopes is None
            else arithmetic.divide(first.slopes, second.bounds[:, None])
        )
        return Value(quotient, slopes)
    inverse = arithmetic.reciprocal(second.bounds)
    change = arithmetic.negate(arithmetic.multiply(quotient, inverse))
    return Value(quotient, summed(scaled(first.slopes, inverse), scaled(second.slopes, change)))


def _divide_removable(first: Value, factor: Interval, sign: float) -> Value:
    """u/(± (exp(c u) - 1)) = ± B(c u)/c."""
    signs = point(np.full(factor.shape, sign))
    inverse = arithmetic.divide(signs, factor)
    return multiply(compose(BERNOULLI, multiply(first, Value(factor))), Value(inverse))


def _power(refuse: Refuse, step: Step, base: Value, exponent: Value) -> Value:
    """Power x**y: exactly for an integer constant y, else exp(y log x) for positive x."""
    powers = exponent.bounds.lower
    if exponent.bounds.exact and powers.size and np.all(powers == powers.flat[0]):
        only = float(powers.flat[0])
        if only.is_integer() and abs(only) <= 64:
            return compose(power_function(int(only)), base)
        if only == 0.5:
            return compose(SMOOTH["sqrt"], base)
    return compose(SMOOTH["exp"], multiply(compose(SMOOTH["log"], base), exponent))


def larger(first: Value, second: Value) -> Value:
    """max(x, y): the slopes of the larger, and of both where it is undecided which one that is."""
    first, second = aligned(first, second)
    bounds = arithmetic.maximum(first.bounds, second.bounds)
    return select(is_larger(first.bounds, second.bounds), second, first)._replace(bounds=bounds)


def is_larger(first: Interval, second: Interval) -> Value:
    """Return whether a number is at least another one."""
    return truth(first.lower >= second.upper, ~(second.lower >= first.upper))


def _clamp(refuse: Refuse, step: Step, least: Value, value: Value, greatest: Value) -> Value:
    """Clamp integers."""
    low, x, high = (part.bounds for part in aligned(least, value, greatest))
    ends = (
        np.minimum(np.maximum(getattr(x, end), getattr(low, end)), getattr(high, end))
        for end in _ENDS
    )
    return _whole(step, *ends)


def _staircase(name: str, function: Callable[[Array], Array]) -> Rule:
    """Functions that are constant between jumps."""

    def rule(refuse: Refuse, step: Step, value: Value) -> Value:
        bounds = value.bounds.map(function)
        jumps = ~(bounds.lower == bounds.upper)
        refuse(jumps, f"not shown to be continuous: {name} jumps within the box")
        return Value(bounds)

    return rule


def _convert(refuse: Refuse, step: Step, value: Value) -> Value:
    kinds = step.input_dtypes[0].kind, step.dtypes[0].kind
    if kinds[0] == kinds[1] and kinds[0] in "fb":
        return value
    if kinds[0] == "b":
        refuse(value.bounds.lower != value.bounds.upper, _AS_NUMBER)
    if kinds[1] in "iu":
        if kinds[0] == "f":
            raise NoIntervalRule(f"{step.name} of {step.dtypes[0]}")
        return _whole(step, *(getattr(value.bounds, end).astype(object) for end in _ENDS))
    if kinds[1] == "f":
        return Value(value.bounds.map(lambda array: array.astype(np.float64)))
    certain = (value.bounds.lower > 0) | (value.bounds.upper < 0)  # is it nonzero?
    impossible = (value.bounds.lower == 0) & (value.bounds.upper == 0)
    return Value(Interval(certain, ~impossible))


def _largest(refuse: Refuse, step: Step, value: Value) -> Value:
    """Take the slopes of all elements that may be the largest: any, where one may be NaN."""
    axes, over = (tuple(axis + lead for axis in step.params["axes"]) for lead in (1, 2))
    if not all(value.bounds.shape[axis] for axis in axes):
        raise NoIntervalRule("the largest of no elements")
    bounds = value.bounds.map(lambda array: np.max(array, axis=axes))
    if value.slopes is None:
        return Value(bounds)
    lowest = np.max(value.bounds.lower, axis=axes, keepdims=True)
    candidate = ~(value.bounds.upper < lowest)[:, None]
    lower = np.min(np.where(candidate, value.slopes.lower, np.inf), axis=over)
    upper = np.max(np.where(candidate, value.slopes.upper, -np.inf), axis=over)
    return Value(bounds, Interval(lower, upper))


def _where_defined(rule: Rule, is_undefined: Callable[..., Flags]) -> Rule:
    """Know nothing of a result that may be NaN or infinite, though the operands are numbers.

    A quotient is NaN where numerator and denominator are zero, and x log x at 0; bounds of the
    reals nearby would be turned into those of a number again by tanh, or by ``where(r > 0, r, 0)``.
    """

    def guarded(refuse: Refuse, step: Step, *values: Value) -> Value:
        result = rule(refuse, step, *values)
        where = is_undefined(step, *(value.bounds for value in aligned(*values)))
        if not where.any():
            return result
        ends = (np.where(where, np.nan, end) for end in (result.bounds.lower, result.bounds.upper))
        return result._replace(bounds=Interval(*ends))

    return guarded


def _beyond(end: float) -> Callable[..., Flags]:
    return lambda step, value: ~(value.lower > end)


def _is_product_undefined(step: Step, first: Interval, second: Interval) -> Flags:
    """Return where a product is 0 · ∞, with an infinite constant, which is NaN and not 0."""
    found = np.zeros(1, bool)
    for one, other in ((first, second), (second, first)):
        if one.exact and np.isinf(one.lower).any():
            found = found | (np.isinf(one.lower) & ~other.excludes_zero())
    return found


_PARTIAL: dict[str, tuple[Rule, Callable[..., Flags]]] = {
    "mul": (_multiply, _is_product_undefined),
    "integer_pow": (
        _integer_pow,
        lambda step, base: ~base.excludes_zero() & (int(step.params["y"]) < 0),
    ),
    "pow": (
        _power,
        lambda step, base, exponent: ~base.excludes_zero() & ~(exponent.lower >= 0),
    ),
    "log": (_unary("log"), _beyond(0.0)),
    "log2": (_unary("log2"), _beyond(0.0)),  # jnp.log2 from JAX 0.12 on
    "log1p": (_unary("log1p"), _beyond(-1.0)),
    "atanh": (
        _unary("atanh"),
        lambda step, value: ~((value.lower > -1.0) & (value.upper < 1.0)),
    ),
}
_quotient = _where_defined(_of_values(divide), lambda step, first, second: ~second.excludes_zero())


def _divide_or_continue(refuse: Refuse, step: Step, first: Value, second: Value) -> Value:
    """Divide; a quotient whose singularity is removable is taken for its continuation there."""
    if step.plan is None:
        return _quotient(refuse, step, first, second)
    return _divide_removable(first, *step.plan)


RULES: dict[str, Rule] = {
    **{name: _unary(name) for name in SMOOTH},
    "neg": _of_values(opposite),
    "add": _add,
    "div": _divide_or_continue,
    "max": _of_values(larger),
    "clamp": _clamp,
    "sign": _staircase("sign", np.sign),
    "floor": _staircase("floor", np.floor),
    "ceil": _staircase("ceil", np.ceil),
    "reduce_max": _largest,
    "convert_element_type": _convert,
    **{name: _where_defined(*parts) for name, parts in _PARTIAL.items()},
}
