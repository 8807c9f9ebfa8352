"""Sums, matrix products, and operations that are linear in their values."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jax import lax

from ...errors import ComputesInFloat32, NoIntervalRule
from ...flat import Step
from ..arithmetic import Array, Interval, add, point
from ..products import matmul, total
from ..values import Refuse, Rule, Value, summed


def _reduce_sum(refuse: Refuse, step: Step, value: Value) -> Value:
    axes = step.params["axes"]
    return value.through(lambda part, lead: total(part, tuple(axis + lead for axis in axes)))


def _dot_general(refuse: Refuse, step: Step, first: Value, second: Value) -> Value:
    """Contract two arrays, with the product rule for the slopes."""
    if isinstance(step.params.get("precision"), lax.DotAlgorithmPreset | lax.DotAlgorithm):
        raise ComputesInFloat32(step.name, str(step.params["precision"]))
    numbers = step.params["dimension_numbers"]
    slopes = summed(
        None if first.slopes is None else contract(first.slopes, second.bounds, (2, 1), numbers),
        None if second.slopes is None else contract(first.bounds, second.slopes, (1, 2), numbers),
    )
    return Value(contract(first.bounds, second.bounds, (1, 1), numbers), slopes)


Numbers = tuple[tuple[tuple[int, ...], tuple[int, ...]], tuple[tuple[int, ...], tuple[int, ...]]]


def contract(
    x: Interval,
    y: Interval,
    leads: tuple[int, int],
    numbers: Numbers,
    multiply: Callable[[Interval, Interval, bool], Interval] = matmul,
) -> Interval:
    """Contract arrays with leading axes, by one matrix product wherever one side is constant.

    The result has the leading axes of both, then the batch axes, then the free axes of x and of y.
    """
    (contract_x, contract_y), (batch_x, batch_y) = numbers
    sharp = leads == (1, 1)  # values: of slopes, rounding is not what limits a proof
    if not batch_x and x.shape[0] == 1 and leads[0] == 1 and (y.shape[0] > 1 or leads[1] == 2):
        swapped = contract(y, x, (leads[1], 1), ((contract_y, contract_x), ((), ())), multiply)
        free_y, free_x = y.ndim - leads[1] - len(contract_y), x.ndim - 1 - len(contract_x)
        return swapped.map(lambda array: _exchange(array, leads[1], free_y, free_x))
    left, shape_x = _arranged(x, leads[0], batch_x, contract_x)
    right, shape_y = _arranged(y, leads[1], batch_y, contract_y)
    batch = tuple(x.shape[axis + leads[0]] for axis in batch_x)
    if not batch and y.shape[0] == 1 and leads[1] == 1:
        rows = left.map(lambda array: array.reshape(-1, array.shape[-1]))
        columns = right.map(lambda array: array.reshape(array.shape[2:]).T)
        product = multiply(rows, columns, sharp)
        return product.map(lambda array: array.reshape(x.shape[: leads[0]] + shape_x + shape_y))
    product = multiply(left, right.map(lambda array: np.swapaxes(array, -1, -2)), sharp)
    inputs = (x.shape[1],) if leads[0] == 2 else (y.shape[1],) if leads[1] == 2 else ()
    boxes = product.shape[0]  # none, where either side has none

    def ordered(array: Array) -> Array:
        if leads[1] == 2:
            array = array.reshape(boxes, *batch, *shape_x, *inputs, *shape_y)
            return np.moveaxis(array, 1 + len(batch) + len(shape_x), 1)
        array = array.reshape(boxes, *batch, *inputs, *shape_x, *shape_y)
        return np.moveaxis(array, 1 + len(batch), 1) if inputs else array

    return product.map(ordered)


def _arranged(
    x: Interval, lead: int, batch: tuple[int, ...], contracted: tuple[int, ...]
) -> tuple[Interval, tuple[int, ...]]:
    """Arrange as (box, batch, input and free, contracted); also returns the free shape."""
    shape = x.shape[lead:]
    free = [axis for axis in range(len(shape)) if axis not in (*batch, *contracted)]
    moved = [axis + lead for axis in (*batch, *free, *contracted)]
    order = (0, *moved[: len(batch)], *range(1, lead), *moved[len(batch) :])
    of_batch, of_free, depth = (
        [shape[axis] for axis in axes] for axes in (batch, free, contracted)
    )
    rows = math.prod((*x.shape[1:lead], *of_free))
    whole = (x.shape[0], math.prod(of_batch), rows, math.prod(depth))
    return x.map(lambda array: array.transpose(order).reshape(whole)), tuple(of_free)


def _exchange(array: Array, lead: int, first: int, second: int) -> Array:
    """Swap two groups of axes that follow the leading ones."""
    order = [*range(lead + first, lead + first + second), *range(lead, lead + first)]
    return array.transpose(*range(lead), *order)


def _scatter_add(
    refuse: Refuse, step: Step, operand: Value, indices: Value, updates: Value
) -> Value:
    """Add updates at known places."""
    spread = _through_matrix(step, updates, operand.bounds.shape[1:])
    slopes = summed(operand.slopes, spread.slopes)
    return Value(add(operand.bounds, spread.bounds), slopes)


def _convolution(refuse: Refuse, step: Step, value: Value, kernel: Value) -> Value:
    """Convolve with a known kernel."""
    return _through_matrix(step, value, step.shapes[0])


def _through_matrix(step: Step, value: Value, shape: tuple[int, ...]) -> Value:
    matrix = step.plan
    if matrix is None:
        raise NoIntervalRule(step.name)

    def mapped(part: Interval, lead: int) -> Interval:
        rows = part.map(lambda array: array.reshape(-1, matrix.shape[0]))
        return matmul(rows, point(matrix)).map(
            lambda array: array.reshape(part.shape[:lead] + shape)
        )

    return value.through(mapped)


RULES: dict[str, Rule] = {
    "reduce_sum": _reduce_sum,
    "dot_general": _dot_general,
    "scatter-add": _scatter_add,
    "conv_general_dilated": _convolution,
}
