"""Checks of the arrays of models, and the system with its input frozen in."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np

from .._types import InvalidInputError, is_traced, real_array, require_finite
from ..systems import DiscreteMap, Flow

System = TypeVar("System", DiscreteMap, Flow)


def checked(model: str, **given: tuple[Any, str]) -> list[Any]:
    """Return arrays in float64, whose axes are as written, such as `A=(A, "state unit unit")`.

    One word is one length throughout. An axis "unit?" may be missing: one number for all. Tracers
    pass as they are, so that a number may be the parameter of a continuation. Raises
    InvalidInputError, with the names, for other shapes and for values that are not finite.
    """
    lengths: dict[str, int] = {}
    found = []
    for name, (value, axes) in given.items():
        if value is None:
            raise InvalidInputError(f"{name} of {model} is missing: give an array ({axes}).")
        if is_traced(value):
            array: Any = jnp.asarray(value)
        else:
            value = value.toarray() if hasattr(value, "toarray") else value  # a sparse matrix
            array = real_array(value, f"{name} of {model}")
            require_finite(array, f"{name} of {model}")
        _check_shape(f"{name} of {model}", array.shape, axes.split(), lengths)
        found.append(array)
    return found


def _check_shape(name: str, shape: tuple[int, ...], axes: list[str], lengths: dict) -> None:
    if len(axes) == 1 and axes[0].endswith("?") and shape == ():
        return
    axes = [axis.removesuffix("?") for axis in axes]
    fits = len(shape) == len(axes) and all(
        lengths.setdefault(axis, length) == length for axis, length in zip(axes, shape, strict=True)
    )
    if not fits or 0 in shape:
        known = [f"{axis} = {lengths[axis]}" for axis in dict.fromkeys(axes) if axis in lengths]
        known_axes = f" with {', '.join(known)}" if known and len(shape) == len(axes) else ""
        raise InvalidInputError(
            f"{name} must have shape ({', '.join(axes)}){known_axes}, got {shape}. Transpose or "
            "reshape it, or correct the array whose shape sets the length."
        )


def with_input(
    kind: type[System],
    function: Callable[[Any, Any], Any],
    size: int,
    time: float,
    model: str,
    input_weights: Any,
    input: Any,
    rows: int | None = None,
) -> System:
    """Return the system of `function(state, drive)`, where the drive is weights times input.

    Without input weights `(rows, channel)` there is no input, and the drive is 0; there are as many
    rows as variables, unless `rows` is given. With them the input is frozen in; None is zeros.
    """
    weights, input = checked_input(model, input_weights, input, size if rows is None else rows)
    if weights is None:
        return kind(lambda state: function(state, 0.0), size, time)
    return kind(lambda state, u: function(state, weights @ u), size, time, input=input)


def checked_input(model: str, input_weights: Any, input: Any, rows: int) -> tuple[Any, Any]:
    """Return input weights `(rows, channel)` and an input `(channel,)`; both None without."""
    if input_weights is None:
        if input is not None:
            raise InvalidInputError(
                f"an input of {model} needs input_weights ({rows}, channel), got none. Give them, "
                "or leave the input out."
            )
        return None, None
    (weights,) = checked(model, input_weights=(input_weights, "row channel"))
    if len(weights) != rows:
        raise InvalidInputError(
            f"input_weights of {model} must have shape ({rows}, channel), got {weights.shape}."
        )
    input = np.zeros(weights.shape[1]) if input is None else input
    weights, input = checked(
        model, input_weights=(weights, "row channel"), input=(input, "channel")
    )
    return weights, input
