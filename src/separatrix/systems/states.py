"""Checks of states and of inputs in time that users give."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .._records import Record
from .._types import InvalidInputError, real_array, require_finite
from .abstract import AbstractSystem


def require_array_of_states(system: AbstractSystem, value: Any, name: str) -> None:
    """Raise InvalidInputError for None, and for a record; the text says which part has states."""
    if value is not None and not isinstance(value, Record):
        return
    parts = [part for part in ("flat_states", "states") if hasattr(value, part)]
    remedy = f"its .{parts[0]}" if parts else "for example the .flat_states of sx.simulate(…)"
    raise InvalidInputError(
        f"{name} must be an array of states (…, {system.size}), got "
        f"{'None' if value is None else type(value).__name__}: give {remedy}."
    )


def require_width(system: AbstractSystem, states: np.ndarray, name: str) -> None:
    """Raise InvalidInputError unless states are `(…, unit)`; the text says how they could be."""
    if states.ndim and states.shape[-1] == system.size:
        return
    raise InvalidInputError(
        f"{name} must have shape (…, {system.size}), one column for each unit of the system, "
        f"got {states.shape}: {_remedy(system.size, states.shape)}."
    )


def _remedy(size: int, shape: tuple[int, ...]) -> str:
    """Suggest how an array of another shape may become states of so many units."""
    if size in shape:
        axis = shape.index(size)
        return f"if axis {axis} is that of the units, move it to the end with np.moveaxis"
    if size == 1 or (len(shape) == 1 and shape[0] % size == 0):
        return f"if it holds one state after the other, reshape it to (-1, {size})"
    return f"give states of this system, {size} numbers each"


def inputs_of(system: AbstractSystem, inputs: Any, count: int | None = None) -> np.ndarray | None:
    """Return inputs `(time, …)`, and `(state, time, …)` for a `count` of states.

    Then they may be given so, too. Raises InvalidInputError where they do not fit.
    """
    if inputs is None:
        return None
    if system.input is None:
        raise InvalidInputError(
            "the system takes no input, so it cannot be given inputs that vary in time. Build "
            "the system with an input, such as DiscreteMap(step, size, input=…)."
        )
    given, frozen = real_array(inputs, "inputs"), np.shape(system.input)
    axes = given.ndim - len(frozen)
    if axes not in ((1,) if count is None else (1, 2)) or given.shape[axes:] != frozen:
        shape = ", ".join(map(str, frozen))
        each = "" if count is None else f", or ({count}, time, {shape}), with inputs for each state"
        raise InvalidInputError(
            f"inputs must have shape (time, {shape}), the same for all states{each}. Each has the "
            f"shape of the input that was frozen in; got {given.shape}."
        )
    if axes == 2 and len(given) != count:
        raise InvalidInputError(
            f"inputs for {len(given)} states do not fit {count} of them: give inputs for each."
        )
    require_finite(given, "inputs")
    if not jnp.issubdtype(system.input.dtype, jnp.floating) and (given % 1 != 0).any():
        raise InvalidInputError(
            "inputs must be whole numbers, like the frozen input. Build the system "
            "with an input of floating point, such as input=np.zeros(3)."
        )
    if axes == 2 or count is None:
        return given
    return np.broadcast_to(given, (count, *given.shape))
