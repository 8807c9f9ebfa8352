"""Values that may be NaN, although there are bounds of them.

A quotient is NaN where numerator and denominator are zero, and x log x at 0; bounds of them are
those of the reals nearby, of which tanh makes [-1, 1]. Where zeros are excluded that does not
matter, as NaN is none, unless something makes a number of it again: ``nan_to_num``, or
``where(r > 0, r, 0.0)``, for NaN is not more than 0. So it is remembered which values may be NaN;
what is compared with one, or asked whether it is finite, or turned into an integer, is undecided.
And the slopes of a result that may be NaN are any: those of 0 log x would be zero.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..arithmetic import Interval, point
from ..functions import SMOOTH
from ..program import Program, Step
from ..values import Run, Value, aligned
from .quotients import continues_quotients

Flags = NDArray[np.bool_]

_ELEMENTWISE = frozenset(
    {*SMOOTH, "neg", "integer_pow", "add", "add_any", "sub", "mul", "div", "pow", "logaddexp"}
    | {"max", "min", "clamp", "sign", "floor", "ceil", "round", "convert_element_type"}
)
_IN_DOUBT = "not shown to be continuous: what may be NaN within the box is compared or converted"


def passed_on(step: Step, values: list[Value], results: list[Value]) -> list[Value]:
    """Note in the results of a step where they may be NaN, by its operands or by itself.

    Where the step puts all elements of its operands together, each of them counts.
    """
    if step.name not in _PARTIAL and all(value.doubt is None for value in values):
        return results
    if any(dtype.kind in "iub" for dtype in step.dtypes):  # which are never NaN
        return results
    if step.name in _ELEMENTWISE:
        operands = aligned(*values)
        flags = [value.doubt for value in operands if value.doubt is not None]
        if step.name in _PARTIAL:
            flags.append(_PARTIAL[step.name](step, *(value.bounds for value in operands)))
        found = np.logical_or.reduce(np.broadcast_arrays(*flags))
        return [_in_doubt(found, result) for result in results] if found.any() else results
    boxes = np.zeros(1, bool)
    for value in values:
        if value.doubt is not None:
            boxes = boxes | value.doubt.reshape(len(value.doubt), -1).any(axis=1)
    return [_in_doubt(boxes.reshape(-1, *(1,) * result.rank), result) for result in results]


def refused_if_in_doubt(run: Run, doubt: Flags) -> Flags:
    """Conclude nothing of slopes where a choice depends on what may be NaN; returns `doubt`."""
    if run.differentiate:
        run.refuse(doubt, _IN_DOUBT)
    return doubt


def undefined_in(program: Program, result: Value) -> Flags | None:
    """Tell where a result may be NaN; what continues a quotient is meant to be where that is."""
    return None if continues_quotients(program) else result.doubt


def any_where_undefined(program: Program, result: Value, shape: tuple[int, ...]) -> Interval:
    """Write out slopes (box, input, *output): any, where the result may be NaN."""
    undefined = undefined_in(program, result)
    slopes = point(np.zeros(shape)) if result.slopes is None else result.slopes
    slopes = slopes.map(lambda array: np.broadcast_to(array, shape))
    if undefined is None:
        return slopes
    return Interval(
        np.where(undefined[:, None], -np.inf, slopes.lower),
        np.where(undefined[:, None], np.inf, slopes.upper),
    )


def _in_doubt(flags: Flags, result: Value) -> Value:
    shape = np.broadcast_shapes(flags.shape, result.bounds.shape)
    return result._replace(doubt=np.broadcast_to(flags, shape))


def _not_beyond(value: Interval, end: float) -> Flags:
    return np.asarray(~(value.lower > end))


def _may_be_zero(value: Interval) -> Flags:
    return np.asarray(~((value.lower > 0) | (value.upper < 0)))


def _of_integer_power(step: Step, base: Interval) -> Flags:
    return _may_be_zero(base) & (int(step.params["y"]) < 0)


def _of_power(step: Step, base: Interval, exponent: Interval) -> Flags:
    return _may_be_zero(base) & ~(exponent.lower >= 0)


def _of_product(step: Step, first: Interval, second: Interval) -> Flags:
    """Tell where a product is 0 · ∞, with an infinite constant, which is NaN and not 0."""
    found = np.zeros(1, bool)
    for one, other in ((first, second), (second, first)):
        if one.exact and np.isinf(one.lower).any():
            found = found | (np.isinf(one.lower) & _may_be_zero(other))
    return found


# Where the result may be infinite or NaN, though what it is made of is a number.
_PARTIAL: dict[str, Callable[..., Flags]] = {
    "div": lambda step, first, second: _may_be_zero(second),
    "mul": _of_product,
    "integer_pow": _of_integer_power,
    "pow": _of_power,
    "log": lambda step, value: _not_beyond(value, 0.0),
    "log1p": lambda step, value: _not_beyond(value, -1.0),
    "rsqrt": lambda step, value: _not_beyond(value, 0.0),
    "atanh": lambda step, value: ~((value.lower > -1.0) & (value.upper < 1.0)),
}
