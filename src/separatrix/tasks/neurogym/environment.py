"""Environments of NeuroGym on the host: made, seeded, and asked for trials."""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._types import InvalidInputError, first_line, nearest

Make = Callable[[], Any]
_MOST = 64  # entries of a list in `env.trial` that become conditions of their own


@dataclass(frozen=True)
class RawTrial:
    """One trial as NeuroGym has it: arrays over its own steps, periods in steps, in their order."""

    inputs: np.ndarray
    targets: np.ndarray
    conditions: dict[str, Any]
    periods: dict[str, tuple[int, int]]

    @property
    def num_steps(self) -> int:
        """How many steps the trial has."""
        return len(self.inputs)

    @property
    def is_filled(self) -> bool:
        """Whether the periods follow one another from the first step to the last."""
        starts, stops = ([ends[k] for ends in self.periods.values()] for k in (0, 1))
        return [0, *stops] == [*starts, self.num_steps]


def maker(environment: Any, settings: dict[str, Any]) -> Make:
    """Return a function that gives the environment: made anew by its name, or the one given.

    Raises InvalidInputError for an unknown name, or one that cannot be made with these settings.
    """
    try:
        with _quiet():
            import gymnasium
            import neurogym
    except ImportError as error:
        raise InvalidInputError(
            "from_neurogym needs NeuroGym, which is not installed here. In a clone of Separatrix, "
            "in a separate environment: "
            "pip install --constraint constraints-interop.txt '.[neurogym]'"
        ) from error
    if not isinstance(environment, str):
        if settings:
            raise InvalidInputError(
                f"settings ({', '.join(settings)}) can be given only with the name of an "
                "environment, and this environment is already made."
            )
        _check_kind(environment)
        return lambda: environment
    known = gymnasium.registry
    if environment not in known:
        own = [n for n, spec in known.items() if str(spec.entry_point).startswith("neurogym")]
        raise InvalidInputError(
            f"NeuroGym has no environment {environment!r}: {nearest(environment, own)}"
        )

    def make() -> Any:
        with _quiet():
            return neurogym.make(environment, **settings)

    try:
        made = make()
    except Exception as error:
        raise InvalidInputError(
            f"NeuroGym's {environment!r} cannot be made with {settings or 'no settings'}: "
            f"{first_line(error)}"
        ) from error
    _check_kind(made)
    return make


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Ignore what Gymnasium says of how NeuroGym uses it, which is no concern of the user's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_kind(environment: Any) -> None:
    """Raise InvalidInputError for what is no trial-based environment of discrete actions."""
    from gymnasium.spaces import Box, Discrete
    from neurogym.core import TrialEnv

    inner = getattr(environment, "unwrapped", environment)
    name = type(inner).__name__
    if not isinstance(inner, TrialEnv):
        raise InvalidInputError(
            f"expected the name of a NeuroGym environment or a neurogym.TrialEnv, got {name!s:.60}."
        )
    actions, shown = environment.action_space, environment.observation_space
    if not isinstance(actions, Discrete) or not isinstance(shown, Box):
        raise InvalidInputError(
            f"{name} shows {shown} and takes {actions}. A task needs observations that are numbers "
            "(Box), and one of a number of actions at each step (Discrete). For continuous "
            "actions, write a task of separatrix with target values."
        )


def _layers(environment: Any) -> list[Any]:
    """Return an environment, what it wraps, and what those schedule, from the outside in."""
    found: list[Any] = []
    queue = [environment]
    while queue:
        layer = queue.pop(0)
        if all(layer is not known for known in found):
            found.append(layer)
            inner = vars(layer).get("env")
            queue += [*([] if inner is None else [inner]), *vars(layer).get("envs", ())]
    return found


def _seed(layers: list[Any], words: Iterator[int]) -> None:
    """Start an environment anew, each of its generators with a number of its own.

    NeuroGym gives all of them the same number, and then the durations of the first periods depend
    on the stimuli.
    """
    for layer in layers:
        if hasattr(type(layer), "seed"):
            layer.seed(next(words))
    for layer in layers:
        for timing in vars(layer).get("timing", {}).values():
            if hasattr(timing, "seed"):
                timing.seed(next(words))
        schedule = vars(layer).get("schedule")
        if hasattr(schedule, "reset"):
            schedule.reset()
        if hasattr(type(layer), "new_block"):  # its length was drawn when the environment was made
            with contextlib.suppress(TypeError):  # one that takes arguments is left alone
                layer.new_block()


def draw_trials(make: Make, entropy: tuple[int, ...]) -> Iterator[RawTrial]:
    """Yield trials without end, the same ones for the same entropy.

    They follow one another, so that environments with blocks of trials have their blocks.
    """
    layers = _layers(make())
    with _quiet():
        _seed(layers, _words(entropy))
    top = next(layer for layer in layers if hasattr(type(layer), "new_trial"))
    while True:
        for layer in layers:  # a period that this trial has not would stay from the last one
            for memory in ("start_t", "end_t", "start_ind", "end_ind"):
                vars(layer).get(memory, {}).clear()
        with _quiet():
            trial = top.new_trial()
        yield _read(top.unwrapped, trial or {})


def _words(entropy: tuple[int, ...]) -> Iterator[int]:
    sequence = np.random.SeedSequence(entropy)
    while True:
        yield int(sequence.spawn(1)[0].generate_state(1)[0])


def _read(inner: Any, trial: dict[str, Any]) -> RawTrial:
    actions = int(inner.action_space.n)
    is_given = getattr(inner, "_ob_built", False) and hasattr(inner, "ob") and inner._has_gt
    targets = np.asarray(inner.gt) if is_given else np.array([np.nan])
    if targets.ndim != 1 or not ((targets >= 0) & (targets < actions)).all():
        raise InvalidInputError(
            f"{type(inner).__name__} does not say before a trial what it shows and which of its "
            f"{actions} actions is correct at each step (`env.ob` and `env.gt` after "
            f"`env.new_trial()`; got {targets.ravel()[:3]}). Networks are trained here on known "
            "inputs and targets."
        )
    inputs = np.asarray(inner.ob, np.float32).reshape(len(inner.ob), -1)
    ends = {
        period: (min(start, len(inputs)), min(inner.end_ind[period], len(inputs)))
        for period, start in inner.start_ind.items()
    }
    periods = dict(sorted(ends.items(), key=lambda item: item[1]))
    return RawTrial(inputs, targets.astype(np.int32), dict(_scalars(trial, periods)), periods)


def _scalars(trial: dict[str, Any], periods: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the numbers and texts in `env.trial`, and those in its short lists, by name.

    The names of periods are left to their durations.
    """
    for key, value in trial.items():
        name = f"{key}_value" if key in periods else key
        is_list = np.ndim(value) == 1 and len(value) <= _MOST
        for k, entry in enumerate(value if is_list else [value]):
            if np.ndim(entry) == 0 and np.asarray(entry).dtype.kind in "biufU":
                yield (f"{name}_{k}" if is_list else name), entry
