"""What a fit returned: its system and states, their verdict, and how well they predict."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .._types import InvalidInputError, real_array
from ..analysis import Verdict, verdict
from ..fits import regression
from ..systems import AbstractSystem, DiscreteMap
from ..torch_systems import torch_map
from .data import Recording

Fit = Callable[..., Any]
FOLLOWED = 200
"""States of a fit that a verdict follows."""
RIDGE = 1e-4
"""Penalty of the regressions of residuals."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted system and the states through which it passes in the recording."""

    system: AbstractSystem
    states: Float[np.ndarray, "trial time unit"]
    is_of_units: bool
    """Whether the states of the fit are in the space of the recorded units."""


def fitted(result: Any, recording: Recording) -> Fitted:
    """Return what a fit returned as a system and states; raise InvalidInputError for else.

    It may be a system, a PyTorch function, or arrays A and b of the map A x + b; or a pair of one
    of these and states `(trial, time, unit)`. Without states, those of the recording are meant.
    """
    states = recording.activity
    if isinstance(result, tuple | list) and len(result) == 2 and np.ndim(result[1]) == 3:
        result, states = result[0], real_array(result[1], "states of the fit")
    size = states.shape[-1]
    system = _system(result, size, recording.dt)
    wanted = recording.activity.shape[:2]
    if system.size != size or states.shape[:2] != wanted or not np.isfinite(states).all():
        raise InvalidInputError(
            f"the fit gave a system of {system.size} units and states of shape {states.shape}: "
            f"expected as many units, and finite states ({wanted[0]}, {wanted[1]}, unit). If the "
            "system has other units than the recording, let the fit return (system, states)."
        )
    return Fitted(system, states, size == recording.activity.shape[-1])


def _system(result: Any, size: int, dt: float) -> AbstractSystem:
    if isinstance(result, AbstractSystem):
        return result
    if callable(result):
        return torch_map(result, size, dt)
    pair = result if isinstance(result, tuple | list) and len(result) == 2 else (result, None)
    try:
        weights = real_array(pair[0], "A")
        bias = np.zeros(size) if pair[1] is None else real_array(pair[1], "b")
    except InvalidInputError:
        weights = bias = np.zeros(0)
    if weights.shape != (size, size) or bias.shape != (size,):
        raise InvalidInputError(
            f"a fit must return a system, a PyTorch function, or arrays A ({size}, {size}) and b "
            f"({size},) of the map A x + b; or (system, states). Got {type(result).__name__}."
        )
    return DiscreteMap(lambda x: weights @ x + bias, size, dt)


def judged(
    system: AbstractSystem, states: np.ndarray, recording: Recording, count: int = FOLLOWED
) -> Verdict:
    """Return the verdict on a system over the duration T, from some of its states."""
    flat = states.reshape(-1, states.shape[-1])
    # Steps of an odd part of the golden ratio meet all times of trials.
    rows = np.unique((np.arange(count) * 0.6180339887 % 1 * len(flat)).astype(int))
    duration = recording.duration
    if system.kind == "map":
        duration = recording.steps * system.time_unit
    return verdict(system, flat[rows], duration=duration, progress=False)


def predicted(system: AbstractSystem, states: np.ndarray, steps: int, dt: float) -> np.ndarray:
    """Return the states `(…, step, unit)` in each of the next steps of the recording."""
    if isinstance(system, DiscreteMap):
        return system.run(states, steps)[..., 1:, :]
    return system.run(states, np.arange(steps + 1) * dt)[..., 1:, :]  # type: ignore[attr-defined]


def residuals(found: Fitted, recording: Recording) -> np.ndarray:
    """Return what the fit does not predict of each next state `(trial, time − 1, unit)`."""
    before = found.states[:, :-1]
    flat = before.reshape(-1, before.shape[-1])
    after = predicted(found.system, flat, 1, recording.dt)[:, 0]
    return found.states[:, 1:] - after.reshape(before.shape)


def one_step_error(found: Fitted, recording: Recording, left: np.ndarray) -> float:
    """Return 1 − R² of the fit over one step; what inputs add is taken away first."""
    if recording.inputs is not None:
        driving = recording.inputs[:, 1:]
        weights = regression(driving, left, RIDGE)
        left = left - driving @ weights[:-1] - weights[-1]
    away = found.states[:, 1:] - found.states[:, 1:].mean((0, 1))
    return float((left**2).sum() / (away**2).sum())


def closure(recording: Recording, left: np.ndarray) -> float:
    """Return the share of the residual that older states of the recorded units explain.

    The residual is regressed on the last state and on inputs, without and with the states that are
    0.5 and 2 time constants older, on half of the trials; the share is that of the others, both
    ways. It is about 0, or a little below, if the recorded units are all that their future depends
    on.
    """
    activity, lags = recording.activity, recording.lags
    first = max(lags)
    places = np.arange(first, activity.shape[1] - 1)
    last = [activity[:, places]]
    if recording.inputs is not None:
        last += [recording.inputs[:, places], recording.inputs[:, places + 1]]
    older = [activity[:, places - lag] for lag in lags]
    wanted = left[:, places] / (left.std((0, 1)) + np.finfo(float).tiny)
    errors = np.zeros(2)
    for parity in (0, 1):
        held = np.arange(len(activity)) % 2 == parity
        for k, regressors in enumerate((last, last + older)):
            x = np.concatenate(regressors, -1)
            x = x / (x.std((0, 1)) + np.finfo(float).tiny)
            weights = regression(x[~held], wanted[~held], RIDGE)
            errors[k] += ((wanted[held] - x[held] @ weights[:-1] - weights[-1]) ** 2).sum()
    return float(1 - errors[1] / errors[0])


def response(found: Fitted, kicked: np.ndarray, responses: np.ndarray, dt: float) -> float:
    """Return R² of the responses `(kick, time, unit)` to kicks that the fit predicts.

    NaN if the states of the fit are not those of the recorded units.
    """
    if not found.is_of_units:
        return float("nan")
    expected = predicted(found.system, kicked, responses.shape[1], dt)
    with np.errstate(over="ignore", invalid="ignore"):
        missed = ((expected - responses) ** 2).sum()
    away = responses - responses.mean((0, 1))
    return float(1 - missed / (away**2).sum()) if np.isfinite(missed) else float("-inf")
