"""Operations that move values to or from places that indices tell.

Where an index is undecided within a box, the result lies in the hull of what each of its values
gives, as long as these are few. Such a result may jump: there are no slopes of it.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from ...._double import double_precision
from ...jaxprs import sets_values
from ..arithmetic import Array, Interval, hull, point
from ..errors import NoIntervalRule
from ..program import Program, Step
from ..values import Rule, Run, Value, doubts
from .exact import decided, distinct
from .joining import joined

_FEW = 64  # values of an undecided index that are tried one by one
_MANY = f"an index that depends on the state may have more than {_FEW} values within the box"


def _by_positions(movable: Callable[[int], tuple[int, ...]], apart: bool = False) -> Rule:
    """Find out what an operation moves where by having JAX move the positions themselves.

    ``movable`` tells which operands hold values, given their number; the others are indices. With
    ``apart`` each row of these, along the last axis, says where its part of the result is from.
    """

    def rule(run: Run, program: Program, step: Step, *values: Value) -> Value:
        places = movable(len(values))
        given = [value.bounds for place, value in enumerate(values) if place not in places]
        if run.differentiate or all(bounds.exact for bounds in given):
            return _moved(run, program, step, values, places)
        result: Value | None = None
        for indices in _possible(run, given, apart):
            left = iter(indices)
            exact = [
                value if place in places else Value(point(next(left)))
                for place, value in enumerate(values)
            ]
            moved = _moved(run, program, step, tuple(exact), places)
            result = moved if result is None else _either(result, moved)
        assert result is not None  # an index has a value
        return result

    return rule


def _either(first: Value, second: Value) -> Value:
    """Return what may be one value or the other; without slopes."""
    bounds = hull(first.bounds, second.bounds)
    if first.doubt is None and second.doubt is None:
        return Value(bounds)
    return Value(bounds, None, doubts(first) | doubts(second))


def _possible(run: Run, given: list[Interval], apart: bool) -> list[list[Array]]:
    """Return every combination of the values of integers; boxes with too many are refused.

    Elements of one group are raised from their least values together, each up to its largest.
    """
    boxes = max(len(bounds.lower) for bounds in given)
    flat = [np.broadcast_to(b.lower, (boxes, *b.shape[1:])).reshape(boxes, -1) for b in given]
    lower = np.concatenate([part.astype(np.int64) for part in flat], axis=1)
    flat = [np.broadcast_to(b.upper, (boxes, *b.shape[1:])).reshape(boxes, -1) for b in given]
    upper = np.concatenate([part.astype(np.int64) for part in flat], axis=1)
    groups = np.arange(lower.shape[1])
    if apart:
        (indices,) = given
        groups = groups % indices.shape[-1]
    widths = np.zeros((boxes, groups.max(initial=-1) + 1))
    np.maximum.at(widths.T, groups, (upper - lower).T.astype(float))
    many = (widths + 1).prod(axis=1) > _FEW
    if (widths[~many].max(axis=0, initial=0) + 1).prod() > _FEW:
        many |= (widths > 0).any(axis=1)  # other indices in other boxes
    run.refuse(many[:, None], _MANY)
    upper[many] = lower[many]
    counts = (widths[~many].max(axis=0, initial=0) + 1).astype(int)
    ends = np.cumsum([part.shape[1] for part in flat])[:-1]
    return [
        [
            part.reshape(boxes, *bounds.shape[1:]).astype(bounds.lower.dtype)
            for part, bounds in zip(np.split(raised, ends, axis=1), given, strict=True)
        ]
        for shift in np.ndindex(*counts)
        for raised in [np.minimum(lower + np.array(shift, int)[groups], upper)]
    ]


def _moved(
    run: Run, program: Program, step: Step, values: tuple[Value, ...], places: tuple[int, ...]
) -> Value:
    """Move values to where indices tell that are, or have to be, decided within each box."""
    chosen = tuple(values[place] for place in places)
    tables, which = _tables(run, program, step, values, places)
    beyond = sum(value.bounds.lower[0].size for value in chosen)
    fill = _fill(step, chosen[0].bounds.lower.dtype, bool(np.any(tables == beyond)))

    def join(parts: list[Array], lead: int) -> Array:
        flat = [part.reshape((*part.shape[:lead], -1)) for part in parts]
        return _picked(np.concatenate(flat, axis=-1), tables, which)

    return joined((*chosen, fill), join)


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
    with double_precision(), jax.ensure_compile_time_eval():
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


def _dynamic_slice(run: Run, program: Program, step: Step, value: Value, *starts: Value) -> Value:
    """Cut a window; at indices that are the same in all boxes, which JAX clamps into the array."""
    if not all(start.bounds.exact and len(start.bounds.lower) == 1 for start in starts):
        result = _first(run, program, step, value, *starts)
        assert isinstance(result, Value)
        return result
    sizes, window = step.params["slice_sizes"], []
    for start, size, length in zip(starts, sizes, value.bounds.shape[1:], strict=True):
        first = int(np.clip(start.bounds.lower[0], 0, length - size))
        window.append(slice(first, first + size))

    def cut(array: Array, lead: int) -> Array:
        return array[(slice(None),) * lead + tuple(window)]

    slopes = None if value.slopes is None else value.slopes.map(lambda array: cut(array, 2))
    doubt = None if value.doubt is None else cut(value.doubt, 1)
    return Value(value.bounds.map(lambda array: cut(array, 1)), slopes, doubt)


_first: Rule = _by_positions(lambda count: (0,))
_first_two = _by_positions(lambda count: (0, 1))
_set: Rule = _by_positions(lambda count: (0, 2))


def _scatter(run: Run, program: Program, step: Step, *values: Value) -> Value | list[Value]:
    if not sets_values(step.params):
        raise NoIntervalRule("scatter_apply")
    return _set(run, program, step, *values)


RULES: dict[str, Rule] = {
    "pad": _first_two,
    "gather": _by_positions(lambda count: (0,), apart=True),
    "tile": _first,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _first_two,
    "scatter": _scatter,
}
