"""Operations that only move values: the same for bounds, slopes and truth values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import numpy as np

from ...errors import NoIntervalRule
from ...flat import FlatProgram, Step
from ..arithmetic import Array
from ..values import Rule, Run, Value, joined

Mover = Callable[[Array, int], Array]  # an array and the number of its leading axes


def _moved(value: Value, mover: Mover) -> Value:
    bounds = value.bounds.map(lambda array: mover(array, 1))
    slopes = None if value.slopes is None else value.slopes.map(lambda array: mover(array, 2))
    return Value(bounds, slopes)


def _moves(make: Callable[[Step], Mover]) -> Rule:
    def rule(run: Run, program: FlatProgram, step: Step, value: Value) -> Value:
        return _moved(value, make(step))

    return rule


def _unchanged(run: Run, program: FlatProgram, step: Step, *values: Value) -> list[Value]:
    return list(values)


def _same(run: Run, program: FlatProgram, step: Step, value: Value) -> Value:
    return value


def _reshape(step: Step) -> Mover:
    if step.params.get("dimensions") is not None:
        raise NoIntervalRule("reshape with permuted dimensions")
    shape = step.shapes[0]
    return lambda array, lead: array.reshape(array.shape[:lead] + shape)


def _squeeze(step: Step) -> Mover:
    shape = step.shapes[0]
    return lambda array, lead: array.reshape(array.shape[:lead] + shape)


def _broadcast(step: Step) -> Mover:
    shape, placed = step.shapes[0], step.params["broadcast_dimensions"]

    def mover(array: Array, lead: int) -> Array:
        here = dict(zip(placed, array.shape[lead:], strict=True))
        spread = array.reshape(
            array.shape[:lead] + tuple(here.get(axis, 1) for axis in range(len(shape)))
        )
        return np.broadcast_to(spread, array.shape[:lead] + shape)

    return mover


def _transpose(step: Step) -> Mover:
    order = step.params["permutation"]
    return lambda array, lead: array.transpose(*range(lead), *(axis + lead for axis in order))


def _slice(step: Step) -> Mover:
    params = step.params
    strides = params["strides"] or (1,) * len(params["start_indices"])
    window = tuple(map(slice, params["start_indices"], params["limit_indices"], strides))
    return lambda array, lead: array[(slice(None),) * lead + window]


def _reverse(step: Step) -> Mover:
    return lambda array, lead: np.flip(
        array, axis=tuple(axis + lead for axis in step.params["dimensions"])
    )


def _split(run: Run, program: FlatProgram, step: Step, value: Value) -> list[Value]:
    axis, sizes = step.params["axis"], [int(size) for size in step.params["sizes"]]

    def piece(start: int, stop: int) -> Mover:
        return lambda array, lead: array[(slice(None),) * (lead + axis) + (slice(start, stop),)]

    return [
        _moved(value, piece(stop - size, stop))
        for size, stop in zip(sizes, accumulate(sizes), strict=True)
    ]


def _concatenate(run: Run, program: FlatProgram, step: Step, *values: Value) -> Value:
    axis = step.params["dimension"]
    return joined(values, lambda parts, lead: np.concatenate(parts, axis=axis + lead))


def _stack(run: Run, program: FlatProgram, step: Step, *values: Value) -> Value:
    axis = step.params.get("axis", 0)
    return joined(values, lambda parts, lead: np.stack(parts, axis=axis + lead))


RULES: dict[str, Rule] = {
    "reshape": _moves(_reshape),
    "squeeze": _moves(_squeeze),
    "broadcast_in_dim": _moves(_broadcast),
    "transpose": _moves(_transpose),
    "slice": _moves(_slice),
    "rev": _moves(_reverse),
    "split": _split,
    "concatenate": _concatenate,
    "stack": _stack,
    "copy": _same,
    "stop_gradient": _same,
    "name": _same,
    "device_put": _unchanged,
    "sharding_constraint": _same,
    "optimization_barrier": _unchanged,
}
