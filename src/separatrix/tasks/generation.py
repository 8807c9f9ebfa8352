"""Tasks whose outputs follow values: memory of pulses, and oscillations."""

import functools
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from .._types import Array, InvalidInputError
from . import fields
from .durations import check_timing, count_steps
from .ideal_observer import last_seen
from .staged import NoisyTask, Scene, names, pick, shown
from .timeline import Timeline
from .trials import Trials


class FlipFlop(NoisyTask):
    r"""Remember the sign of the last pulse on each of n channels.

    At the beginning of each interval, every channel carries a pulse of ±1 with some probability.
    Output k has to follow the sign of the last pulse on channel k. The first interval has a pulse
    on every channel, so the target is always defined.

    A trained network holds $2^n$ memories. For comparison, n independent bistable units have $3^n$
    fixed points. With n = 3 these are 27 fixed points: 8 are stable, 12 have one unstable
    direction, 6 have two, and 1 has three.

    Parameters
    ----------
    dt
        Time step in ms.
    bits
        The number n of channels, and of outputs.
    duration, interval, pulse
        Durations in ms of a trial, of the interval between two possible pulses, and of a pulse.
    probability
        The probability that a channel carries a pulse in an interval.
    noise, noise_on
        The noise on the inputs in a step has the standard deviation σ/√dt, where σ is `noise` and
        dt is in ms. All channels show stimuli throughout, so `noise_on` "stimulus" and "all" mean
        the same.

    Raises
    ------
    InvalidInputError
        If a time is shorter than dt, the pulse is longer than the interval, or the interval is
        longer than the trial.

    References
    ----------
    Sussillo & Barak (2013) Neural Comput. 25:626.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.FlipFlop(bits=3)
    >>> trials = task.trials(4, key=jax.random.key(0))
    >>> trials.inputs.shape, trials.targets.shape
    ((4, 64, 3), (4, 64, 3))
    >>> float(task.score(trials.targets, trials))
    1.0
    """

    reference: ClassVar[str] = "Sussillo & Barak (2013) Neural Comput. 25:626"
    needed: ClassVar[tuple[str, ...]] = ("memory",)

    dt: float = fields.step(100.0)
    bits: int = fields.count("bits", 3)
    duration: float = fields.value("duration", 6400.0, least=0)
    interval: float = fields.value("interval", 100.0, least=0)
    pulse: float = fields.value("pulse", 100.0, least=0)
    probability: float = fields.value("probability", 0.5, least=0, most=1)
    noise: float = fields.noise(0.0)

    def __check_init__(self) -> None:
        times = {"interval": (self.interval,), "pulse": (self.pulse,)}
        check_timing("FlipFlop", self.dt, times, tuple(times))
        if not 0 < self.pulse <= self.interval <= self.duration:
            raise InvalidInputError(
                "FlipFlop: a pulse lasts more than 0 ms and no longer than the interval, and the "
                f"interval no longer than the trial; got {self.pulse:g}, {self.interval:g} and "
                f"{self.duration:g} ms."
            )

    @property
    def durations(self) -> dict[str, float]:
        return {"memory": self.duration}

    @property
    def channels(self) -> tuple[str, ...]:
        return names("pulses", self.bits)

    @property
    def responses(self) -> tuple[str, ...]:
        return names("bit", self.bits)

    def _intervals(self, num_steps: int) -> tuple[Int[np.ndarray, " time"], ...]:
        """Return in which interval each step lies, and how many steps it has lasted.

        By the clock: intervals that are no whole number of steps differ by one.
        """
        slot = (np.arange(num_steps) * self.dt / self.interval + 1e-9).astype(int)
        return slot, np.arange(num_steps) - np.searchsorted(slot, slot)

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        key_when, key_sign = jr.split(key)
        slot, phase = self._intervals(when.num_steps)
        on = phase < count_steps(self.pulse, self.dt)
        shape = (when.num_trials, int(slot[-1]) + 1, self.bits)
        pulses = jr.bernoulli(key_when, self.probability, shape).at[:, 0].set(True)
        signs = jnp.where(jr.bernoulli(key_sign, 0.5, shape), 1.0, -1.0)
        signal = (pulses * signs)[:, slot] * on[:, None]
        return Scene(
            signal=signal,
            noisy=jnp.ones((1, 1, self.bits), bool),
            targets=_last_sign(signal),
            scored=when.inside,
            conditions={},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        r"""Return the expected sign of the last pulse of each channel, given the inputs so far.

        In each interval a pulse comes with the probability q (1 in the first interval), and either
        sign is equally likely. From the noisy inputs of the interval, the observer computes
        likelihood ratios: $e^{r_+}$ compares a positive pulse with no pulse, and $e^{r_-}$ a
        negative pulse with no pulse. Let b be the probability, before this interval, that the last
        pulse was positive. The new value is $\frac{\frac q2 e^{r_+} + (1 - q) b}{\frac q2 (e^{r_+}
        + e^{r_-}) + 1 - q}$.
        """
        slot, phase = self._intervals(inputs.shape[1])
        now = (
            jnp.moveaxis(jnp.asarray(inputs), 1, 0),
            phase == 0,
            phase < count_steps(self.pulse, self.dt),
            np.where(slot == 0, 1.0, self.probability).astype(np.float32),
        )
        unknown = jnp.full((inputs.shape[0], self.bits), 0.5, jnp.float32)
        start = (unknown, unknown, jnp.zeros_like(unknown), jnp.zeros_like(unknown))
        weight = self.dt / max(self.noise, 1e-3) ** 2
        beliefs: Array = jax.lax.scan(functools.partial(_follow_bits, weight), start, now)[1]
        return 2 * jnp.moveaxis(beliefs, 0, 1) - 1

    chance = 0.5

    def score(self, outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
        """Return the fraction of scored outputs that have the same sign as their targets."""
        right = (outputs > 0) == (trials.targets > 0)
        return _mean_where_scored(right, trials)


def _follow_bits(weight: float, past: Any, now: Any) -> tuple[Any, Any]:
    """Return what is believed after one more step, as `FlipFlop.solve` says."""
    before, belief, up, down = past
    seen, begins, on, pulse = now
    before = jnp.where(begins, belief, before)
    up, down = (
        jnp.where(begins, 0, total) + on * (sign * seen - 0.5)
        for total, sign in ((up, 1), (down, -1))
    )
    prior = jnp.log(jnp.stack([pulse / 2, pulse / 2, 1 - pulse]))[:, None, None]
    ratios = weight * jnp.stack([up, down, jnp.zeros_like(up)])
    positive, _, none = jax.nn.softmax(prior + ratios, axis=0)
    belief = positive + none * before
    return (before, belief, up, down), belief


def _last_sign(signal: Float[Array, "trial time bit"]) -> Float[Array, "trial time bit"]:
    bits = [last_seen(x, x != 0) for x in jnp.moveaxis(signal, -1, 0)]
    return jnp.sign(jnp.stack(bits, axis=-1))


class SineWave(NoisyTask):
    r"""Turn a constant input into an oscillation that is faster for a higher input.

    The n angular frequencies $\omega_1, \dots, \omega_n$ are spaced evenly from `slowest` to
    `fastest`. Each trial draws one of them. For frequency $j$ the input is $j/n + 0.25$ throughout
    the trial, and the target is $\sin(\omega_j t)$.

    Parameters
    ----------
    dt
        Time step in ms.
    duration
        Duration of a trial in ms.
    frequencies
        The number of frequencies.
    slowest, fastest
        The lowest and the highest angular frequency in radians per 100 ms.
    tolerance
        The largest error at which an output still counts as correct in `score`.
    noise, noise_on
        The noise on the input in a step has the standard deviation σ/√dt, where σ is `noise` and dt
        is in ms. The only channel shows the stimulus throughout, so `noise_on` "stimulus" and "all"
        mean the same.

    References
    ----------
    Sussillo & Barak (2013) Neural Comput. 25:626.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.SineWave(frequencies=5)
    >>> task.trials(4, key=jax.random.key(0)).targets.shape
    (4, 315, 1)
    """

    reference: ClassVar[str] = "Sussillo & Barak (2013) Neural Comput. 25:626"
    needed: ClassVar[tuple[str, ...]] = ("oscillation",)

    dt: float = fields.step(20.0)
    duration: float = fields.period("duration", 6300.0)
    frequencies: int = fields.count("frequencies", 51)
    slowest: float = fields.value("slowest", 0.1, least=0)
    fastest: float = fields.value("fastest", 0.6, least=0)
    tolerance: float = fields.value("tolerance", 0.2, least=0, most=1)
    noise: float = fields.noise(0.0)

    @property
    def durations(self) -> dict[str, float]:
        return {"oscillation": self.duration}

    channels = ("frequency",)
    responses = ("oscillation",)

    @property
    def angular_frequencies(self) -> Float[np.ndarray, " frequency"]:
        """The angular frequencies in radians per ms."""
        return np.linspace(self.slowest, self.fastest, self.frequencies) / 100

    def _wave(self, index: Array, steps: Array) -> Float[Array, "trial time 1"]:
        omega = jnp.asarray(self.angular_frequencies, jnp.float32)[index]
        return jnp.sin(omega * (steps * self.dt))[..., None]

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        index = pick(key, when.num_trials, self.frequencies)
        level = (index + 1) / self.frequencies + 0.25
        return Scene(
            signal=shown(when.inside, level[:, None]),
            noisy=jnp.ones((1, 1, 1), bool),
            targets=self._wave(index[:, None], when.steps),
            scored=when.inside,
            conditions={"frequency": index},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Return the wave of the frequency whose input is nearest to the mean input so far."""
        steps = jnp.arange(inputs.shape[1])
        mean = jnp.cumsum(inputs[..., 0], axis=1) / (steps + 1)
        index = jnp.round((mean - 0.25) * self.frequencies).astype(int) - 1
        return self._wave(jnp.clip(index, 0, self.frequencies - 1), steps)

    @property
    def chance(self) -> float:
        """The best score that is possible with the same function of time for every input."""
        steps = np.arange(self.num_steps)
        waves = np.sort(np.sin(np.outer(steps * self.dt, self.angular_frequencies)), axis=1)
        widest = 2 * self.tolerance + 1e-6
        ends = np.array([np.searchsorted(row, row + widest, side="right") for row in waves])
        return float((ends - np.arange(self.frequencies)).max(1).mean() / self.frequencies)

    def score(self, outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
        """Return the fraction of scored outputs that are within the tolerance of their targets."""
        return _mean_where_scored(jnp.abs(outputs - trials.targets) <= self.tolerance, trials)


def _mean_where_scored(right: Array, trials: Trials) -> Float[Array, ""]:
    counted = right & trials.scored[..., None]
    return counted.sum() / jnp.maximum(trials.scored.sum() * right.shape[-1], 1)
