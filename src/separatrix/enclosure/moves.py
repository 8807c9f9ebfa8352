"""Operations that move values, or add them up, for all who carry values of their own.

A move is found out once for each step. It serves bounds, slopes, coefficients and truth values
alike: whatever stands behind some leading axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from .._double import double_precision
from .errors import NoIntervalRule
from .flat import Step
from .jaxprs import sets_values
from .operations import operation

Array = NDArray[Any]
Mover = Callable[[list[Array], int], Array]  # arrays and the number of their leading axes


class Move(NamedTuple):
    """Action of a step that only moves values.

    Attributes
    ----------
    places
        The operands that are moved; the others are positions.
    apply
        Moves the arrays of these operands, behind the given number of leading axes.
    fill
        What is filled in beside them, to be given as one operand more, with one element.
    """

    places: tuple[int, ...]
    apply: Mover
    fill: float | None = None


def move_of(step: Step, known: Sequence[Any]) -> Move | None:
    """Return what a step moves, by what is `known` of its operands.

    None if positions are not among the known operands.
    """
    places = operation(step.name).places
    if places:
        return _by_positions(step, places, known)
    return Move(tuple(range(len(step.inputs))), _MOVERS[step.name](step))


def _reshape(step: Step) -> Mover:
    if step.params.get("dimensions") is not None:
        raise NoIntervalRule("reshape with permuted dimensions")
    shape = step.shapes[0]
    return lambda arrays, lead: arrays[0].reshape(arrays[0].shape[:lead] + shape)


def _broadcast(step: Step) -> Mover:
    shape, placed = step.shapes[0], step.params["broadcast_dimensions"]

    def mover(arrays: list[Array], lead: int) -> Array:
        (array,) = arrays
        here = dict(zip(placed, array.shape[lead:], strict=True))
        axes = tuple(here.get(axis, 1) for axis in range(len(shape)))
        return np.broadcast_to(array.reshape(array.shape[:lead] + axes), array.shape[:lead] + shape)

    return mover


def _transpose(step: Step) -> Mover:
    order = step.params["permutation"]
    return lambda arrays, lead: arrays[0].transpose(*range(lead), *(axis + lead for axis in order))


def _slice(step: Step) -> Mover:
    params = step.params
    strides = params["strides"] or (1,) * len(params["start_indices"])
    window = tuple(map(slice, params["start_indices"], params["limit_indices"], strides))
    return lambda arrays, lead: arrays[0][(slice(None),) * lead + window]


def _reverse(step: Step) -> Mover:
    axes = step.params["dimensions"]
    return lambda arrays, lead: np.flip(arrays[0], axis=tuple(axis + lead for axis in axes))


def _joined(step: Step) -> Mover:
    axis = step.params["dimension"]
    return lambda arrays, lead: np.concatenate(arrays, axis=axis + lead)


def _by_positions(step: Step, places: tuple[int, ...], known: Sequence[Any]) -> Move | None:
    """Find out what an operation moves where by having JAX move the positions themselves."""
    if step.name == "scatter" and not sets_values(step.params):
        raise NoIntervalRule("scatter_apply")
    count, operands = 0, []
    with double_precision(), jax.ensure_compile_time_eval():
        for place, (array, dtype) in enumerate(zip(known, step.input_dtypes, strict=True)):
            if place in places:
                shape = step.input_shapes[place]
                size = int(np.prod(shape))
                operands.append(jnp.arange(count, count + size, dtype=jnp.float64).reshape(shape))
                count += size
            elif array is None:  # a position that depends on the argument
                return None
            else:
                operands.append(jnp.asarray(array, dtype))
        fill, params = step.params.get("fill_value"), step.params
        if fill is not None:  # NaN marks what is filled
            params = {**params, "fill_value": np.nan}
        moved = np.asarray(step.primitive.bind(*operands, **params))
    is_filled = np.isnan(moved)
    table = np.where(is_filled, count, moved).astype(np.intp)

    def take(arrays: list[Array], lead: int) -> Array:
        flat = [array.reshape((*array.shape[:lead], -1)) for array in arrays]
        return np.concatenate(flat, axis=-1)[..., table]

    if not is_filled.any():
        return Move(places, take)
    return Move(places, take, np.nan if fill is None else float(fill))


def matrix_of(step: Step, known: Sequence[Any]) -> Array | None:
    """Write an operation as a matrix of one operand, if the others are known.

    Every entry is a weight that is copied exactly, or 0.
    """
    (place,) = operation(step.name).places
    shape = step.input_shapes[place]
    size = int(np.prod(shape))
    others = [
        0.0 if step.name == "scatter-add" and k == 0 else array for k, array in enumerate(known)
    ]
    with double_precision(), jax.ensure_compile_time_eval():
        operands = [
            None if array is None else jnp.broadcast_to(jnp.asarray(array, dtype), shape)
            for array, dtype, shape in zip(
                others, step.input_dtypes, step.input_shapes, strict=True
            )
        ]
        operands[place] = jnp.zeros(shape)
        if any(operand is None for operand in operands):
            return None

        def of_one(value: jax.Array) -> jax.Array:
            given = [*operands[:place], value, *operands[place + 1 :]]
            result: jax.Array = step.primitive.bind(*given, **step.params)
            return result

        return np.asarray(jax.vmap(of_one)(jnp.eye(size).reshape(size, *shape))).reshape(size, -1)


_MOVERS: dict[str, Callable[[Step], Mover]] = {
    "reshape": _reshape,
    "broadcast_in_dim": _broadcast,
    "transpose": _transpose,
    "slice": _slice,
    "rev": _reverse,
    "concatenate": _joined,
}
