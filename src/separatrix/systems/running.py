"""Trajectories of maps and flows, in float64: what their `run` gives."""

from typing import Any

import equinox as eqx
import jax
import numpy as np

from .._checked import Milliseconds, Natural, taken
from .._double import double_precision
from .._types import (
    InvalidInputError,
    is_number,
    real_array,
    require_finite,
)
from .abstract import AbstractSystem
from .functions import in_float64
from .motion import Block, Motion
from .states import inputs_of, require_array_of_states, require_width

SAMPLES = 101
"""Times at which a flow is given where its user names a duration alone."""
_MOST_BLOCKS = 65_536
"""Blocks of steps of the integrator under one input, at most."""


def run_map(system: AbstractSystem, states: Any, steps: Any, inputs: Any) -> np.ndarray:
    """Return the states of a map at the start and after each step `(…, time, unit)`."""
    starts, given = _starts(system, states), inputs_of(system, inputs)
    if steps is None and given is None:
        raise InvalidInputError(
            "steps, the number of steps to take, is missing: call system.run(states, 100), or give "
            "inputs=(time, channel), one for each step."
        )
    count = len(given) if steps is None else taken(steps, Natural, "steps")  # type: ignore[arg-type]
    if given is not None and len(given) != count:
        raise InvalidInputError(
            f"inputs must have one row for each of {count} steps, got {len(given)}: leave steps "
            "out to take as many as there are inputs."
        )
    with double_precision():
        flat = starts.reshape(-1, system.size)
        path = np.asarray(_steps(in_float64(system), flat, given, count))
    return _trajectories(np.concatenate([flat[None], path]), starts)


def run_flow(system: AbstractSystem, states: Any, times: Any, inputs: Any) -> np.ndarray:
    """Return the states of a flow at given times `(…, time, unit)`; NaN beyond its end."""
    starts, when, given = _starts(system, states), _times(times), inputs_of(system, inputs)
    if given is not None and len(given) != len(when) - 1:
        raise InvalidInputError(
            f"inputs must have one row for each of the {len(when) - 1} intervals between times, "
            f"got {len(given)} rows: give the times at which the inputs begin, and the time at "
            "which the last input ends."
        )
    flat = starts.reshape(-1, system.size)
    path = np.full((len(when), *flat.shape), np.nan)
    path[0] = flat
    stops = (when[1:] - when[0]) / system.time_unit
    if len(stops) and len(flat):
        _fill(path, system, stops, given)
    return _trajectories(path, starts)


def _fill(
    path: np.ndarray, system: AbstractSystem, stops: np.ndarray, inputs: np.ndarray | None
) -> None:
    """Integrate a flow from `path[0]`, and put into `path[1:]` where its states are at the stops.

    The stops are padded to one of a few numbers of them, as each is a program to compile.
    """
    padded = np.append(stops, np.full((1 << (len(stops) - 1).bit_length()) - len(stops), stops[-1]))
    motion = Motion(system, path[0], tuple(padded))
    rows, moving = np.arange(path.shape[1]), motion.begin(path[0])

    def look(block: Block) -> None:
        times = block.times[1:]
        at = np.minimum(np.searchsorted(stops, times), len(stops) - 1)
        step, row = np.nonzero(stops[at] == times)
        path[at[step, row] + 1, rows[row]] = block.states[1:][step, row]

    motions = [motion] if inputs is None else map(motion.at_input, inputs)
    for now, until in zip(motions, stops[-1:] if inputs is None else stops, strict=True):
        moving = now.until(moving, until, look, _MOST_BLOCKS)
        there = np.flatnonzero(moving.times >= until)
        rows, moving = rows[there], moving.take(there)


def _trajectories(path: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return `(time, state, unit)` as `(…, time, unit)`, with the axes that the states had."""
    return np.moveaxis(path, 0, 1).reshape(*starts.shape[:-1], *path.shape[::2])


def _starts(system: AbstractSystem, states: Any) -> np.ndarray:
    require_array_of_states(system, states, "states")
    starts = real_array(states, "states")
    require_width(system, starts, "states")
    require_finite(starts, "states")
    return starts


def _times(times: Any) -> np.ndarray:
    """Return times in ms: those that are given, or samples of a duration."""
    if is_number(times):
        return np.linspace(0.0, taken(times, Milliseconds, "times"), SAMPLES)
    when = real_array(times, "times")
    require_finite(when, "times")
    if when.ndim != 1 or not len(when) or not (np.diff(when) > 0).all():
        raise InvalidInputError(
            "times must be a duration in ms, or increasing times (time,) in ms that begin with the "
            f"time of the states, such as np.linspace(0, 500, 101); got {times!r:.60}."
        )
    return when


@eqx.filter_jit
def _steps(system: AbstractSystem, states: Any, inputs: Any, count: int) -> Any:
    def step(now: Any, u: Any) -> tuple[Any, Any]:
        after = jax.vmap(lambda x: system.evaluate(x, u))(now)
        return after, after

    return jax.lax.scan(step, states, inputs, length=count)[1]
