"""Operations that are linear: they act on constants and coefficients alike."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from ...enclosure.jaxprs import sets_values
from .affine import Affine, AnyArray, Array, GateTable, Step, UnrecognizedError, Value, as_affine

Rule = Callable[..., Any]
Axes = Any  # JAX writes axes as Python or as NumPy integers


def _mapped(a: Value, function: Callable[[AnyArray], AnyArray]) -> Value:
    """Apply a rearrangement of leading axes to whatever kind of value this is."""
    if isinstance(a, Step):
        return Step(_mapped(a.quantity, function), function(a.above), function(a.below))
    if isinstance(a, Affine):
        return a.map(lambda v: np.asarray(function(v)), function)
    return np.asarray(function(np.asarray(a)))


def _reshape(table: GateTable, a: Value, *, new_sizes: Axes, **_: Any) -> Value:
    rank = len(a.shape)
    return _mapped(a, lambda v: v.reshape((*new_sizes, *v.shape[rank:])))


def _squeeze(table: GateTable, a: Value, *, dimensions: Axes) -> Value:
    return _mapped(a, lambda v: v.squeeze(dimensions))


def _expand_dims(table: GateTable, a: Value, *, dimensions: Axes) -> Value:
    kept = [size for axis, size in enumerate(a.shape) if axis not in dimensions]
    return _reshape(table, a, new_sizes=tuple(kept))


def _broadcast_in_dim(
    table: GateTable,
    a: Value,
    *,
    shape: Axes,
    broadcast_dimensions: Axes,
    **_: Any,
) -> Value:
    middle = [1] * len(shape)
    for axis, size in zip(broadcast_dimensions, a.shape, strict=True):
        middle[axis] = size
    rank = len(a.shape)

    def spread(v: AnyArray) -> AnyArray:
        tail = v.shape[rank:]
        return np.broadcast_to(v.reshape((*middle, *tail)), (*shape, *tail))

    return _mapped(a, spread)


def _transpose(table: GateTable, a: Value, *, permutation: Axes) -> Value:
    rank = len(a.shape)
    return _mapped(a, lambda v: v.transpose(*permutation, *range(rank, v.ndim)))


def _rev(table: GateTable, a: Value, *, dimensions: Axes) -> Value:
    return _mapped(a, lambda v: np.flip(v, dimensions))


def _slice(
    table: GateTable,
    a: Value,
    *,
    start_indices: Axes,
    limit_indices: Axes,
    strides: Axes,
) -> Value:
    steps = strides or (1,) * len(start_indices)
    cut = tuple(map(slice, start_indices, limit_indices, steps))
    return _mapped(a, lambda v: v[cut])


def _split(table: GateTable, a: Value, *, sizes: Axes, axis: Axes) -> list[Value]:
    stops = np.cumsum(sizes)
    return [_take_range(a, axis, int(b - n), int(b)) for n, b in zip(sizes, stops, strict=True)]


def _take_range(a: Value, axis: Axes, start: int, stop: int) -> Value:
    cut = (slice(None),) * axis + (slice(start, stop),)
    return _mapped(a, lambda v: v[cut])


def _concatenate(table: GateTable, *parts: Value, dimension: Axes) -> Affine:
    pieces = [as_affine(part, table.width) for part in parts]
    width = max(piece.coefficients.shape[-1] for piece in pieces)
    return Affine(
        np.concatenate([piece.widened(width) for piece in pieces], axis=dimension),
        np.concatenate([piece.constant for piece in pieces], axis=dimension),
    )


def _stack(table: GateTable, *parts: Value, axis: Axes) -> Affine:
    lifted = [
        _reshape(table, part, new_sizes=(*part.shape[:axis], 1, *part.shape[axis:]))
        for part in parts
    ]
    return _concatenate(table, *lifted, dimension=axis)


def _reduce_sum(table: GateTable, a: Affine, *, axes: Axes, **_: Any) -> Affine:
    return a.map(lambda v: np.asarray(v.sum(axis=axes)), lambda v: np.asarray(v.sum(axis=axes)))


def _cumsum(table: GateTable, a: Affine, *, axis: Axes, reverse: bool) -> Affine:
    def running(v: Array) -> Array:
        return np.flip(np.flip(v, axis).cumsum(axis), axis) if reverse else v.cumsum(axis)

    return a.map(running, running)


def _dot_general(
    table: GateTable, a: Value, b: Value, *, dimension_numbers: Any, **_: Any
) -> Affine:
    if isinstance(a, Affine) and isinstance(b, Affine):
        raise UnrecognizedError("it multiplies two values that both depend on the state")
    for side in (a, b):
        if isinstance(side, Step):
            raise UnrecognizedError("a comparison of the state enters a product: it jumps")
    left, right, out = _einsum_axes(len(a.shape), len(b.shape), dimension_numbers)
    if isinstance(a, Affine):
        other = np.asarray(b, dtype=np.float64)
        coefficients = np.einsum(f"{left}Z,{right}->{out}Z", a.coefficients, other, optimize=True)
        constant = np.einsum(f"{left},{right}->{out}", a.constant, other)
    else:
        other = np.asarray(a, dtype=np.float64)
        coefficients = np.einsum(f"{left},{right}Z->{out}Z", other, b.coefficients, optimize=True)
        constant = np.einsum(f"{left},{right}->{out}", other, b.constant)
    return Affine(coefficients, np.asarray(constant))


def _einsum_axes(rank_a: int, rank_b: int, dimension_numbers: Any) -> tuple[str, str, str]:
    """Write a dot_general as an einsum: batch axes first, then the free axes of each side."""
    (contract_a, contract_b), (batch_a, batch_b) = dimension_numbers
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    left, right = [""] * rank_a, [""] * rank_b
    for axes_a, axes_b in ((batch_a, batch_b), (contract_a, contract_b)):
        for i, j in zip(axes_a, axes_b, strict=True):
            left[i] = right[j] = next(letters)
    free_a = [i for i, letter in enumerate(left) if not letter]
    free_b = [i for i, letter in enumerate(right) if not letter]
    for side, free in ((left, free_a), (right, free_b)):
        for i in free:
            side[i] = next(letters)
    out = [left[i] for i in batch_a] + [left[i] for i in free_a] + [right[j] for j in free_b]
    return "".join(left), "".join(right), "".join(out)


def apply_linearly(primitive: Any, linear: tuple[int, ...], params: Mapping[str, Any]) -> Rule:
    """Return a rule for an operation that is linear, jointly, in the operands numbered ``linear``.

    The operation itself is applied to the constants and, mapped over the last axis, to the
    coefficients; the other operands (indices) must not depend on the state.
    """

    def rule(table: GateTable, *operands: Value, **_: Any) -> Affine:
        if primitive.name == "scatter" and not sets_values(params):
            raise UnrecognizedError("it applies a function to entries at an index")
        for position, operand in enumerate(operands):
            if position not in linear and isinstance(operand, (Affine, Step)):
                raise UnrecognizedError(f"an index of {primitive} depends on the state")
        width = table.width
        moved = [as_affine(operands[i], width) for i in linear]

        def column(params: Mapping[str, Any], *values: Any) -> Any:
            full = list(operands)
            for position, value in zip(linear, values, strict=True):
                full[position] = value
            return primitive.bind(*full, **params)

        constant = column(params, *[value.constant for value in moved])
        widened = [value.widened(width) for value in moved]
        # What is filled in beside the array is a constant.
        filled = params.get("fill_value") is not None
        linearly = {**params, "fill_value": 0.0} if filled else params
        of_one = functools.partial(column, linearly)
        rows = jax.vmap(of_one, in_axes=-1, out_axes=-1)(*widened)
        return Affine(np.asarray(rows), np.asarray(constant))

    return rule


# Primitives that are linear in the operands numbered here, with the rest constant.
JOINTLY_LINEAR: dict[str, tuple[int, ...]] = {
    "gather": (0,),
    "dynamic_slice": (0,),
    "dynamic_update_slice": (0, 1),
    "scatter": (0, 2),
    "scatter-add": (0, 2),
    "pad": (0, 1),
    "conv_general_dilated": (0,),
}

LINEAR_RULES: dict[str, Rule] = {
    "reduce_sum": _reduce_sum,
    "cumsum": _cumsum,
    "reshape": _reshape,
    "squeeze": _squeeze,
    "expand_dims": _expand_dims,
    "broadcast_in_dim": _broadcast_in_dim,
    "transpose": _transpose,
    "rev": _rev,
    "slice": _slice,
    "split": _split,
    "concatenate": _concatenate,
    "stack": _stack,
    "dot_general": _dot_general,
}

# Rearrangements serve constants as well, without compiling anything.
REARRANGEMENTS = frozenset(
    ("reshape", "squeeze", "expand_dims", "broadcast_in_dim", "transpose", "rev", "slice", "split")
)
