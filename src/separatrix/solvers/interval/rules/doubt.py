"""Values that may be NaN, although there are bounds of them.

A quotient is NaN where numerator and denominator are zero, and x log x at 0; bounds of them are
those of the reals nearby, of which tanh makes [-1, 1]. For a zero that does not matter, as NaN is
none, unless something makes a number of it again: ``nan_to_num``, or ``where(r > 0, r, 0.0)``, for
NaN is not more than 0. So it is remembered which values may be NaN; what is compared with one, or
asked whether it is finite, or turned into an integer, is undecided.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..arithmetic import Interval
from ..functions import SMOOTH
from ..program import Step
from ..values import Run, Value, aligned, doubts

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
        found = np.logical_or.reduce(np.broadcast_arrays(*map(doubts, operands)))
        if step.name in _PARTIAL:
            found = found | _PARTIAL[step.name](step, *(value.bounds for value in operands))
        return [result._replace(doubt=found) for result in results] if found.any() else results
    boxes = np.zeros(1, bool)
    for value in values:
        if value.doubt is not None:
            boxes = boxes | value.doubt.reshape(len(value.doubt), -1).any(axis=1)
    return [_in_doubt_over(boxes, result) for result in results]


def refused_if_in_doubt(run: Run, doubt: Flags) -> Flags:
    """Conclude nothing of slopes where a choice depends on what may be NaN; returns `doubt`."""
    if run.differentiate:
        run.refuse(doubt, _IN_DOUBT)
    return doubt


def _in_doubt_over(boxes: Flags, result: Value) -> Value:
    bounds = result.bounds.lower
    shape = (max(len(boxes), len(bounds)), *bounds.shape[1:])
    whole = boxes.reshape(-1, *(1,) * (bounds.ndim - 1))
    return result._replace(doubt=np.broadcast_to(whole, shape))


def _not_beyond(value: Interval, end: float) -> Flags:
    return np.asarray(~(value.lower > end))


def _may_be_zero(value: Interval) -> Flags:
    return np.asarray(~((value.lower > 0) | (value.upper < 0)))


def _of_integer_power(step: Step, base: Interval) -> Flags:
    return _may_be_zero(base) & (int(step.params["y"]) < 0)


def _of_power(step: Step, base: Interval, exponent: Interval) -> Flags:
    return _not_beyond(base, 0.0) & ~(exponent.lower >= 0)


# Where the result may be infinite or NaN, though what it is made of is a number.
_PARTIAL: dict[str, Callable[..., Flags]] = {
    "div": lambda step, first, second: _may_be_zero(second),
    "integer_pow": _of_integer_power,
    "pow": _of_power,
    "log": lambda step, value: _not_beyond(value, 0.0),
    "log1p": lambda step, value: _not_beyond(value, -1.0),
    "rsqrt": lambda step, value: _not_beyond(value, 0.0),
    "atanh": lambda step, value: ~((value.lower > -1.0) & (value.upper < 1.0)),
}
