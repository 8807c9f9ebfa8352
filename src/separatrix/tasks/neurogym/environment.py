"""Environments of NeuroGym on the host: made, seeded, and asked for trials."""

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._types import InvalidInputError, nearest

Make = Callable[[], Any]
_ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class RawTrial:
    """One trial as NeuroGym has it: arrays over its own steps, periods in steps."""

    inputs: np.ndarray
    targets: np.ndarray
    conditions: dict[str, Any]
    periods: dict[str, tuple[int, int]]

    @property
    def num_steps(self) -> int:
        """How many steps the trial has."""
        return len(self.inputs)


def maker(environment: Any, settings: dict[str, Any]) -> Make:
    """Return a function that gives the environment: made anew by its name, or the one given.

    Raises InvalidInputError for an unknown name, or one that cannot be made with these settings.
    """
    try:
        with _quiet():
            import neurogym  # noqa: F401
    except ImportError as error:
        raise InvalidInputError(
            "from_neurogym needs NeuroGym, which is not installed here. In a clone of Separatrix, "
            "in an environment of its own: "
            "pip install --constraint constraints-interop.txt '.[neurogym]'"
        ) from error
    if isinstance(environment, str):
        _check_name(environment)
        make = lambda: _made(environment, settings)  # noqa: E731
    elif settings:
        raise InvalidInputError(
            f"settings ({', '.join(settings)}) go with the name of an environment; this one is "
            "made already."
        )
    else:
        make = lambda: environment  # noqa: E731
    try:
        made = make()
    except Exception as error:
        raise InvalidInputError(
            f"NeuroGym's {environment!r} cannot be made with {settings or 'no settings'}: "
            f"{type(error).__name__}: {str(error).splitlines()[0]}"
        ) from error
    _check_kind(made)
    return make


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Ignore what Gymnasium says of how NeuroGym uses it, which is no concern of the user's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _made(name: str, settings: dict[str, Any]) -> Any:
    import neurogym

    with _quiet():
        return neurogym.make(name, **settings)


def _check_name(name: str) -> None:
    import gymnasium

    registry = gymnasium.registry
    if name not in registry:
        own = [n for n, s in registry.items() if str(s.entry_point).startswith("neurogym")]
        raise InvalidInputError(f"NeuroGym has no environment {name!r}: {nearest(name, own)}")


def _check_kind(environment: Any) -> None:
    """Raise InvalidInputError for what is no trial-based environment of discrete actions."""
    from gymnasium.spaces import Box, Discrete
    from neurogym.core import TrialEnv

    inner = getattr(environment, "unwrapped", environment)
    name = type(inner).__name__
    if not isinstance(inner, TrialEnv):
        raise InvalidInputError(
            f"expected the name of a NeuroGym environment or a neurogym.TrialEnv, got {name}."
        )
    actions, shown = environment.action_space, environment.observation_space
    if not isinstance(actions, Discrete):
        kind = "continuous actions" if isinstance(actions, Box) else "several actions at once"
        raise InvalidInputError(
            f"{name} has {kind} ({actions}): a task needs one of a number of actions at each step, "
            "gymnasium.spaces.Discrete. Write it as a task of separatrix with target values."
        )
    if not isinstance(shown, Box):
        raise InvalidInputError(f"{name} shows {shown}: expected numbers, a gymnasium.spaces.Box.")


def layers(environment: Any) -> list[Any]:
    """Return an environment, what it wraps, and what those schedule, from the outside in."""
    found: list[Any] = []
    queue = [environment]
    while queue:
        layer = queue.pop(0)
        if any(layer is known for known in found):
            continue
        found.append(layer)
        inner = vars(layer).get("env")
        queue += [inner] if inner is not None else []
        queue += [e for e in vars(layer).get("envs", ()) if e is not inner]
    return found


def seed(environment: Any, words: Iterator[int]) -> None:
    """Start an environment anew, each of its generators with a number of its own.

    NeuroGym gives all of them the same number, and then the durations of the first periods depend
    on the stimuli.
    """
    parts = layers(environment)
    for layer in parts:
        if hasattr(type(layer), "seed"):
            layer.seed(next(words))
    for layer in parts:
        for timing in vars(layer).get("timing", {}).values():
            if hasattr(timing, "seed"):
                timing.seed(next(words))
        schedule = vars(layer).get("schedule")
        if hasattr(schedule, "reset"):
            schedule.reset()
        if _can_begin_a_block(layer):  # its length was drawn when the environment was made
            layer.new_block()


def _can_begin_a_block(layer: Any) -> bool:
    begin = getattr(type(layer), "new_block", None)
    if begin is None:
        return False
    parameters = list(inspect.signature(begin).parameters.values())[1:]
    return all(p.default is not p.empty or p.kind in _ANY_NUMBER for p in parameters)


def draw_trials(make: Make, entropy: tuple[int, ...]) -> Iterator[RawTrial]:
    """Yield trials without end, the same ones for the same entropy.

    They follow one another, so that environments with blocks of trials have their blocks.
    """
    environment = make()
    with _quiet():
        seed(environment, _words(entropy))
    parts = layers(environment)
    top = next(layer for layer in parts if hasattr(type(layer), "new_trial"))
    while True:
        for layer in parts:  # a period that this trial has not would stay from the last one
            for memory in ("start_t", "end_t", "start_ind", "end_ind"):
                vars(layer).get(memory, {}).clear()
        with _quiet():
            trial = top.new_trial()
        yield _read(top.unwrapped, trial)


def _words(entropy: tuple[int, ...]) -> Iterator[int]:
    sequence = np.random.SeedSequence(entropy)
    while True:
        yield int(sequence.spawn(1)[0].generate_state(1)[0])


def _read(inner: Any, trial: Any) -> RawTrial:
    name = type(inner).__name__
    if not getattr(inner, "_ob_built", False) or not hasattr(inner, "ob"):
        raise InvalidInputError(
            f"{name} has no trials that are known before they begin (`env.ob` after "
            "`env.new_trial()`): what it shows depends on the actions, and networks are trained "
            "here on given inputs and targets."
        )
    if not inner._has_gt:
        raise InvalidInputError(
            f"{name} does not say which action is right (`env.gt` after `env.new_trial()`): it is "
            "for reinforcement learning, and networks are trained here on given targets."
        )
    inputs = np.asarray(inner.ob, np.float32).reshape(len(inner.ob), -1)
    targets, actions = np.asarray(inner.gt), int(inner.action_space.n)
    outside = (targets < 0) | (targets >= actions)
    if targets.ndim != 1 or outside.any():
        raise InvalidInputError(
            f"{name} asks for what is none of its {actions} actions: its ground truth has "
            f"{targets[outside].ravel()[:3]}."
        )
    length = len(inputs)
    periods = {
        p: (min(start, length), min(inner.end_ind[p], length))
        for p, start in inner.start_ind.items()
    }
    return RawTrial(inputs, targets.astype(np.int32), dict(trial or {}), periods)
