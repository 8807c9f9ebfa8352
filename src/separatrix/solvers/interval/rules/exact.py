"""Integers, truth values and captured low-precision weights: computed exactly, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..arithmetic import Array, point
from ..errors import ComputesInFloat32, NoIntervalRule
from ..program import Program, Step
from ..values import Rule, Run, Value, aligned


def by_jax(run: Run, program: Program, step: Step, *values: Value) -> list[Value]:
    """Let JAX compute integers or truth values from exactly known arrays."""
    if not all(value.bounds.exact and value.bounds.shape[0] == 1 for value in values):
        raise NoIntervalRule(step.name)
    with jax.enable_x64(True), jax.ensure_compile_time_eval():
        arguments = [
            jnp.asarray(value.bounds.lower[0], dtype)
            for value, dtype in zip(values, step.input_dtypes, strict=True)
        ]
        results = step.primitive.bind(*arguments, **step.params)
    results = results if step.primitive.multiple_results else [results]
    return [Value(point(np.asarray(result)[None])) for result in results]


def _integers(function: Callable[..., Any]) -> Rule:
    def rule(run: Run, program: Program, step: Step, *values: Value) -> Value:
        if not all(value.bounds.exact for value in values):
            raise NoIntervalRule(f"{step.name} on undecided integers")
        arrays = [value.bounds.lower for value in aligned(*values)]
        return Value(point(np.asarray(function(*arrays)).astype(step.dtypes[0])))

    return rule


def _convert(run: Run, program: Program, step: Step, value: Value) -> Value:
    """To an integer: truncation, which is a jump wherever the two ends differ."""
    bounds, dtype = value.bounds, np.dtype(step.dtypes[0])
    inside = np.isfinite(bounds.lower) & np.isfinite(bounds.upper)
    if bounds.lower.dtype.kind == "f" and dtype.kind in "iu":
        # Beyond the integers of the type XLA keeps to their ends, and NumPy wraps around.
        kept = np.iinfo(dtype)
        inside = (bounds.lower > kept.min) & (bounds.upper < kept.max)
    moved = bounds.map(lambda array: np.where(inside, array, 0).astype(dtype))
    undecided = ~inside | (moved.lower != moved.upper)
    if np.any(undecided):
        run.refuse(undecided, "not continuous: a value is turned into an integer within the box")
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


INTEGER_RULES: dict[str, Rule] = {
    "add": _integers(np.add),
    "sub": _integers(np.subtract),
    "mul": _integers(np.multiply),
    "neg": _integers(np.negative),
    "max": _integers(np.maximum),
    "min": _integers(np.minimum),
    "convert_element_type": _convert,
    "iota": _iota,
}


def is_low_precision(dtype: np.dtype[Any]) -> bool:
    """Whether a type is floating with less precision than float64."""
    return bool(jnp.issubdtype(dtype, jnp.floating)) and dtype.itemsize < 8


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
    if len(step.dtypes) != 1 or not all(value.bounds.exact for value in values):
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
        moved = moves[step.name](run, program, step, *values)
        (result,) = moved if isinstance(moved, list) else (moved,)
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
