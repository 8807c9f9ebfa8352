"""Spread and order of the states along an axis."""

import numpy as np
from jaxtyping import Float

from ..following.thresholds import AT
from .claims import Claim, Kind
from .recording import Recording

_TOLERANCE = 0.02
_RESAMPLED, _FITTED = 200, 65
"""Draws of the bootstrap over states, and instants that each draw is fitted at."""


Times = Float[np.ndarray, " time"]


def along_axis(seen: Recording, recurs: bool, unit: float) -> tuple[Times, Times, list[Claim]]:
    """Work out what is kept along the axis; over [T/2, 2T], where motion `recurs`, too.

    Returns spread and rank correlation over the times of the recording, and the claims on them.
    `unit` is the duration of a step, or tau, in ms.
    """
    instants, positions = seen.positions()
    spread, order = _spread_and_order(positions, AT.rounding if seen.is_map else AT.integration)
    at = int(np.abs(instants - seen.duration).argmin())
    whole = np.interp(seen.grid, instants, spread), np.interp(seen.grid, instants, order)
    if not np.isfinite(spread[at]):
        return *whole, []
    if not np.isfinite(order[at]):  # the states have come together, and what is left is rounding
        gone = {"value": float(spread[at]), "low": np.nan, "high": np.nan}
        lost = Claim(Kind.KEPT, {"value": False, "reversed": False})
        return *whole, [Claim(Kind.SPREAD, gone, _TOLERANCE), lost]
    both = np.stack([spread, order])
    looked = both[:, instants >= seen.duration / 2] if recurs else both[:, [at]]
    low, high = np.nanmin(looked, 1), np.nanmax(looked, 1)
    least = 0.0 if low[1] < 0 < high[1] else np.abs([low[1], high[1]]).min()
    kept = bool(low[0] >= AT.kept and least >= AT.kept)
    ranges = zip(low, high, strict=True) if recurs else [(np.nan, np.nan)] * 2
    numbers = [
        {"value": float(value), "low": float(first), "high": float(last)}
        for value, (first, last) in zip(both[:, at], ranges, strict=True)
    ]
    claims = [
        Claim(Kind.ORDER, numbers[1], _TOLERANCE),
        Claim(Kind.SPREAD, numbers[0], _TOLERANCE),
        Claim(Kind.KEPT, {"value": kept, "reversed": bool(order[at] < 0)}),
    ]
    time = _time_constant(instants[: at + 1], spread[: at + 1])
    if np.isfinite(time):
        short, long = _interval(instants[: at + 1], positions[: at + 1])
        forgets = {"value": time * unit, "low": short * unit, "high": long * unit}
        claims.append(Claim(Kind.SPREAD_TIME, forgets, 0.05))
    return *whole, claims


def _spread_and_order(positions: np.ndarray, tie: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the spread and the rank correlation at each instant; lost states are left out."""
    spread, order = np.full((2, len(positions)), np.nan)
    first = positions[0]
    whole = np.isfinite(positions).all(0)
    if not first.std() > 1e-12 * max(float(np.abs(first).max()), 1e-300):
        return spread, order
    if whole.sum() >= 3:
        part = positions[:, whole]
        spread = part.std(1) / part[0].std()
        ranks = _ranks(part, tie * float(np.ptp(part[0])))
        ranks -= ranks.mean(1, keepdims=True)
        size = np.linalg.norm(ranks, axis=1)
        with np.errstate(all="ignore"):
            order = np.where(size > 0, ranks @ ranks[0] / (size * size[0]), np.nan)
        order[spread < AT.tells * tie] = np.nan
    return spread, order


def _ranks(positions: Float[np.ndarray, "time state"], apart: float) -> np.ndarray:
    """Return the ranks of states at each instant; neighbors that are nearer than that share one."""
    places = np.argsort(positions, axis=1)
    ordered = np.take_along_axis(positions, places, 1)
    begins = np.diff(ordered, axis=1, prepend=ordered[:, :1]) > apart
    ends = np.roll(begins, -1, axis=1)
    ends[:, -1] = True
    count = np.arange(positions.shape[1])
    first = np.maximum.accumulate(np.where(begins, count, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, count, len(count))[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty_like(positions)
    np.put_along_axis(ranks, places, (first + last) / 2, 1)
    return ranks


def _time_constant(times: np.ndarray, spread: np.ndarray) -> float:
    """Return the time constant of a spread that decays (positive) or grows; NaN for none."""
    with np.errstate(all="ignore"):
        logs = np.log(spread)
    if len(times) < 5 or not np.isfinite(logs).all() or abs(logs[-1] - logs[0]) <= AT.changed:
        return float("nan")
    slope, level = np.polyfit(times, logs, 1)
    left = logs - slope * times - level
    if left.var() > (1 - AT.straight) * logs.var():
        return float("nan")
    return float(-1 / slope)


def _interval(times: np.ndarray, positions: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the time constant over draws of the states (Efron 1979)."""
    whole = positions[:, np.isfinite(positions).all(0)]
    some = np.linspace(0, len(times) - 1, min(_FITTED, len(times))).round().astype(int)
    count, part, time = whole.shape[1], whole[some] - whole[0].mean(), times[some]
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), _RESAMPLED).T
    variance = part**2 @ drawn / count - (part @ drawn / count) ** 2
    logs = np.log(np.maximum(variance, np.finfo(float).tiny)) / 2
    slopes = (time - time.mean()) @ logs / (time - time.mean()).var() / len(time)
    low, high = np.quantile(slopes, [0.025, 0.975])
    return (-1 / low, -1 / high) if low * high > 0 else (float("nan"), float("nan"))
