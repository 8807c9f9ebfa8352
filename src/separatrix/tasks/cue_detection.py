"""When the periods of a trial are, to one who knows the settings and sees the inputs.

Where no period up to the end of what is looked for varies, the clock tells. Otherwise the inputs
do: exactly where they have no noise but on the stimuli, for a stimulus is anything but 0; and else
as soon as they make it more probable than not.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Shaped

from .._types import Array
from .durations import Duration, Multiple, count_steps
from .ideal_observer import last_seen
from .staged import StagedTask
from .task import period_mask

_SWITCHES = 1e-4
"""How often in a ms something comes or goes: seldom, so that noise is rarely taken for it."""


def shown_during(
    task: StagedTask,
    stimuli: Float[Array, "trial time channel"],
    *periods: str,
    level: float = 0.5,
) -> Bool[Array, "#trial time"]:
    """Mask the steps of some periods on which the stimuli are shown.

    `level` is the mean of the channels while they are, at least.
    """
    if by_the_clock(task, *periods):
        return period_mask(task, *periods)[None] > 0
    return seen(stimuli, level, _background(task), task.dt)


def seen(
    stimuli: Float[Array, "trial time channel"], level: float, sigma: float, dt: float
) -> Bool[Array, "trial time"]:
    """Mask the steps on which the inputs themselves show stimuli of mean `level`, at least.

    `sigma` is that of the channels' noise while nothing is shown.
    """
    if sigma == 0:
        return (stimuli != 0).any(-1)
    return _notice(stimuli.mean(-1), level, sigma / stimuli.shape[-1] ** 0.5, dt)


def cue_off(
    task: StagedTask, cue: Float[Array, "trial time"], *periods: str
) -> Bool[Array, "#trial time"]:
    """Mask the steps on which a cue is off that is 1 but during the periods named."""
    if by_the_clock(task, *periods):
        return period_mask(task, *periods)[None] > 0
    sigma = _background(task)
    return cue < 0.5 if sigma == 0 else _notice(1 - cue, 1.0, sigma, task.dt)


def first_and_second(
    task: StagedTask,
    stimuli: Float[Array, "trial time channel"],
    first: str,
    second: str,
    level: float = 0.5,
) -> tuple[Bool[Array, "#trial time"], Bool[Array, "#trial time"]]:
    """Mask the steps on which each of two stimuli on the same channels is shown.

    Where the first varies, it is over when nothing is shown for the first time: it needs a delay.
    """
    shown = shown_during(task, stimuli, first, second, level=level)
    length = task.durations[first]
    if isinstance(length, (Duration, Multiple)):
        early = jnp.cumsum(onsets(shown), axis=1) <= 1
    else:
        early = jnp.cumsum(shown, axis=1) <= count_steps(length, task.dt)
    return shown & early, shown & ~early


def onsets(shown: Bool[Array, "#trial time *some"]) -> Bool[Array, "#trial time *some"]:
    """Mask the steps on which something comes on."""
    return shown & ~_a_step_ago(shown)


def starts_of_each(
    task: StagedTask, shown: Bool[Array, "#trial time"], period: str
) -> Bool[Array, "#trial time"]:
    """Mask the first steps of stimuli of one kind; `period` is one of their periods.

    Where their duration does not vary they are counted off, so that one may follow another at once.
    """
    length = task.durations[period]
    clear = len(shown) == 1 or _background(task) == 0
    if isinstance(length, (Duration, Multiple)) or not clear:
        return onsets(shown)
    return shown & (
        jnp.cumsum(shown, axis=1) % count_steps(length, task.dt) == 1 % count_steps(length, task.dt)
    )


def tally(
    total: Float[Array, "trial time *some"],
    starts: Bool[Array, "#trial time"],
    vote: Callable[[Array], Array],
) -> Float[Array, "trial time *some"]:
    """Return the sum of the votes so far of stimuli that begin at `starts`.

    `vote` takes what the stimulus has added to the total, so far for the last one.
    """
    count = jnp.cumsum(starts, axis=1).reshape(*starts.shape, *[1] * (total.ndim - 2))
    now = jnp.where(count > 0, vote(total - last_seen(_a_step_ago(total), starts)), 0)
    return now + summed(_a_step_ago(now), starts)


def summed(
    values: Shaped[Array, "trial time *some"], when: Bool[Array, "#trial time"]
) -> Float[Array, "trial time *some"]:
    """Return the sums so far of the values at some steps."""
    return jnp.cumsum(values * when.reshape(*when.shape, *[1] * (values.ndim - 2)), axis=1)


def _a_step_ago(values: Shaped[Array, "trial time *some"]) -> Shaped[Array, "trial time *some"]:
    return jnp.pad(values[:, :-1], ((0, 0), (1, 0), *[(0, 0)] * (values.ndim - 2)))


def _background(task: StagedTask) -> float:
    return task.noise if task.noise_on == "all" else 0.0


def by_the_clock(task: StagedTask, *periods: str) -> bool:
    """Return whether the periods, and all before them, are at the same steps of every trial."""
    names = list(task.durations)
    last = max(names.index(name) for name in periods)
    lengths = [task.durations[name] for name in names[: last + 1]]
    return not any(isinstance(length, (Duration, Multiple)) for length in lengths)


def _notice(
    values: Float[Array, "trial time"], level: float, sigma: float, dt: float
) -> Bool[Array, "trial time"]:
    r"""Mask the steps at which a value under noise is more probably there than not.

    The filter of a process that switches between two states: with the odds $o$ of the step before,
    $o' = \frac{(1 - q)\,o + q}{q\,o + 1 - q}\,\Lambda$, where q is the probability of a switch in a
    step and Λ the ratio of the likelihoods of what is seen now.
    """
    variance = sigma**2 / dt
    ratios = level * (values - level / 2) / variance
    stay, switch = np.log1p(-_SWITCHES * dt), np.log(_SWITCHES * dt)

    def follow(odds: Any, ratio: Any) -> tuple[Any, Any]:
        on, off = jnp.logaddexp(odds + stay, switch), jnp.logaddexp(odds + switch, stay)
        odds = on - off + ratio
        return odds, odds > 0

    start = jnp.full(len(values), switch, jnp.asarray(values).dtype)
    return jax.lax.scan(follow, start, ratios.T)[1].T
