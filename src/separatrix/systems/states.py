"""Checks of states that users give: an array, with one column for each unit."""

from typing import Any

import numpy as np

from .._records import Record
from .._types import InvalidInputError
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
