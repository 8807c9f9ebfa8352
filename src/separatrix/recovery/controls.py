"""Controls: recordings of circuits with a planted mechanism that are like a given recording."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from .._types import InvalidInputError
from ..analysis import Verdict
from ..fits import regression
from ..models.circuits import MECHANISMS, Circuit, circuit
from ..systems import AbstractSystem
from .data import LEAST_WHITE, Kind, Recording, Statistic, departures, statistics
from .fitted import RIDGE, judged

Own = Callable[[int, int], AbstractSystem]
"""A user's mechanism: it takes a number of units and a seed, and returns a system."""
WATCHED, WATCHED_LATENT, LATENT = 32, 64, 16
"""States of a circuit whose own verdict is asked; of latent variables, if they are at most 16."""
SETTLING = 3.0
"""Time constants that a circuit runs before its recording begins."""
_LINEAR = ("line", "surface", "leak", "chain", "amplifier")
KICKS = 32
TRIED, REFINED, ENOUGH = 12, 36, 0.15
"""Settings that are tried at random to make a mechanism like the recording; from the best; and the
sum of squared differences, in tolerances, at which no more are tried."""
VAIN = 3.0
"""Tolerances; what is farther from the recording after twice as many settings is given up."""
CIRCUITS = 3
"""Circuits whose mean statistics are compared while settings are tried."""
MOST_SAMPLES = 6_000
"""States of the recordings that are made while settings are tried."""
_RANGES = {"gain": (0.03, 10.0), "noise": (0.003, 100.0), "observation": (0.003, 2.0)}
"""Ranges of the settings that are searched on a logarithmic scale."""
_BACKGROUND = (0.02, 0.97)
_TURNS = 5.3
"""Turns of a cosine last so many of its autocorrelation times."""


@dataclass(frozen=True)
class Setting:
    """How a mechanism is planted to be like the recording.

    The input, or without one the first state, is scaled by `gain`; `noise` is the standard
    deviation of the process noise in a time constant, `observation` that of the noise of each unit,
    relative to that of the unit. `background` and `period` are those of `sx.models.circuit`.
    """

    gain: float = 0.3
    noise: float = 0.05
    observation: float = 0.03
    background: float | None = None
    period: float | None = None


@dataclass(frozen=True, eq=False)
class Planted:
    """A recording of a circuit with a planted mechanism."""

    recording: Recording
    own: str
    """The word of the circuit's own verdict; "" if it was not asked."""
    kicked: Float[np.ndarray, "kick unit"]
    responses: Float[np.ndarray, "kick time unit"]


@dataclass(frozen=True, eq=False)
class Planting:
    """How controls of one mechanism are made."""

    mechanism: str
    own: Own | None
    units: int
    rank: int | None
    like: Recording
    kicks: tuple[np.ndarray, np.ndarray] | None = None
    setting: Setting = field(default_factory=Setting)

    @property
    def is_linear(self) -> bool:
        """Whether the size of the activity changes nothing, so that only noise is set."""
        return self.own is None and self.mechanism in _LINEAR

    @property
    def has_background(self) -> bool:
        """Whether there are modes beside the mechanism, whose radius is set."""
        if self.own is not None or self.rank is not None:
            return False
        return MECHANISMS[self.mechanism].background is not None

    def plant(self, seed: int, *, quick: bool = False) -> Planted:
        """Return the control of a seed; a quick one has neither its own verdict nor kicks."""
        like, setting = self.like, self.setting
        rng = np.random.default_rng([seed, 1, *self.mechanism.encode()])
        made = self._circuit(seed)
        step = made.step if isinstance(made, Circuit) else _stepping(made)
        leak = like.dt / like.tau
        sigma = setting.noise * np.sqrt(leak)
        trials, times, seen = like.activity.shape
        if quick:
            trials = min(trials, max(2, MOST_SAMPLES // times))
        inputs = _scaled(like, setting.gain)[:trials]
        states = np.empty((times, trials, self.units), np.float32)
        now = self._start(made, trials, rng)
        none = np.zeros((trials, inputs.shape[-1]))
        for _ in range(round(SETTLING / leak)):
            now = step(now, none) + sigma * rng.standard_normal(now.shape, np.float32)
        for t in range(times):
            now = step(now, inputs[:, t]) + sigma * rng.standard_normal(now.shape, np.float32)
            states[t] = now
        states = states.transpose(1, 0, 2)
        units = rng.permutation(self.units)[:seen]
        eye = _Observation.of(states[:, :, units], like, setting.observation)
        given = None if like.inputs is None else like.inputs[:trials]
        recording = replace(like, activity=eye.observed(states[:, :, units], rng), inputs=given)
        if quick:
            nothing = np.zeros((0, seen)), np.zeros((0, 1, seen))
            return Planted(recording, "", *nothing)
        found = _own_verdict(made, states, like)
        flat = states.reshape(-1, self.units)
        kicked, responses = _kicked(self, step, flat, units, eye, none.shape[-1], rng)
        return Planted(recording, found.held, kicked, responses)

    def _circuit(self, seed: int) -> Circuit | AbstractSystem:
        like = self.like
        channels = 0 if like.inputs is None else like.inputs.shape[-1]
        if self.own is None:
            return circuit(
                self.mechanism,
                self.units,
                channels=channels,
                rank=self.rank,
                seed=seed,
                dt=like.dt,
                tau=like.tau,
                duration=like.duration,
                background=self.setting.background,
                period=self.setting.period,
            )
        made = self.own(self.units, seed)
        fits = isinstance(made, AbstractSystem) and made.size == self.units
        if (
            not fits
            or made.kind != "map"
            or np.size(made.input) != channels * (made.input is not None)
        ):
            raise InvalidInputError(
                f"mechanisms[{self.mechanism!r}] must return a DiscreteMap of {self.units} units "
                f"that takes an input of {channels} channels, or none, got {made!r:.60}."
            )
        return made

    def _start(self, made: Circuit | AbstractSystem, trials: int, rng: Any) -> np.ndarray:
        """Return first states, spread along the directions that inputs drive."""
        driven = made.driven if isinstance(made, Circuit) else np.eye(self.units)
        is_small = self.like.inputs is None or self.is_linear
        size = self.setting.gain if is_small else 1.0
        return size * rng.normal(size=(trials, driven.shape[1])) @ driven.T


def _stepping(system: AbstractSystem) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a step of many states of a user's system, at one input for each."""
    if system.input is None:
        alone = eqx.filter_jit(eqx.filter_vmap(system.evaluate))
        return lambda states, inputs: np.asarray(alone(jnp.asarray(states)), float)
    driven = eqx.filter_jit(eqx.filter_vmap(system.evaluate))
    return lambda states, inputs: np.asarray(
        driven(jnp.asarray(states), jnp.asarray(inputs)), float
    )


def _scaled(like: Recording, gain: float) -> np.ndarray:
    """Return the inputs of the recording at the size that the circuit gets."""
    if like.inputs is None:
        return np.zeros((*like.activity.shape[:2], 0))
    size = np.sqrt((like.inputs**2).mean()) or 1.0
    return gain * like.inputs / size


@dataclass(frozen=True, eq=False)
class _Observation:
    """What is recorded of the states of some units: their values, scaled, with noise.

    Rates of both signs are scaled by one number, so that a nonlinearity stays what it is. Units of
    other recordings get the means and the standard deviations of the recorded ones, in order of
    size.
    """

    middle: np.ndarray
    scale: np.ndarray
    means: np.ndarray
    noise: np.ndarray
    kind: str
    is_positive: bool

    @classmethod
    def of(cls, states: np.ndarray, like: Recording, observation: float) -> "_Observation":
        middle, deviation = states.mean((0, 1)), states.std((0, 1)) + 1e-12
        means, wanted = like.activity.mean((0, 1)), like.activity.std((0, 1))
        is_positive = bool((like.activity >= 0).all())
        if like.kind == Kind.RATES and not is_positive:
            middle = means = np.zeros_like(middle)
            wanted = deviation * np.sqrt((wanted**2).mean() / (deviation**2).mean())
        else:
            order, places = np.argsort(wanted), np.argsort(np.argsort(deviation))
            means, wanted = means[order][places], wanted[order][places]
        if like.kind == Kind.COUNTS:  # the rest is the variance of Poisson's numbers
            wanted = np.sqrt(np.maximum(wanted**2 - means, 0.05 * wanted**2))
        signal = wanted / np.sqrt(1 + observation**2)
        return cls(middle, signal / deviation, means, observation * signal, like.kind, is_positive)

    def seen(self, states: np.ndarray) -> np.ndarray:
        """Return the values of units without noise."""
        values = self.means + self.scale * (states - self.middle)
        return np.maximum(values, 0) if self.is_positive else values

    def observed(self, states: np.ndarray, rng: Any) -> np.ndarray:
        """Return what is recorded."""
        values = self.seen(states)
        values = values + self.noise * rng.normal(size=values.shape)
        if self.is_positive:
            values = np.maximum(values, 0)
        return rng.poisson(values).astype(float) if self.kind == Kind.COUNTS else values


def _own_verdict(made: Circuit | AbstractSystem, states: np.ndarray, like: Recording) -> Verdict:
    if not isinstance(made, Circuit):
        return judged(made, states, like, WATCHED)
    if made.latent is None or made.patterns is None:
        return judged(made.system, states, like, WATCHED)
    flat = states.reshape(-1, states.shape[-1])
    inward = np.linalg.pinv(made.patterns)
    latent = (flat @ inward.T).reshape(*states.shape[:2], -1)
    count = WATCHED_LATENT if made.latent.size <= LATENT else WATCHED
    return judged(made.latent, latent, like, count)


def _kicked(
    planting: Planting,
    step: Callable[[np.ndarray, np.ndarray], np.ndarray],
    flat: np.ndarray,
    units: np.ndarray,
    eye: _Observation,
    channels: int,
    rng: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Kick recorded units in states of the circuit, without noise; return both as recorded.

    A kick has the size of a unit's standard deviation, or puts the units as far from their mean as
    the user's kicks do.
    """
    like, count, steps, size = planting.like, KICKS, planting.like.steps, 1.0
    if planting.kicks is not None:
        given, answers = planting.kicks
        count, steps = answers.shape[:2]
        means, deviations = like.activity.mean((0, 1)), like.activity.std((0, 1))
        # A state of the recording is one deviation away before it is kicked.
        size = np.sqrt(max(0.05, (((given - means) / deviations) ** 2).mean() - 1))
    now = flat[rng.integers(len(flat), size=count)]
    scale = flat[:, units].std(0)
    now[:, units] += size * scale * rng.normal(size=(count, len(units)))
    kicked, path = eye.seen(now[:, units]), np.empty((steps, count, len(units)))
    none = np.zeros((count, channels))
    for t in range(steps):
        now = step(now, none)
        path[t] = eye.seen(now[:, units])
    return kicked, path.transpose(1, 0, 2)


def quick_error(recording: Recording) -> float:
    """Return 1 − R² of a linear model of the next state, by regression."""
    before, after = recording.activity[:, :-1], recording.activity[:, 1:]
    if recording.inputs is not None:
        before = np.concatenate([before, recording.inputs[:, 1:]], -1)
    weights = regression(before, after, RIDGE)
    left = after - before @ weights[:-1] - weights[-1]
    return float((left**2).sum() / ((after - after.mean((0, 1))) ** 2).sum())


def tuned(planting: Planting, wanted: np.ndarray, seed: int) -> tuple[Planting, np.ndarray]:
    """Return how the mechanism is most like the recording, and by how many tolerances it is not.

    `wanted` are the statistics of the recording, with the one-step error of a linear model.
    """
    white = wanted[list(Statistic).index(Statistic.WHITE)] - LEAST_WHITE
    names = [name for name in _RANGES if name != "gain" or not planting.is_linear]
    low, high = np.log([_RANGES[name] for name in names]).T
    if planting.has_background:
        low, high = np.append(low, _BACKGROUND[0]), np.append(high, _BACKGROUND[1])
    fixed = {"gain": 1.0} if planting.is_linear else {}
    if planting.own is None and planting.mechanism == "cycle":
        fixed["period"] = _period(planting.like, wanted)
    tried: list[tuple[float, Planting, np.ndarray]] = []

    def at(values: np.ndarray) -> float:
        scaled = dict(zip(names, np.exp(values).tolist(), strict=False))
        if planting.has_background:
            scaled["background"] = float(values[-1])
        one = replace(planting, setting=Setting(**(scaled | fixed)))
        each = []
        for k in range(CIRCUITS):  # one circuit alone may be unusual
            made = one.plant(seed + k, quick=True).recording
            if not np.isfinite(made.activity).all():
                return 1e6
            each.append(departures(statistics(made, quick_error(made)), wanted))
        away = np.minimum(np.abs(np.mean(each, 0)), 50.0)
        tried.append((float((away**2).sum()), one, away))
        return tried[-1][0]

    def enough(values: np.ndarray) -> None:
        loss, _, away = min(tried, key=lambda row: row[0])
        if loss < ENOUGH or (len(tried) > 2 * TRIED and away.max() > VAIN):
            raise StopIteration

    draws = np.random.default_rng([seed, 2]).uniform(low, high, (TRIED, len(low)))
    # White noise of the recording is that of the observation.
    noisy = names.index("observation")
    draws[:, noisy] = np.clip(np.log(white / (1 - white) + 1e-9) / 2, low[noisy], high[noisy])
    first = draws[np.argmin([at(draw) for draw in draws])]
    aside = np.where(first < (low + high) / 2, 0.15, -0.15) * (high - low)
    minimize(
        at,
        first,
        method="Nelder-Mead",
        bounds=list(zip(low, high, strict=True)),
        callback=enough,
        options={
            "maxfev": REFINED,
            "initial_simplex": np.vstack([first, first + np.diag(aside)]),
        },
    )
    if not tried:
        return planting, np.full(len(wanted), np.inf)
    return min(tried, key=lambda row: row[0])[1:]


def _period(like: Recording, wanted: np.ndarray) -> float:
    """Return the turn of a cycle whose autocorrelation falls as that of the recording does."""
    time = wanted[list(Statistic).index(Statistic.AUTOCORRELATION)]
    return float(np.clip(_TURNS * time, max(2 * like.tau, 8 * like.dt), 0.9 * like.duration))
