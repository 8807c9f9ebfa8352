"""Arithmetic and smooth functions, elementwise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import arithmetic
from ..arithmetic import Array, Interval, hull, point
from ..errors import NoIntervalRule
from ..functions import (
    SMOOTH,
    Function,
    log_add_exp,
    logistic,
    power_function,
)
from ..program import Program, Step
from ..values import (
    Rule,
    Run,
    Value,
    aligned,
    count_inputs,
    scaled,
    summed,
    zero_slopes,
)
from .doubt import refused_if_in_doubt
from .exact import iota
from .quotients import BERNOULLI, removable


def compose(function: Function, value: Value) -> Value:
    """Apply a function, and the chain rule."""
    bounds = function.value(value.bounds)
    if value.slopes is None:
        return Value(bounds)
    return Value(bounds, scaled(value.slopes, function.slope(value.bounds, bounds)))


def _unary(name: str) -> Rule:
    function = SMOOTH[name]

    def rule(run: Run, program: Program, step: Step, value: Value) -> Value:
        return compose(function, value)

    return rule


def opposite(value: Value) -> Value:
    """Negate value and slopes."""
    slopes = None if value.slopes is None else arithmetic.negate(value.slopes)
    return Value(arithmetic.negate(value.bounds), slopes)


def _negate(run: Run, program: Program, step: Step, value: Value) -> Value:
    return opposite(value)


def _integer_pow(run: Run, program: Program, step: Step, value: Value) -> Value:
    return compose(power_function(int(step.params["y"])), value)


def _add(run: Run, program: Program, step: Step, first: Value, second: Value) -> Value:
    first, second = aligned(first, second)
    return Value(arithmetic.add(first.bounds, second.bounds), summed(*_same_shape(first, second)))


def _subtract(run: Run, program: Program, step: Step, first: Value, second: Value) -> Value:
    return _add(run, program, step, first, opposite(second))


def _same_shape(first: Value, second: Value) -> tuple[Interval | None, Interval | None]:
    """Slopes with the shape of the result, where a scalar meets an array."""
    shape = np.broadcast_shapes(first.bounds.shape[1:], second.bounds.shape[1:])

    def grown(slopes: Interval | None) -> Interval | None:
        if slopes is None or slopes.shape[2:] == shape:
            return slopes
        return slopes.map(lambda array: np.broadcast_to(array, (*array.shape[:2], *shape)))

    return grown(first.slopes), grown(second.slopes)


def multiply(first: Value, second: Value) -> Value:
    """Multiply: x y - x' y' = y (x - x') + x' (y - y')."""
    first, second = aligned(first, second)
    bounds = arithmetic.multiply(first.bounds, second.bounds)
    return Value(
        bounds, summed(scaled(first.slopes, second.bounds), scaled(second.slopes, first.bounds))
    )


def _multiply(run: Run, program: Program, step: Step, first: Value, second: Value) -> Value:
    if step.inputs[0] == step.inputs[1]:
        return compose(SMOOTH["square"], first)
    return multiply(first, second)


def _divide(run: Run, program: Program, step: Step, first: Value, second: Value) -> Value:
    """x/y - x'/y' = ((x - x') - (x'/y') (y - y')) / y."""
    found = removable(program, step)
    if found is not None:
        return _divide_removable(first, *found)
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


def _power(run: Run, program: Program, step: Step, base: Value, exponent: Value) -> Value:
    """Power x**y: exactly for an integer constant y, else exp(y log x) for positive x."""
    powers = exponent.bounds.lower
    if exponent.bounds.exact and powers.size and np.all(powers == powers.flat[0]):
        only = float(powers.flat[0])
        if only.is_integer() and abs(only) <= 64:
            return compose(power_function(int(only)), base)
        if only == 0.5:
            return compose(SMOOTH["sqrt"], base)
    return compose(SMOOTH["exp"], multiply(compose(SMOOTH["log"], base), exponent))


def _log_add_exp(run: Run, program: Program, step: Step, first: Value, second: Value) -> Value:
    r"""log(exp(x) + exp(y)), with the slopes σ(x - y) and σ(y - x)."""
    first, second = aligned(first, second)
    difference = arithmetic.subtract(first.bounds, second.bounds)
    weight, other = logistic(difference), logistic(arithmetic.negate(difference))
    bounds = log_add_exp(first.bounds, second.bounds)
    return Value(bounds, summed(scaled(first.slopes, weight), scaled(second.slopes, other)))


def larger(first: Value, second: Value) -> Value:
    """max(x, y): the slopes of the larger, and of both where it is undecided which one that is."""
    first, second = aligned(first, second)
    bounds = arithmetic.maximum(first.bounds, second.bounds)
    inputs = count_inputs(first, second)
    if inputs is None:
        return Value(bounds)
    ours, theirs = (value.slopes or zero_slopes(value, inputs) for value in (first, second))
    first_wins = (first.bounds.lower >= second.bounds.upper)[:, None]
    second_wins = (second.bounds.lower >= first.bounds.upper)[:, None]
    both = hull(ours, theirs)
    lower = np.where(first_wins, ours.lower, np.where(second_wins, theirs.lower, both.lower))
    upper = np.where(first_wins, ours.upper, np.where(second_wins, theirs.upper, both.upper))
    return Value(bounds, Interval(lower, upper))


def smaller(first: Value, second: Value) -> Value:
    """Take the minimum, by :func:`larger` of the negatives."""
    return opposite(larger(opposite(first), opposite(second)))


def _max(run: Run, program: Program, step: Step, first: Value, second: Value) -> Value:
    return larger(first, second)


def _min(run: Run, program: Program, step: Step, first: Value, second: Value) -> Value:
    return smaller(first, second)


def _clamp(
    run: Run, program: Program, step: Step, least: Value, value: Value, greatest: Value
) -> Value:
    return smaller(larger(value, least), greatest)


def _staircase(function: Callable[[Array], Array], what: str) -> Rule:
    """Functions that are constant between jumps."""

    def rule(run: Run, program: Program, step: Step, value: Value) -> Value:
        bounds = value.bounds.map(function)
        if run.differentiate and value.slopes is not None:
            run.refuse(
                ~(bounds.lower == bounds.upper),
                f"not shown to be continuous: {what} jumps within the box",
            )
        return Value(bounds)

    return rule


def _round(run: Run, program: Program, step: Step, value: Value) -> Value:
    if int(step.params["rounding_method"]) != 1:  # to even, which is what jnp.round asks for
        raise NoIntervalRule("round away from zero")
    result = _staircase(np.round, "round")(run, program, step, value)
    assert isinstance(result, Value)
    return result


def _to_float(run: Run, program: Program, step: Step, value: Value) -> Value:
    """Widen to float64: exact for float32, truth values and integers below 2**53."""
    kind = step.input_dtypes[0].kind
    if kind == "b" and run.differentiate and not value.bounds.exact:
        undecided = value.bounds.lower != value.bounds.upper
        run.refuse(
            undecided,
            "not shown to be continuous: a comparison that is undecided within the box is used as "
            "a number",
        )
    bounds = value.bounds.map(lambda array: array.astype(np.float64))
    if kind in "iu" and np.any(bounds.magnitude() >= 2.0**53):
        bounds = Interval(arithmetic.down(bounds.lower), arithmetic.up(bounds.upper))
    return Value(bounds, value.slopes)


def _convert(run: Run, program: Program, step: Step, value: Value) -> Value:
    if step.dtypes[0].kind == "b":  # is it nonzero?
        certain = (value.bounds.lower > 0) | (value.bounds.upper < 0)
        impossible = (value.bounds.lower == 0) & (value.bounds.upper == 0)
        if value.doubt is not None:  # NaN is no zero
            impossible &= ~refused_if_in_doubt(run, value.doubt)
        return Value(
            Interval(certain, ~impossible) if np.any(certain == impossible) else point(certain)
        )
    return _to_float(run, program, step, value)


def _iota(run: Run, program: Program, step: Step) -> Value:
    return Value(point(iota(step)[None]))


RULES: dict[str, Rule] = {
    **{name: _unary(name) for name in SMOOTH},
    "neg": _negate,
    "integer_pow": _integer_pow,
    "add": _add,
    "add_any": _add,
    "sub": _subtract,
    "mul": _multiply,
    "div": _divide,
    "pow": _power,
    "logaddexp": _log_add_exp,
    "max": _max,
    "min": _min,
    "clamp": _clamp,
    "sign": _staircase(np.sign, "sign"),
    "floor": _staircase(np.floor, "floor"),
    "ceil": _staircase(np.ceil, "ceil"),
    "round": _round,
    "convert_element_type": _convert,
    "iota": _iota,
}
