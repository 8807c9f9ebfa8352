"""How long a period lasts: a number of ms, or a distribution that every trial draws from."""

import abc
import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Annotated, Any

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from .._checked import Milliseconds, taken
from .._types import (
    MOST,
    Array,
    InvalidInputError,
    counted,
    is_number,
)


class Duration(abc.ABC):
    """A distribution of durations in ms. It is hashable, so that JAX can close over a task."""

    @property
    @abc.abstractmethod
    def possible(self) -> tuple[float, ...]:
        """All possible durations or, if they fill a range, only its two limits; used in checks."""

    @abc.abstractmethod
    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, " trial"]:
        """Draw the durations of `n` trials in ms."""

    @property
    @abc.abstractmethod
    def setting(self) -> Any:
        """How this distribution is written in the file of an experiment."""


@dataclasses.dataclass(frozen=True)
class Choice(Duration):
    """A duration in ms, drawn from several with equal probability. In a file: a list of numbers.

    Attributes
    ----------
    values
        The durations in ms.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.GoNoGo(delay=sx.tasks.Choice((200.0, 800.0)))
    >>> task.trials(4, key=jax.random.key(0)).conditions["delay"].tolist()
    [200.0, 200.0, 800.0, 200.0]
    """

    values: tuple[float, ...]

    @property
    def possible(self) -> tuple[float, ...]:
        return self.values

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, " trial"]:
        return jnp.asarray(self.values, jnp.float32)[jr.randint(key, (n,), 0, len(self.values))]

    @property
    def setting(self) -> Any:
        return list(self.values)


@dataclasses.dataclass(frozen=True)
class Uniform(Duration):
    """A duration drawn uniformly between two limits in ms; in a file, `{uniform = [low, high]}`.

    Attributes
    ----------
    low, high
        The limits in ms.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.GoNoGo(delay=sx.tasks.Uniform(200.0, 800.0))
    >>> task.trials(4, key=jax.random.key(0)).conditions["delay"].tolist()
    [300.0, 600.0, 200.0, 400.0]
    """

    low: float
    high: float

    @property
    def possible(self) -> tuple[float, ...]:
        return (self.low, self.high)

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, " trial"]:
        return jr.uniform(key, (n,), minval=self.low, maxval=self.high)

    @property
    def setting(self) -> Any:
        return {"uniform": [self.low, self.high]}


@dataclasses.dataclass(frozen=True)
class TruncatedExponential(Duration):
    r"""A duration drawn with the density $\propto e^{-t/m}$ between two limits, in ms.

    Well below the upper limit the hazard is nearly constant: the time that has already passed says
    little about when the period will end. In the file of an experiment, the distribution is
    `{truncated_exponential = [m, low, high]}`.

    Attributes
    ----------
    scale
        The time constant m in ms.
    low, high
        The limits in ms.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.GoNoGo(delay=sx.tasks.TruncatedExponential(300.0, 200.0, 800.0))
    >>> task.trials(4, key=jax.random.key(0)).conditions["delay"].tolist()
    [200.0, 500.0, 200.0, 300.0]
    """

    scale: float
    low: float
    high: float

    @property
    def possible(self) -> tuple[float, ...]:
        return (self.low, self.high)

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, " trial"]:
        # The inverse of the distribution function, measured from the lower end.
        tail = math.exp((self.low - self.high) / self.scale)
        u = jr.uniform(key, (n,))
        return jnp.minimum(self.low - self.scale * jnp.log1p(-u * (1 - tail)), self.high)

    @property
    def setting(self) -> Any:
        return {"truncated_exponential": [self.scale, self.low, self.high]}


@dataclasses.dataclass(frozen=True)
class Multiple:
    """A period that lasts a multiple of the duration of an earlier period in the same trial.

    Attributes
    ----------
    of
        The name of the earlier period.
    factor
        The duration of this period divided by the duration of the earlier period.

    Examples
    --------
    >>> import separatrix as sx
    >>> task = sx.tasks.ReadySetGo(gain=1.5)
    >>> task.durations["production"]
    Multiple(of='measure', factor=3.0)
    """

    of: str
    factor: float

    def steps(self, of: Any) -> Any:
        """Return the number of whole steps of the period, given the steps of the earlier period."""
        return (self.factor * of + 1e-5).astype(int)


Length = float | Duration
"""The duration of a period as a task's field holds it."""

_TABLES: dict[str, tuple[type[Duration], int]] = {
    "uniform": (Uniform, 2),
    "truncated_exponential": (TruncatedExponential, 3),
}


Spelled = Annotated[Any, "Duration"]
"""Anything that a user may write for a duration; signatures show the name."""


def as_length(value: Spelled, name: str) -> Length:
    """Return a number as a float, a list as a `Choice`, a table as the distribution it names."""
    if isinstance(value, Duration):
        return _checked(value, name)
    if is_number(value):
        return float(value)
    if isinstance(value, (tuple, list)) and value:
        return _checked(Choice(taken(value, tuple[float, ...], name)), name)
    if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _TABLES:
        kind, count = _TABLES[next(iter(value))]
        numbers = next(iter(value.values()))
        if isinstance(numbers, (tuple, list)) and len(numbers) == count:
            return _checked(kind(*taken(numbers, tuple[float, ...], name)), name)
    raise InvalidInputError(
        f"{name} must be a number of ms, a list of them to choose from, {{uniform = [low, high]}} "
        f"or {{truncated_exponential = [scale, low, high]}}; got {value!r:.60}."
    )


def _checked(length: Duration, name: str) -> Duration:
    low, high = length.possible[0], length.possible[-1]
    if not isinstance(length, Choice) and not low < high:
        raise InvalidInputError(
            f"{name} must lie between a low and a higher end, got {length!s:.60}."
        )
    if isinstance(length, TruncatedExponential) and not length.scale > 0:
        raise InvalidInputError(f"{name}: the scale must be above 0 ms, got {length.scale:g}.")
    return length


def check_lengths(task: str, durations: Any) -> None:
    """Raise InvalidInputError unless a task gives each period's name a number or a distribution."""
    if not isinstance(durations, Mapping) or not durations:
        raise InvalidInputError(
            f"{task}.durations must be a dictionary from periods to durations, got "
            f"{durations!r:.60}."
        )
    earlier: list[str] = []
    for period, length in durations.items():
        name = f"{task}.durations[{period!r}]"
        if isinstance(length, Duration):
            _checked(length, name)
        elif isinstance(length, Multiple):
            if length.of not in earlier:
                raise InvalidInputError(
                    f"{name} must be a multiple of an earlier period, got a multiple of "
                    f"{length.of!r}."
                )
        elif not is_number(length):
            raise InvalidInputError(
                f"{name} must be a number of ms or a distribution of them, such as "
                f"sx.tasks.Choice((200.0, 400.0)) or sx.tasks.Uniform(200.0, 400.0); got "
                f"{length!r}."
            )
        earlier.append(period)


def count_steps(duration: float, dt: float) -> int:
    """Return how many whole steps fit into a duration, both in ms (6 in 0.6 / 0.1, as expected)."""
    return int(duration / dt + 1e-9)


def check_timing(
    task: str, dt: float, durations: Mapping[str, tuple[float, ...]], needed: tuple[str, ...]
) -> None:
    """Raise InvalidInputError for times that cannot make a trial.

    `durations` are those that each period may have in ms; the `needed` ones may not be left out.
    """
    taken(dt, Milliseconds, "dt")
    each = [(period, time) for period, possible in durations.items() for time in possible]
    for period, time in each:
        if not (np.isfinite(time) and time >= 0):
            raise InvalidInputError(
                f"{task}: the {period} period must last 0 ms or more, got {time:g} ms."
            )
        if time / dt > MOST:
            raise InvalidInputError(
                f"{task}: the {period} period of {time:g} ms has more than {MOST:,} steps."
            )
        if period in needed and time == 0:
            raise InvalidInputError(f"{task} needs a {period} period longer than 0 ms.")
    for period, time in each:
        if time > 0 and count_steps(time, dt) == 0:
            largest = min(time for _, time in each if time > 0)
            remedy = "longer" if period in needed else "longer, or 0 ms to leave it out"
            raise InvalidInputError(
                f"{task}: the {period} period ({time:g} ms) is shorter than one step "
                f"(dt = {dt:g} ms). Use a dt of at most {largest:g} ms, or make the period "
                f"{remedy}."
            )


def check_multiples(task: str, dt: float, durations: Mapping[str, "Length | Multiple"]) -> None:
    """Raise InvalidInputError where a multiple of a period that is shown may have no step."""
    fewest: dict[str, Any] = {}
    for period, length in durations.items():
        if not isinstance(length, Multiple):
            possible = length.possible if isinstance(length, Duration) else (float(length),)
            fewest[period] = np.int64(min(count_steps(time, dt) for time in possible))
            continue
        fewest[period] = length.steps(fewest[length.of])
        if fewest[period] == 0 < fewest[length.of]:
            raise InvalidInputError(
                f"{task}: the {period} period lasts {length.factor:g} times the {length.of} "
                f"period. If that lasts only {counted(int(fewest[length.of]), 'step')} of "
                f"{dt:g} ms, the {period} period is shorter than one step. Use a smaller "
                f"dt, a longer {length.of} period or a larger multiple of it."
            )


def longest(length: Length) -> float:
    """Return the longest duration in ms."""
    return max(length.possible) if isinstance(length, Duration) else length


@functools.singledispatch
def steps_of(length: Length, dt: float, key: PRNGKeyArray, n: int) -> Int[Array, " trial"]:
    """Return how many whole steps the period has in each of `n` trials."""
    return jnp.full(n, count_steps(float(length), dt))  # type: ignore[arg-type]


@steps_of.register
def _(length: Choice, dt: float, key: PRNGKeyArray, n: int) -> Int[Array, " trial"]:
    # Counted on the host, in double precision.
    steps = np.array([count_steps(value, dt) for value in length.values])
    return jnp.asarray(steps)[jr.randint(key, (n,), 0, len(steps))]


@steps_of.register
def _(length: Duration, dt: float, key: PRNGKeyArray, n: int) -> Int[Array, " trial"]:
    low, high = (count_steps(end, dt) for end in length.possible)
    return jnp.clip((length.draw(key, n) / dt + 1e-5).astype(int), low, high)
