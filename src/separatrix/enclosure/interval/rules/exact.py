"""Integers, truth values and captured low-precision weights: computed exactly, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...._double import double_precision
from ..arithmetic import Array, Interval, point
from ..errors import ComputesInFloat32, NoIntervalRule
from ..program import Program, Step
from ..values import Rule, Run, Value, aligned, doubts


def decided(run: Run, step: Step, value: Value) -> Interval:
    """Return integers or truth values as points: boxes in which they are undecided are refused."""
    if value.bounds.exact:
        return value.bounds
    undecided = value.bounds.lower != value.bounds.upper
    run.refuse(
        undecided,
        f"not shown to be continuous: {step.name} of what is undecided within the box",
    )
    return point(value.bounds.lower)


def by_jax(run: Run, program: Program, step: Step, *values: Value) -> list[Value]:
    """Let JAX compute integers or truth values from exactly known arrays."""
    arrays = []
    for value, dtype in zip(values, step.input_dtypes, strict=True):
        if dtype.kind not in "iub" and not value.bounds.exact:
            raise NoIntervalRule(step.name)
        arrays.append(decided(run, step, value).lower)
    first, which = distinct(arrays)
    # Boxes share their integers, mostly, and one call for all would be compiled for their number.
    rows = [_bound(step, [array[min(row, len(array) - 1)] for array in arrays]) for row in first]
    return [Value(point(np.stack(results)[which])) for results in zip(*rows, strict=True)]


def _bound(step: Step, arrays: list[Array]) -> list[Array]:
    with double_precision(), jax.ensure_compile_time_eval():
        arguments = [
            jnp.asarray(array, dtype)
            for array, dtype in zip(arrays, step.input_dtypes, strict=True)
        ]
        results = step.primitive.bind(*arguments, **step.params)
    return [np.asarray(r) for r in (results if step.primitive.multiple_results else [results])]


def distinct(arrays: list[Array]) -> tuple[Array, Array]:
    """Return boxes in which arrays (box, …) are all that they are in any, and who equals whom.

    Arrays may have a single box, that stands for all.
    """
    boxes = max((len(array) for array in arrays), default=1)
    varying = [array.reshape(boxes, -1) for array in arrays if len(array) == boxes and array.size]
    if boxes == 1 or not varying:
        return np.zeros(1, int), np.zeros(1, int)
    # Not as numbers of one type: 2⁵³ + 1 is none in float64.
    rows = np.hstack([np.ascontiguousarray(array).view(np.uint8) for array in varying])
    _, first, which = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first, which.reshape(-1)


def _increasing(function: Callable[..., Any]) -> Rule:
    """Apply what increases in each operand to the bounds of integers, if that overflows nowhere."""

    def rule(run: Run, program: Program, step: Step, *values: Value) -> Value | list[Value]:
        bounds = [value.bounds for value in aligned(*values)]
        if not all(b.exact for b in bounds):
            ends = [[np.abs(end.astype(float)) for end in (b.lower, b.upper)] for b in bounds]
            reach = sum(np.maximum(*pair) for pair in ends)
            if np.all(reach < np.iinfo(step.dtypes[0]).max):
                lower, upper = ([getattr(b, name) for b in bounds] for name in ("lower", "upper"))
                results = (np.asarray(function(*end)) for end in (lower, upper))
                return Value(Interval(*(r.astype(step.dtypes[0]) for r in results)))
        return _integers(function)(run, program, step, *values)

    return rule


def _integers(function: Callable[..., Any]) -> Rule:
    def rule(run: Run, program: Program, step: Step, *values: Value) -> Value:
        arrays = [decided(run, step, value).lower for value in aligned(*values)]
        return Value(point(np.asarray(function(*arrays)).astype(step.dtypes[0])))

    return rule


def _convert(run: Run, program: Program, step: Step, value: Value) -> Value:
    """To an integer: truncation, which is a jump wherever the two ends differ.

    Bounds alone may be those of several integers.
    """
    bounds, dtype = value.bounds, np.dtype(step.dtypes[0])
    inside = np.ones(bounds.shape, bool)
    if dtype.kind in "iu":
        kept = np.iinfo(dtype)
        if bounds.lower.dtype.kind == "f":
            # Beyond the integers of the type XLA keeps to their ends, and NumPy wraps around.
            inside = (bounds.lower > kept.min) & (bounds.upper < kept.max) & ~doubts(value)
        elif (
            bounds.lower.dtype.kind != "b" and not bounds.exact
        ):  # Both wrap around: the ends do not bound what lies between.
            inside = (bounds.lower >= kept.min) & (bounds.upper <= kept.max)
    moved = bounds.map(lambda array: np.where(inside, array, 0).astype(dtype))
    undecided = ~inside | (moved.lower != moved.upper)
    if np.any(undecided):
        run.refuse(
            undecided if run.differentiate else ~inside,
            "not shown to be continuous: a value is turned into an integer within the box",
        )
        return Value(moved)
    return Value(point(moved.lower))


def _iota(run: Run, program: Program, step: Step) -> Value:
    return Value(point(iota(step)[None]))


def iota(step: Step) -> Array:
    """Count along one axis."""
    shape, dimension = step.shapes[0], step.params["dimension"]
    ramp = np.arange(shape[dimension]).reshape(
        [-1 if axis == dimension else 1 for axis in range(len(shape))]
    )
    return np.broadcast_to(ramp, shape).astype(step.dtypes[0])


def _subtract(
    run: Run, program: Program, step: Step, first: Value, second: Value
) -> Value | list[Value]:
    """Add what is turned round, where the type has a sign."""
    if (first.bounds.exact and second.bounds.exact) or step.dtypes[0].kind != "i":
        return _integers(np.subtract)(run, program, step, first, second)
    bounds = second.bounds
    turned = Interval(-bounds.upper.astype(np.int64), -bounds.lower.astype(np.int64))
    return _increasing(np.add)(run, program, step, first, Value(turned))


INTEGER_RULES: dict[str, Rule] = {
    "add": _increasing(np.add),
    "sub": _subtract,
    "mul": _integers(np.multiply),
    "neg": _integers(np.negative),
    "max": _increasing(np.maximum),
    "min": _increasing(np.minimum),
    "clamp": _increasing(lambda least, x, most: np.minimum(np.maximum(x, least), most)),
    "convert_element_type": _convert,
    "iota": _iota,
}


def is_low_precision(dtype: np.dtype[Any]) -> bool:
    """Whether a type is floating with less precision than float64."""
    return bool(jnp.issubdtype(dtype, jnp.floating)) and dtype.itemsize < 8


def _as_list(results: Value | list[Value]) -> list[Value]:
    return results if isinstance(results, list) else [results]


_WITHOUT_ROUNDING: dict[str, Callable[..., Array]] = {
    "neg": np.negative,
    "abs": np.abs,
    "max": np.maximum,
    "min": np.minimum,
    "sign": np.sign,
    "mul": np.multiply,
    "add": np.add,
    "sub": np.subtract,
}


def low_precision(
    run: Run, program: Program, step: Step, values: list[Value], moves: Mapping[str, Rule]
) -> Value:
    """Compute with captured float32 weights as long as nothing is rounded; refuse the rest."""
    refusal = ComputesInFloat32(step.name, str(step.dtypes[0]))
    if len(step.dtypes) != 1:
        raise refusal
    if step.name in moves and not all(value.bounds.exact for value in values):
        (result,) = _as_list(moves[step.name](run, program, step, *values))
        return result  # one of several known numbers is as little rounded as each of them
    values = [
        Value(decided(run, step, value)) if dtype.kind in "iub" else value
        for value, dtype in zip(values, step.input_dtypes, strict=True)
    ]
    if not all(value.bounds.exact for value in values):
        raise refusal
    if (
        step.name == "convert_element_type"
    ):  # correctly rounded, by definition, so still a known number
        array = values[0].bounds.lower.astype(step.dtypes[0]).astype(np.float64)
        return Value(point(array))
    if step.name == "iota":
        array = iota(step).astype(np.float64)[None]
    elif step.name in _WITHOUT_ROUNDING:
        array = _without_rounding(step.name, *(value.bounds.lower for value in aligned(*values)))
    elif step.name in moves:
        (result,) = _as_list(moves[step.name](run, program, step, *values))
        array = result.bounds.lower
    else:
        raise refusal
    if not np.array_equal(array.astype(step.dtypes[0]).astype(np.float64), array, equal_nan=True):
        raise refusal
    return Value(point(array))


def _without_rounding(name: str, *operands: Array) -> Array:
    """Compute in float64 where that is exact; elsewhere return what no float32 can be.

    A product of two float32 numbers fits into float64; the rounding error of a sum is found by
    Knuth's two-sum.
    """
    result = _WITHOUT_ROUNDING[name](*operands)
    if name in ("add", "sub"):
        a, b = operands[0], operands[1] if name == "add" else -operands[1]
        rest = result - a
        error = (a - (result - rest)) + (b - rest)
        result = np.where(error == 0, result, 2.0**-300)
    return result
