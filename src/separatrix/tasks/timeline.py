"""When the periods of each trial of a batch begin and end."""

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from .._checked import Named
from .._types import Array
from .durations import Duration, Length, Multiple, longest, steps_of


class Timeline(eqx.Module):
    """The first step of each period, and the first step after the period, for each trial.

    Periods follow one another without gaps, so trials whose periods vary in duration end at
    different steps. Steps after the end of a trial, up to `num_steps`, belong to no period.

    Attributes
    ----------
    starts, stops
        For each period, its first step in each trial `(trial,)`, and the first step after the
        period.
    num_steps
        The number of steps of the longest trial that is possible.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> starts = {"cue": np.array([0, 0]), "delay": np.array([1, 1])}
    >>> stops = {"cue": np.array([1, 1]), "delay": np.array([3, 4])}
    >>> sx.tasks.Timeline(starts, stops, num_steps=4).during("delay").astype(int)
    Array([[0, 1, 1, 0],
           [0, 1, 1, 1]], dtype=int32)
    """

    starts: dict[str, Int[Array, " trial"]]
    stops: dict[str, Int[Array, " trial"]]
    num_steps: int = eqx.field(static=True)

    @property
    def num_trials(self) -> int:
        """The number of trials."""
        return len(next(iter(self.starts.values())))

    @property
    def steps(self) -> Int[Array, " time"]:
        """The numbers of the steps, from 0."""
        return jnp.arange(self.num_steps)

    def during(self, *periods: str) -> Bool[Array, "trial time"]:
        """Return a mask: True on the steps of each trial that lie in any of these periods."""
        inside = jnp.zeros((self.num_trials, self.num_steps), bool)
        for name in periods:
            start, stop = (ends[:, None] for ends in self._ends(name))
            inside |= (self.steps >= start) & (self.steps < stop)
        return inside

    def since(self, period: str) -> Int[Array, "trial time"]:
        """Return, for each step of a trial, how many steps ago a period began.

        The number is 0 at the first step of the period, and negative before.
        """
        return self.steps - self._ends(period)[0][:, None]

    def length(self, period: str) -> Int[Array, " trial"]:
        """Return how many steps a period has in each trial."""
        start, stop = self._ends(period)
        return stop - start

    def _ends(self, period: str) -> tuple[Int[Array, " trial"], Int[Array, " trial"]]:
        """Return the first step of a period, and one past the last; refuse what is no period."""
        Named(tuple(self.starts))(period, "period")
        return self.starts[period], self.stops[period]

    @property
    def inside(self) -> Bool[Array, "trial time"]:
        """Which steps belong to each trial."""
        return self.steps < self.stops[list(self.stops)[-1]][:, None]


def longest_of(durations: Mapping[str, Length | Multiple]) -> dict[str, float]:
    """Return the longest duration of each period in ms."""
    found: dict[str, float] = {}
    for name, length in durations.items():
        if isinstance(length, Multiple):
            found[name] = length.factor * found[length.of]
        else:
            found[name] = longest(length)
    return found


def lay_out(
    durations: Mapping[str, Length | Multiple], dt: float, num_steps: int, key: PRNGKeyArray, n: int
) -> Timeline:
    """Draw the durations of the periods of `n` trials and put them one after the other.

    A period that varies has a key of its own: the durations in ms do not depend on dt (but for the
    rounding to whole steps), nor those of one period on the presence of another.
    """
    starts: dict[str, Array] = {}
    stops: dict[str, Array] = {}
    end = jnp.zeros(n, int)
    for k, (name, length) in enumerate(durations.items()):
        if isinstance(length, Multiple):
            steps = length.steps(stops[length.of] - starts[length.of])
        else:
            steps = steps_of(length, dt, jr.fold_in(key, k), n)
        starts[name], stops[name] = end, end + steps
        end = end + steps
    return Timeline(starts, stops, num_steps)


def drawn_durations(
    durations: Mapping[str, Length | Multiple], when: Timeline, dt: float
) -> dict[str, Float[Array, " trial"]]:
    """Return the durations in ms of the periods that vary, as they came out in whole steps."""
    return {
        name: when.length(name) * jnp.float32(dt)
        for name, length in durations.items()
        if isinstance(length, (Duration, Multiple))
    }
