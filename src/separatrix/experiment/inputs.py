"""The inputs that an analysis freezes, from what `analysis.input` says."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._types import InvalidInputError, counted, is_number, nearest
from ..analysis import FrozenInputs
from ..tasks import AbstractTask
from .settings import is_several

PERIOD = "period"
"""The key of a table that says which period's input the other channels have."""


def frozen_inputs(given: Any, task: AbstractTask, where: str) -> FrozenInputs:
    """Return the inputs that a setting names: one, or those of a list, the main one first.

    Raises InvalidInputError, which begins with `where`, for what is no input of the task.
    """
    names: list[str] = []
    values: list[np.ndarray] = []
    for one in given if is_several(given) else (given,):
        name, value = _named(one, task, where)
        same = sum(re.fullmatch(rf"{re.escape(name)}( \d+)?", other) is not None for other in names)
        names.append(f"{name} {same + 1}" if same else name)
        values.append(value)
    words = [task.describe_input(value) for value in values]
    return FrozenInputs(np.array(names), np.stack(values), np.array(words))


def _named(given: Any, task: AbstractTask, where: str) -> tuple[str, np.ndarray]:
    """Return one input and what it is called."""
    if isinstance(given, str):
        return given, _of_period(given, task, where)
    if isinstance(given, Mapping):
        period = given.get(PERIOD)
        return str(period or "input"), _of_channels(given, task, where)
    if len(given) != task.num_inputs:
        raise InvalidInputError(
            f"{where}: expected {counted(task.num_inputs, 'value')} ({_told(task.channels)}), got "
            f"{len(given)}."
        )
    return "input", np.asarray(given, float)


def _of_period(name: Any, task: AbstractTask, where: str) -> np.ndarray:
    try:
        return task.period_input(name)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {error}") from None


def _of_channels(given: Mapping[str, Any], task: AbstractTask, where: str) -> np.ndarray:
    """Return the input of a table: its channels, the others as in its period, or 0."""
    value = np.zeros(task.num_inputs)
    if PERIOD in given:
        value = _of_period(given[PERIOD], task, where)
    for channel, number in given.items():
        if channel == PERIOD:
            continue
        if channel not in task.channels:
            known = nearest(channel, [*task.channels, PERIOD])
            raise InvalidInputError(f"{where}: no channel {channel!r}: {known}")
        if not is_number(number) or not np.isfinite(number):
            raise InvalidInputError(f"{where}: {channel} must be a number, got {number!r}.")
        value[task.channels.index(channel)] = number
    return value


def _told(channels: tuple[str, ...], most: int = 12) -> str:
    """Name the channels, the first of many."""
    return ", ".join(channels[:most]) + (", …" if len(channels) > most else "")
