"""Operations that only move values: the same for bounds, slopes, integers and every precision."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import jax
import jax.numpy as jnp
import numpy as np

from ..arithmetic import Array, Interval, point
from ..errors import NoIntervalRule
from ..program import Program, Step
from ..values import Rule, Run, Value, count_inputs, zero_slopes
from .exact import decided, distinct

Mover = Callable[[Array, int], Array]  # an array and the number of its leading axes


def _moved(value: Value, mover: Mover) -> Value:
    bounds = value.bounds.map(lambda array: mover(array, 1))
    slopes = None if value.slopes is None else value.slopes.map(lambda array: mover(array, 2))
    return Value(bounds, slopes)


def _moves(make: Callable[[Step], Mover]) -> Rule:
    def rule(run: Run, program: Program, step: Step, value: Value) -> Value:
        return _moved(value, make(step))

    return rule


def _unchanged(run: Run, program: Program, step: Step, *values: Value) -> list[Value]:
    return list(values)


def _same(run: Run, program: Program, step: Step, value: Value) -> Value:
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


def _split(run: Run, program: Program, step: Step, value: Value) -> list[Value]:
    axis, sizes = step.params["axis"], [int(size) for size in step.params["sizes"]]

    def piece(start: int, stop: int) -> Mover:
        return lambda array, lead: array[(slice(None),) * (lead + axis) + (slice(start, stop),)]

    return [
        _moved(value, piece(stop - size, stop))
        for size, stop in zip(sizes, accumulate(sizes), strict=True)
    ]


def _dynamic_slice(
    run: Run, program: Program, step: Step, value: Value, *starts: Value
) -> Value | list[Value]:
    """Cut a window at indices, which JAX clamps into the array."""
    if any(not start.bounds.exact or start.bounds.shape[0] != 1 for start in starts):
        return _first(run, program, step, value, *starts)
    sizes, window = step.params["slice_sizes"], []  # the same in all boxes: JAX is not asked
    for start, size, length in zip(starts, sizes, value.bounds.shape[1:], strict=True):
        first = int(np.clip(start.bounds.lower[0], 0, length - size))
        window.append(slice(first, first + size))
    return _moved(value, lambda array, lead: array[(slice(None),) * lead + tuple(window)])


def _concatenate(run: Run, program: Program, step: Step, *values: Value) -> Value:
    axis = step.params["dimension"]
    return joined(values, lambda parts, lead: np.concatenate(parts, axis=axis + lead))


def _stack(run: Run, program: Program, step: Step, *values: Value) -> Value:
    axis = step.params.get("axis", 0)
    return joined(values, lambda parts, lead: np.stack(parts, axis=axis + lead))


def joined(values: tuple[Value, ...], join: Callable[[list[Array], int], Array]) -> Value:
    """Put several values together, those without slopes having slopes of zero."""

    def together(parts: list[Interval], lead: int) -> Interval:
        boxes = max(part.shape[0] for part in parts)

        def end(arrays: list[Array]) -> Array:
            return join(
                [np.broadcast_to(array, (boxes, *array.shape[1:])) for array in arrays], lead
            )

        lower = end([part.lower for part in parts])
        exact = all(part.exact for part in parts)
        return Interval(lower, lower if exact else end([part.upper for part in parts]))

    bounds = together([value.bounds for value in values], 1)
    inputs = count_inputs(*values)
    if inputs is None:
        return Value(bounds)
    return Value(
        bounds, together([value.slopes or zero_slopes(value, inputs) for value in values], 2)
    )


def _by_positions(movable: Callable[[int], tuple[int, ...]]) -> Rule:
    """Find out what an operation moves where by having JAX move the positions themselves.

    ``movable`` tells which operands hold values, given their number; the others are indices, which
    must be decided within each box.
    """

    def rule(run: Run, program: Program, step: Step, *values: Value) -> Value:
        places = movable(len(values))
        chosen = tuple(values[place] for place in places)
        tables, which = _tables(run, program, step, values, places)
        beyond = sum(value.bounds.lower[0].size for value in chosen)
        fill = _fill(step, chosen[0].bounds.lower.dtype, bool(np.any(tables == beyond)))

        def join(parts: list[Array], lead: int) -> Array:
            flat = [part.reshape((*part.shape[:lead], -1)) for part in parts]
            return _picked(np.concatenate(flat, axis=-1), tables, which)

        return joined((*chosen, fill), join)

    return rule


def _picked(flat: Array, tables: Array, which: Array) -> Array:
    """Pick from arrays (box, …, place) the places that each box's table (*shape) tells."""
    if len(which) == 1:  # the same in all boxes
        return flat[..., tables[0]]
    flat = np.broadcast_to(flat, (len(which), *flat.shape[1:]))
    return np.stack([box[..., tables[table]] for box, table in zip(flat, which, strict=True)])


def _tables(
    run: Run, program: Program, step: Step, values: tuple[Value, ...], places: tuple[int, ...]
) -> tuple[Array, Array]:
    """Return the distinct tables of positions (table, *shape), and which one is each box's."""
    indices = [
        None if place in places else decided(run, step, value).lower
        for place, value in enumerate(values)
    ]
    first, which = distinct([index for index in indices if index is not None])
    tables = []
    for row in first:
        known = [None if i is None else i[min(row, len(i) - 1)] for i in indices]
        tables.append(_positions(program, step, values, known))
    return np.stack(tables), which


def _fill(step: Step, dtype: np.dtype, used: bool) -> Value:
    """Return what stands for a place outside the array: what the operation fills it with."""
    given = step.params.get("fill_value")
    if given is not None:
        return Value(point(np.full(1, given, dtype)))
    if dtype.kind == "f":  # NaN, so nothing is known
        return Value(point(np.full(1, np.nan)))
    if used:
        raise NoIntervalRule(f"{step.name} of {dtype} outside the array")
    return Value(point(np.zeros(1, dtype)))


def _positions(
    program: Program, step: Step, values: tuple[Value, ...], known: list[Array | None]
) -> Array:
    """Return what is moved where, with the indices `known`, None in place of what is moved."""
    given = tuple(None if index is None else index.tobytes() for index in known)
    key = ("positions", step.outputs, given)
    if key in program.notes:
        cached: Array = program.notes[key]
        return cached
    count = 0
    with jax.enable_x64(True), jax.ensure_compile_time_eval():
        operands = []
        for value, index, dtype in zip(values, known, step.input_dtypes, strict=True):
            if index is not None:
                operands.append(jnp.asarray(index, dtype))
                continue
            shape = value.bounds.shape[1:]
            size = int(np.prod(shape))
            operands.append(jnp.arange(count, count + size, dtype=jnp.float64).reshape(shape))
            count += size
        params = step.params
        if params.get("fill_value") is not None:  # NaN marks what is filled
            params = {**params, "fill_value": np.nan}
        try:
            moved = np.asarray(step.primitive.bind(*operands, **params))
        except (TypeError, ValueError) as error:  # a mode that only works for another type
            raise NoIntervalRule(step.name) from error
    table = np.where(np.isnan(moved), count, moved).astype(np.intp)
    program.notes[key] = table
    return table


_first = _by_positions(lambda count: (0,))
_first_two = _by_positions(lambda count: (0, 1))
_first_and_last = _by_positions(lambda count: (0, 2))

RULES: dict[str, Rule] = {
    "reshape": _moves(_reshape),
    "squeeze": _moves(_squeeze),
    "broadcast_in_dim": _moves(_broadcast),
    "transpose": _moves(_transpose),
    "slice": _moves(_slice),
    "rev": _moves(_reverse),
    "split": _split,
    "dynamic_slice": _dynamic_slice,
    "concatenate": _concatenate,
    "stack": _stack,
    "pad": _first_two,
    "gather": _first,
    "tile": _first,
    "dynamic_update_slice": _first_two,
    "scatter": _first_and_last,
    "copy": _same,
    "stop_gradient": _same,
    "name": _same,
    "device_put": _unchanged,
    "sharding_constraint": _same,
    "optimization_barrier": _unchanged,
}
