"""Checks of arguments that analyses share: real numbers, and states of the system."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from .._types import (
    InvalidInputError,
    first_line,
    real_array,
    require_finite,
    require_text,
)
from ..systems import AbstractSystem, require_array_of_states, require_width


def states_of(
    system: AbstractSystem, value: Any, name: str, *, least: int = 1
) -> Float[np.ndarray, "state unit"]:
    """Return states `(…, unit)` of a system as rows; raise InvalidInputError if they do not fit."""
    require_array_of_states(system, value, name)
    rows = real_array(value, name)
    require_width(system, rows, name)
    rows = rows.reshape(-1, system.size)
    if len(rows) < least:
        raise InvalidInputError(f"there are no {name}: give at least one state.")
    require_some_finite(rows, name)
    return rows


def require_some_finite(rows: Float[np.ndarray, "state unit"], name: str) -> None:
    """Raise InvalidInputError where there are states, and none of them is finite."""
    if len(rows) and not np.isfinite(rows).all(1).any():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(rows))[0])
        raise InvalidInputError(
            f"{name}: no state is finite, each of {len(rows)} holds NaN or infinity, the first at "
            f"{first}. Look at what made them: a NaN among weights or inputs spreads to all states."
        )


def axis_of(size: int, value: Any, name: str = "axis") -> Float[np.ndarray, " unit"]:
    """Return an axis of the state space; raise InvalidInputError for what names no direction."""
    axis = real_array(value, name)
    if axis.shape != (size,):
        raise InvalidInputError(
            f"{name} must have shape ({size},), one weight for each unit, got {axis.shape}: give "
            "for example the first row of the .components of activity.pca(…)."
        )
    require_finite(axis, name)
    if not axis.any():
        raise InvalidInputError(f"{name} is zero everywhere: it names no direction.")
    return axis


def labels_of(
    labels: Any, count: int, each: str = "trial"
) -> dict[str, Shaped[np.ndarray, " trial"]]:
    """Return a table of labels, a number or text for each trial; raise InvalidInputError else."""
    if labels is None:
        return {}
    is_table = isinstance(labels, Mapping) or hasattr(labels, "columns")  # pandas' too
    table = dict(labels) if is_table else {"label": labels}
    columns = {require_text(str(name), "a name in labels"): _column(table[name]) for name in table}
    for name, column in columns.items():
        if column.shape != (count,) or column.dtype.kind not in "biufU":
            raise InvalidInputError(
                f"labels must have one number or text for each of {count} {each}s, got "
                f"{name!r} of shape {column.shape} and type {column.dtype}."
            )
        if column.dtype.kind == "U":
            require_text("".join(column), f"labels[{name!r}]")
    return columns


def _column(labels: Any) -> np.ndarray:
    """Return labels as an array; texts that come as objects are texts."""
    try:
        column = np.asarray(labels)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"labels must be numbers or texts: {first_line(error)}.") from error
    texts = column.dtype.kind in "OT" and all(isinstance(one, str) for one in column.ravel())
    return column.astype(str) if texts or column.dtype.kind == "S" else column


def points_of(
    system: AbstractSystem, value: Any, name: str = "points", *, takes_one: bool = False
) -> Float[np.ndarray, "point unit"]:
    """Return points `(point, unit)` of a system; raise InvalidInputError where they do not fit.

    One point may be `(unit,)` where the analysis `takes_one`.
    """
    require_array_of_states(system, value, name)
    states = real_array(value, name)
    if takes_one and states.ndim < 2 and states.size == system.size:
        states = states.reshape(1, -1)
    if states.ndim != 2 or states.shape[1] != system.size:
        raise InvalidInputError(
            f"{name} must have shape (point, {system.size}), one column for each unit of the "
            f"system, got {states.shape}."
        )
    require_some_finite(states, name)
    return states


def starts_of(system: AbstractSystem, value: Any) -> Float[np.ndarray, "start unit"]:
    """Return a start, or several, as rows; raise InvalidInputError where they cannot be used."""
    states = points_of(system, value, "start", takes_one=True)
    if not len(states):
        raise InvalidInputError(
            "start holds no state: give at least one, such as a fixed point, or the last states of "
            "the trials of an activity."
        )
    require_finite(states, "start")
    return states
