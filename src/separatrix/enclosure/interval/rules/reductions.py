"""Largest and smallest elements, and products, over axes."""

from __future__ import annotations

import numpy as np

from ..arithmetic import Interval, point
from ..errors import NoIntervalRule
from ..program import Program, Step
from ..values import Rule, Run, Value
from .elementwise import multiply, opposite


def _largest(value: Value, axes: tuple[int, ...]) -> Value:
    """Take the slopes of all elements that may be the largest: any, where one may be NaN."""
    if not all(value.bounds.shape[axis + 1] for axis in axes):
        raise NoIntervalRule("the largest of no elements")
    bounds = value.bounds.map(lambda array: np.max(array, axis=tuple(axis + 1 for axis in axes)))
    if value.slopes is None:
        return Value(bounds)
    lowest = np.max(value.bounds.lower, axis=tuple(axis + 1 for axis in axes), keepdims=True)
    candidate = ~(value.bounds.upper < lowest)[:, None]
    over = tuple(axis + 2 for axis in axes)
    lower = np.min(np.where(candidate, value.slopes.lower, np.inf), axis=over)
    upper = np.max(np.where(candidate, value.slopes.upper, -np.inf), axis=over)
    return Value(bounds, Interval(lower, upper))


def _reduce_max(run: Run, program: Program, step: Step, value: Value) -> Value:
    return _largest(value, tuple(step.params["axes"]))


def _reduce_min(run: Run, program: Program, step: Step, value: Value) -> Value:
    return opposite(_largest(opposite(value), tuple(step.params["axes"])))


def _reduce_prod(run: Run, program: Program, step: Step, value: Value) -> Value:
    for axis in sorted(step.params["axes"], reverse=True):
        length = value.bounds.shape[axis + 1]
        if length == 0:
            shape = np.delete(value.bounds.shape, axis + 1)
            value = Value(point(np.ones(shape)))
            continue
        factors = [_taken(value, axis, index) for index in range(length)]
        value = factors[0]
        for factor in factors[1:]:
            value = multiply(value, factor)
    return value


def _taken(value: Value, axis: int, index: int) -> Value:
    bounds = value.bounds.map(lambda array: np.take(array, index, axis=axis + 1))
    slopes = value.slopes
    return Value(
        bounds,
        None if slopes is None else slopes.map(lambda array: np.take(array, index, axis=axis + 2)),
    )


RULES: dict[str, Rule] = {
    "reduce_max": _reduce_max,
    "reduce_min": _reduce_min,
    "reduce_prod": _reduce_prod,
}
