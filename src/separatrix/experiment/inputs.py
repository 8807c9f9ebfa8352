"""The inputs that an analysis freezes, from what `analysis.input` says."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._types import InvalidInputError, counted
from ..analysis import FrozenInputs
from ..tasks import AbstractTask
from .settings import is_several

PERIOD = "period"
"""The key of a table that says which period's input the other channels have."""


def frozen_inputs(given: Any, task: AbstractTask) -> FrozenInputs:
    """Return the inputs that a setting names: one, or those of a list, the main one first.

    Raises InvalidInputError for what is no input of the task.
    """
    names: list[str] = []
    values: list[np.ndarray] = []
    for one in given if is_several(given) else (given,):
        name, value = _named(one, task)
        same = sum(re.fullmatch(rf"{re.escape(name)}( \d+)?", other) is not None for other in names)
        names.append(f"{name} {same + 1}" if same else name)
        values.append(value)
    words = [task.describe_input(value) for value in values]
    return FrozenInputs(np.array(names), np.stack(values), np.array(words))


def _named(given: Any, task: AbstractTask) -> tuple[str, np.ndarray]:
    """Return one input and what it is called."""
    if isinstance(given, str):
        return given, np.asarray(task.input_at(given))
    if isinstance(given, Mapping):
        period = given.get(PERIOD)
        channels = {name: number for name, number in given.items() if name != PERIOD}
        return str(period or "input"), np.asarray(task.input_at(period, **channels))
    if len(given) != task.num_inputs:
        raise InvalidInputError(
            f"expected {counted(task.num_inputs, 'value')} ({_told(task.channels)}), got "
            f"{len(given)}."
        )
    return "input", np.asarray(given, float)


def _told(channels: tuple[str, ...], most: int = 12) -> str:
    """Name the channels, the first of many."""
    return ", ".join(channels[:most]) + (", …" if len(channels) > most else "")
