"""Tasks whose trials are a sequence of periods, of fixed or of varying duration."""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Bool, Float, Int, PRNGKeyArray, Shaped

from .._checked import NotNegative, taken
from .._types import Array, InvalidInputError
from . import fields
from .durations import (
    Duration,
    Length,
    Multiple,
    check_lengths,
    check_multiples,
    check_timing,
)
from .task import SolvableTask, consecutive
from .timeline import Timeline, drawn_durations, lay_out, longest_of
from .trials import Trials


class Scene(eqx.Module):
    """Signals and targets of a batch of trials, before noise is added.

    Attributes
    ----------
    signal (trial, time, channel)
        The inputs without noise.
    noisy (trial, time, channel)
        A mask: True for the entries of `signal` that get noise if `noise_on` is "stimulus". If the
        mask is the same in all trials or at all steps, that axis may have the length 1.
    targets (trial, time) or (trial, time, output), scored (trial, time), conditions
        As in `Trials`.
    mask
        The weights of the steps in the loss. None gives all steps of a trial the weight 1.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> starts, stops = {"cue": np.zeros(2, int)}, {"cue": np.array([2, 3])}
    >>> when = sx.tasks.Timeline(starts, stops, num_steps=3)
    >>> cue = when.during("cue")                                              # (trial, time)
    >>> scene = sx.tasks.Scene(
    ...     signal=1.0 * cue[..., None], noisy=cue[..., None], targets=1 * cue, scored=cue,
    ...     conditions={"correct": np.ones(2)},
    ... )
    >>> scene.signal[..., 0].tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]
    """

    signal: Float[Array, "trial time channel"]
    noisy: Bool[Array, "#trial #time channel"]
    targets: Shaped[Array, "trial time *output"]
    scored: Bool[Array, "trial time"]
    conditions: dict[str, Shaped[Array, "trial"]]
    mask: Float[Array, "trial time *weighed"] | None = None


class StagedTask(SolvableTask):
    r"""A task whose trials are sequences of periods.

    The duration of a period may vary from trial to trial. Trials are then padded to the length of
    the longest trial that is possible. After its end, a trial has no input, is not scored and has
    no weight in the loss. The conditions hold the durations in ms of the periods that vary. Noise
    of standard deviation $\sigma/\sqrt{dt}$ is added to the stimuli while they are shown, or to all
    channels throughout the trial (`noise_on = "all"`).

    A class that you write may leave out `solve` and `chance`. Then the ideal observer's score and
    the chance level are unknown (NaN), and everything else works.
    """

    noise: eqx.AbstractVar[float]
    noise_on: eqx.AbstractVar[str]
    needed: ClassVar[tuple[str, ...]] = ("decision",)
    output_function: ClassVar[str] = "identity"

    @property
    def durations(self) -> Mapping[str, Length | Multiple]:
        """The duration of each period by its name, in the order of the periods in a trial."""
        declared = (field for field in dataclasses.fields(self) if "period" in field.metadata)
        return {field.name: getattr(self, field.name) for field in declared}

    @abc.abstractmethod
    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        """Draw the conditions and stimuli of trials; `when` says when periods begin and end."""

    def __check_init__(self) -> None:
        name = type(self).__name__
        taken(self.noise, NotNegative, f"{name}: noise")
        taken(self.noise_on, Literal["stimulus", "all"], f"{name}: noise_on")
        check_lengths(name, self.durations)
        longest = longest_of(self.durations)
        possible = {
            period: length.possible if isinstance(length, Duration) else (longest[period],)
            for period, length in self.durations.items()
        }
        check_timing(name, self.dt, possible, self.needed)
        check_multiples(name, self.dt, self.durations)

    @property
    def varying(self) -> tuple[str, ...]:  # type: ignore[override]  # as the settings say
        """The periods whose duration may differ from trial to trial."""
        return tuple(n for n, d in self.durations.items() if isinstance(d, (Duration, Multiple)))

    @property
    def is_solved(self) -> bool:
        return type(self).solve is not StagedTask.solve

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        raise InvalidInputError(
            f"{type(self).__name__} has no solve, so its ideal observer is not known. Ask with "
            "task.is_solved, or write solve(self, inputs), which returns outputs."
        )

    @property
    def chance(self) -> float:
        return float("nan")

    @property
    def periods(self) -> dict[str, tuple[float, float]]:
        return consecutive(longest_of(self.durations))

    def draw(self, key: PRNGKeyArray, n: int) -> Trials:
        key_time, key_scene, key_noise = jr.split(key, 3)
        when = lay_out(self.durations, self.dt, self.num_steps, key_time, n)
        scene = _checked(self.present(key_scene, when), type(self).__name__)
        inside = when.inside
        mask = inside.astype(jnp.float32) if scene.mask is None else scene.mask
        return Trials(
            inputs=self._with_noise(key_noise, scene, inside),
            targets=scene.targets,
            mask=mask,
            scored=scene.scored & inside,
            conditions=scene.conditions | drawn_durations(self.durations, when, self.dt),
            dt=self.dt,
            output_function=self.output_function,
        )

    def _with_noise(
        self, key: PRNGKeyArray, scene: Scene, inside: Bool[Array, "trial time"]
    ) -> Float[Array, "trial time channel"]:
        signal = scene.signal * inside[..., None]
        if self.noise == 0:
            return signal
        where = inside[..., None]
        if self.noise_on == "stimulus":
            where = where & scene.noisy
        draws = jr.normal(key, signal.shape, jnp.float32) * (self.noise / self.dt**0.5)
        return signal + jnp.where(where, draws, 0)


class NoisyTask(StagedTask):
    """A task of the package, whose noise is given by name."""

    noise: float = fields.noise()
    noise_on: str = fields.noise_on()


def _checked(scene: Any, task: str) -> Scene:
    """Return what `present` gave; raise InvalidInputError where it cannot be shown."""
    taken(scene, Scene, f"what {task}.present gives")
    noisy, signal = jnp.shape(scene.noisy), jnp.shape(scene.signal)
    fits = [n in (1, m) for n, m in zip(noisy, signal, strict=False)]
    if len(noisy) != len(signal) or not all(fits):
        raise InvalidInputError(
            f"{task}.present gives noisy of shape {noisy}, expected the shape of the signal, "
            f"{signal}, or 1 in place of any of its lengths."
        )
    return scene


def cue(when: Timeline, *periods: str) -> Float[Array, "trial time 1"]:
    """Return a channel that is 1 during the named periods."""
    return when.during(*periods)[..., None].astype(jnp.float32)


def shown(
    during: Bool[Array, "trial time"], values: Float[Array, "#trial channel"]
) -> Float[Array, "trial time channel"]:
    """Return channels that carry their value during a period."""
    return during[..., None] * values[:, None, :]


def in_each(when: Timeline, label: str, values: Float[Array, "trial k *more"]) -> Array:
    """Return what is shown when value k is on during the period `label k`."""
    total = jnp.zeros((), jnp.float32)
    for k in range(values.shape[1]):
        during = when.during(f"{label} {k + 1}")
        rest = values[:, None, k]
        total = total + during.reshape(*during.shape, *[1] * (rest.ndim - 2)) * rest
    return total


def side_by_side(*channels: Float[Array, "trial time _"]) -> Float[Array, "trial time channel"]:
    """Join groups of channels."""
    return jnp.concatenate(channels, axis=-1)


def noisy_during(
    during: Bool[Array, "trial time"], *channels: bool
) -> Bool[Array, "trial time channel"]:
    """Mark the channels that are noisy, during a period."""
    return during[..., None] & jnp.array(channels)


def answer_in(
    during: Bool[Array, "trial time"], choice: Int[Array, " trial"]
) -> Int[Array, "trial time"]:
    """Return the class of each step: 0 for fixation, 1 + choice during the answer."""
    return jnp.where(during, choice[:, None] + 1, 0)


def names(label: str, count: int) -> tuple[str, ...]:
    """Return "label 1", "label 2" and so on."""
    return tuple(f"{label} {k + 1}" for k in range(count))


def pick(key: PRNGKeyArray, n: int, count: int) -> Int[Array, " trial"]:
    """Draw one of `count` alternatives for every trial."""
    return jr.randint(key, (n,), 0, count)


def pick_level(key: PRNGKeyArray, n: int, levels: tuple[float, ...]) -> Float[Array, " trial"]:
    """Draw one of some values for every trial."""
    return jnp.asarray(levels, jnp.float32)[pick(key, n, len(levels))]
