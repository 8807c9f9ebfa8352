"""Inputs to freeze: the mean input of a period, and any input in words."""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Bool, Float

from .._checked import Finite, Named, taken
from .._types import InvalidInputError, is_traced, nearest, real_array

if TYPE_CHECKING:
    from .task import AbstractTask, Trials

TRIALS, ENTRIES = 2048, 2**25
"""How many trials are averaged, and the most numbers that they may have."""
_KEY = 0x696E7075
LISTED = 4
"""Of more channels of one kind that differ, the range is said."""
_NOISE = ("noise", "sigma_x")
"""Names that tasks give to the strength of their input noise."""


def period_input(task: "AbstractTask", name: str) -> Float[np.ndarray, " channel"]:
    """Return the mean input of a period over trials without noise.

    Channels whose means are alike within four standard errors have their common one, so that the
    evidence for either side cancels; each is rounded to the digits that so many trials tell.
    """
    periods = task.period_steps()
    Named(tuple(periods))(name, "period")
    trials = _trials(task)
    within = during(task, trials, name)
    shown = within.any(1)
    if not shown.any():
        raise InvalidInputError(
            f"the {name} period has no step in any trial of this task, so it has no input."
        )
    inputs, within = np.asarray(trials.inputs)[shown], within[shown]
    sums = np.einsum("ntc,nt->nc", inputs, within.astype(np.float32)).astype(float)
    each = sums / within.sum(1, keepdims=True)
    result = np.zeros(each.shape[1])
    for alike in _alike(each):
        together = each[:, alike].mean(1)
        error = max(2 * float(_standard_error(together)), 1e-6)
        result[alike] = _shortest(float(together.mean()), error)
    return result


def input_at(task: "AbstractTask", period: str | None, channels: Mapping[str, Any]) -> Any:
    """Return an input by the names of channels, the others as in a period, or 0 without one."""
    value = list(np.zeros(task.num_inputs) if period is None else task.period_input(period))
    for name, number in channels.items():
        value[_place(task, name)] = number if is_traced(number) else taken(number, Finite, name)
    return jnp.asarray(value) if is_traced(value) else np.array(value)


def _place(task: "AbstractTask", name: str) -> int:
    """Return which channel has a name, as it is or with "_" for what is no letter or digit."""
    if name in task.channels:
        return task.channels.index(name)
    written = [re.sub(r"\W+", "_", channel) for channel in task.channels]
    if name not in written:
        raise InvalidInputError(f"no channel {name!r}: {nearest(name, task.channels)}")
    return written.index(name)


def _alike(each: Float[np.ndarray, "trial channel"]) -> Iterator[list[int]]:
    """Yield the groups of channels whose means over the trials may be one and the same."""
    means, errors = each.mean(0), _standard_error(each)
    group: list[int] = []
    for channel in map(int, np.argsort(means, kind="stable")):
        width = 4 * max(errors[[*group, channel]]) + 1e-6
        if group and means[channel] - means[group].mean() > width:
            yield group
            group = []
        group.append(channel)
    yield group


def _standard_error(each: np.ndarray) -> Any:
    return each.std(0) / np.sqrt(len(each))


def period_before_answer(task: "AbstractTask") -> str:
    """Return the last period that is shown before the answer is scored.

    Where the answer is scored from the first period on, that one.
    """
    trials = _trials(task)
    first = np.asarray(trials.scored).argmax(1)
    shown = {name: during(task, trials, name) for name in task.periods}
    here = [name for name, steps in shown.items() if steps.any()]
    answers = [shown[name][np.arange(len(first)), first].mean() for name in here]
    return here[max(int(np.argmax(answers)) - 1, 0)]


def without_noise(task: "AbstractTask") -> "AbstractTask":
    """Return the task without noise on its inputs, where it has a setting for that."""
    names = [f.name for f in dataclasses.fields(task) if f.name in _NOISE]
    return dataclasses.replace(task, **dict.fromkeys(names, 0.0)) if names else task


def during(task: "AbstractTask", trials: "Trials", name: str) -> Bool[np.ndarray, "trial time"]:
    """Mask the steps of each trial in a period, also where periods vary in duration."""
    count, steps = trials.num_trials, np.arange(trials.num_steps)
    stop = np.zeros(count, int)
    for period, (first, last) in task.period_steps().items():
        drawn = np.full(count, (last - first) * task.dt)
        if period in task.varying:
            drawn = np.asarray(trials.conditions[period])
        start, stop = stop, stop + np.rint(drawn / task.dt).astype(int)
        if period == name:
            break
    within = (steps >= start[:, None]) & (steps < stop[:, None])
    inside = within & np.asarray(trials.inside)
    return inside if inside.any() else within


def _trials(task: "AbstractTask") -> "Trials":
    fit = max(ENTRIES // (task.num_steps * task.num_inputs), 1)
    return without_noise(task.varied()).trials(min(TRIALS, fit), key=jr.key(_KEY))


def _shortest(value: float, error: float) -> float:
    """Return the number with the fewest decimals that is this near."""
    rounded = (round(value, digits) for digits in range(16))
    return next((r for r in rounded if abs(r - value) <= error), value) + 0.0  # no -0.0


def describe_input(channels: tuple[str, ...], values: Any) -> str:
    """Describe an input by the names of its channels: "fixation 1, both stimuli 0.5"."""
    given = real_array(values, "the input")
    if given.shape != (len(channels),):
        raise InvalidInputError(
            f"the input must have shape ({len(channels)},), one value for each channel, got "
            f"{given.shape}."
        )
    if not given.any():
        return "all inputs 0"
    groups = list(_groups(channels, given))
    silent = [words for words, is_zero in groups if is_zero]
    said = [words for words, is_zero in groups if len(silent) <= 2 or not is_zero]
    if len(silent) > 2:
        said.append("all else 0")
    return ("; " if any("," in words for words in said) else ", ").join(said)


def _groups(channels: tuple[str, ...], values: np.ndarray) -> Iterator[tuple[str, bool]]:
    """Yield what is said of channels that differ in their number alone, and whether they are 0."""
    start = 0
    for stem, group in itertools.groupby(channels, lambda name: re.sub(r" \d+$", "", name)):
        names = list(group)
        here = values[start : start + len(names)]
        start += len(names)
        label, comma, noun = stem.rpartition(", ")
        nouns = _plural(noun)
        if len(names) > 1 and (here == here[0]).all():
            many = "both" if len(names) == 2 else f"all {len(names)}"
            yield f"{label}{comma}{many} {nouns} {here[0]:.4g}", not here[0]
            continue
        if len(names) > LISTED and np.count_nonzero(here) > LISTED:
            what = f"{label}{comma}{len(names)} {nouns}"
            yield f"{what} between {here.min():.4g} and {here.max():.4g}", False
            continue
        for name, value in zip(names, here, strict=True):
            equals = " = " if name[-1].isdigit() else " "
            yield f"{name}{equals}{value:.4g}", not value


def _plural(noun: str) -> str:
    if noun.endswith("us"):
        return f"{noun[:-2]}i"
    if noun.endswith("s"):
        return noun
    return f"{noun}es" if noun.endswith("sh") else f"{noun}s"
