"""The recording that a model was fitted to, and the numbers by which others are like it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from jaxtyping import Float

from .._types import InvalidInputError, counted, real_array

LAGS = (0.5, 2.0)
"""Ages of the older states that closure looks at, in time constants of the units."""
LEAST_LATER = 10
"""Time steps that a trial has beyond the longest lag, at least."""


class Kind(StrEnum):
    """What the numbers of a recording are."""

    RATES = "rates"
    COUNTS = "spike counts"
    ZSCORED = "z-scored rates"


@dataclass(frozen=True, eq=False)
class Recording:
    """Activity `(trial, time, unit)` of some units of a circuit, and the inputs that it had.

    `dt`, `tau` and `duration` are in ms.
    """

    activity: Float[np.ndarray, "trial time unit"]
    inputs: Float[np.ndarray, "trial time channel"] | None
    kind: str
    dt: float
    tau: float
    duration: float

    @property
    def lags(self) -> tuple[int, ...]:
        """The ages of older states in time steps."""
        return tuple(max(1, round(lag * self.tau / self.dt)) for lag in LAGS)

    @property
    def steps(self) -> int:
        """The duration T in time steps."""
        return max(1, round(self.duration / self.dt))


def recording_of(
    activity: Any, inputs: Any, *, dt: float, tau: float, duration: float
) -> Recording:
    """Return a recording that can be analyzed; raise InvalidInputError for one that cannot."""
    activity = real_array(activity, "activity")
    if activity.ndim != 3 or 0 in activity.shape:
        raise InvalidInputError(
            f"activity must have shape (trial, time, unit), got {activity.shape}."
        )
    trials, times, _ = activity.shape
    if dt > tau:
        raise InvalidInputError(f"dt must be at most tau = {tau:g} ms, got {dt:g}.")
    made = Recording(activity, None, Kind.RATES, dt, tau, duration)
    if trials < 2:
        raise InvalidInputError(
            "activity has one trial, and closure is measured on trials that were held out: give at "
            "least two, or cut the trial in two."
        )
    least = max(made.lags) + LEAST_LATER
    if times < least:
        raise InvalidInputError(
            f"activity has {counted(times, 'time step')} in a trial, and closure looks back "
            f"{max(made.lags)} of them: give at least {least}, or a smaller tau."
        )
    if not np.isfinite(activity).all():
        trial, time, unit = (int(k) for k in np.argwhere(~np.isfinite(activity))[0])
        raise InvalidInputError(
            f"activity has gaps: trial {trial}, time {time}, unit {unit} is "
            f"{activity[trial, time, unit]}. Leave out such trials, or fill the gaps."
        )
    still = np.flatnonzero(activity.std((0, 1)) <= 1e-12 * np.abs(activity).max())
    if len(still):
        raise InvalidInputError(
            f"{counted(len(still), 'unit')} of activity never changed, the first is unit "
            f"{still[0]}: leave out silent units."
        )
    if inputs is not None:
        inputs = real_array(inputs, "inputs")
        if inputs.ndim != 3 or inputs.shape[:2] != (trials, times) or not np.isfinite(inputs).all():
            raise InvalidInputError(
                f"inputs must be finite and have shape ({trials}, {times}, channel), as activity "
                f"has {trials} trials of {times} steps, got {inputs.shape}."
            )
    return Recording(activity, inputs, _kind(activity), dt, tau, duration)


def _kind(activity: np.ndarray) -> str:
    if (activity >= 0).all() and (activity == activity.round()).all():
        return Kind.COUNTS
    means, deviations = activity.mean((0, 1)), activity.std((0, 1))
    is_scored = np.abs(means).max() < 0.05 and np.abs(deviations - 1).max() < 0.05
    return Kind.ZSCORED if is_scored else Kind.RATES


class Statistic(StrEnum):
    """Numbers by which a control has to be like the recording."""

    AUTOCORRELATION = "autocorrelation time"
    DIMENSION = "participation ratio"
    TRIALS = "variance across trials"
    ONE_STEP = "one-step error"
    WHITE = "white noise"


TOLERANCE = {
    Statistic.AUTOCORRELATION: np.log(2.5),
    Statistic.DIMENSION: np.log(2.0),
    Statistic.TRIALS: 0.15,
    Statistic.ONE_STEP: np.log(2.0),
    Statistic.WHITE: np.log(2.0),
}
"""How far a control may be from the recording: in the logarithm, but for the share of variance."""
SHOWN = (3, 40)
"""Trials and time steps of a picture, at most."""
LEAST_WHITE = 1e-3
"""Part of the variance that is added to the white noise, as less of it cannot be measured."""


def departures(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return by how many tolerances a list of statistics is above another, one by one."""
    found = []
    for a, b, (name, tolerance) in zip(one, other, TOLERANCE.items(), strict=True):
        away = a - b if name == Statistic.TRIALS else np.log(max(a, 1e-12) / max(b, 1e-12))
        found.append(away / tolerance if np.isfinite(away) else np.inf)
    return np.array(found)


def statistics(recording: Recording, one_step_error: float) -> np.ndarray:
    """Return the statistics of a recording: autocorrelation time in ms, and four pure numbers.

    Each unit counts by its variance. The variance across trials is the part of the variance that is
    left when the mean over trials is taken away at each time. The one-step error is 1 − R² of the
    fit. White noise is the part of the variance that is gone after one step: by how much the
    autocovariance at lag 0 lies above the straight line through those at lags 1 and 2.
    """
    activity = recording.activity
    away = activity - activity.mean((0, 1))
    variance = (away**2).sum()
    values = np.linalg.eigvalsh(np.einsum("ktu,ktv->uv", away, away))
    across = ((away - away.mean(0)) ** 2).sum() / variance
    ratio = values.sum() ** 2 / (values**2).sum()
    lagged = _autocovariance(away)
    white = max(0.0, 1 - (2 * lagged[1] - lagged[2]) / lagged[0]) + LEAST_WHITE
    time = _falls(lagged[1:]) * recording.dt
    return np.array([time, ratio, across, one_step_error, white])


def picture(activity: Float[np.ndarray, "trial time unit"]) -> Float[np.ndarray, "few fewer 2"]:
    """Return a few trials along the first two principal components, in their largest deviation."""
    trials, times = SHOWN
    away = activity - activity.mean((0, 1))
    values, directions = np.linalg.eigh(np.einsum("ktu,ktv->uv", away, away))
    shown = away[:trials, :: -(-away.shape[1] // times)] @ directions[:, :-3:-1]
    shown = shown / np.sqrt(values[-1] / (away.shape[0] * away.shape[1]))
    return np.pad(shown, ((0, 0), (0, 0), (0, 2 - shown.shape[2])))


def _autocovariance(away: np.ndarray) -> np.ndarray:
    """Return the autocovariance at lags of up to half a trial."""
    most = away.shape[1] // 2
    size = 1 << (2 * away.shape[1] - 1).bit_length()
    power = np.abs(np.fft.rfft(away, size, axis=1)) ** 2
    lagged = np.fft.irfft(power.sum((0, 2)), size)[: most + 1]
    return lagged / (away.shape[1] - np.arange(most + 1))


def _falls(lagged: np.ndarray) -> float:
    """Return after how many steps numbers fall to 1/e of the first; if never, how many there are.

    The first is the autocovariance at lag 1, so that white noise does not count.
    """
    level = lagged[0] / np.e
    below = np.flatnonzero(lagged < level)
    if not len(below):
        return float(len(lagged))
    k = below[0]
    return float(k - 1 + (lagged[k - 1] - level) / (lagged[k - 1] - lagged[k]))
