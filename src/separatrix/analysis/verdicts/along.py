"""What is kept along an axis: the spread of the states, and their order."""

from dataclasses import dataclass

import numpy as np
import scipy
from jaxtyping import Float

from .claims import Claim, Kind
from .recording import Recording

_KEPT = 0.5
_CHANGED, _STRAIGHT = 0.05, 0.98
_NOISE_OF_MAP, _NOISE_OF_FLOW = 1e-9, 1e-4
"""Spreads up to which rounding, or the integrator, decides the order."""


@dataclass(frozen=True)
class Along:
    """Spread and rank correlation over the times of the recording, and the claims on them."""

    spread: Float[np.ndarray, " time"]
    order: Float[np.ndarray, " time"]
    claims: list[Claim]


def along_axis(seen: Recording, axis: np.ndarray, recurs: bool) -> Along:
    """Work out what is kept along an axis; over [T/2, 2T], where motion `recurs`, too."""
    instants, positions = seen.positions()
    spread, order = _spread_and_order(positions)
    order = np.where(spread > (_NOISE_OF_MAP if seen.is_map else _NOISE_OF_FLOW), order, np.nan)
    at = int(np.abs(instants - seen.duration).argmin())
    whole = np.interp(seen.grid, instants, spread), np.interp(seen.grid, instants, order)
    if not np.isfinite(spread[at]):
        return Along(*whole, [])
    if not np.isfinite(order[at]):  # the states have come together, and what is left is rounding
        gone = {"value": float(spread[at]), "low": np.nan, "high": np.nan}
        lost = Claim(Kind.KEPT, {"value": False, "reversed": False})
        return Along(*whole, [Claim(Kind.SPREAD, gone, 0.02), lost])
    second = instants >= seen.duration / 2
    ranges = {}
    for name, values in (("spread", spread), ("order", order)):
        known = values[second & np.isfinite(values)]
        ranges[name] = (float(known.min()), float(known.max())) if recurs else (np.nan, np.nan)
    numbers = {
        name: {"value": float(values[at]), "low": ranges[name][0], "high": ranges[name][1]}
        for name, values in (("spread", spread), ("order", order))
    }
    worst_spread = ranges["spread"][0] if recurs else numbers["spread"]["value"]
    low, high = ranges["order"] if recurs else (numbers["order"]["value"],) * 2
    worst_order = 0.0 if low < 0 < high else min(abs(low), abs(high))
    kept = bool(worst_spread >= _KEPT and worst_order >= _KEPT)
    reverses = bool(numbers["order"]["value"] < 0)
    claims = [
        Claim(Kind.ORDER, numbers["order"], 0.02),
        Claim(Kind.SPREAD, numbers["spread"], 0.02),
        Claim(Kind.KEPT, {"value": kept, "reversed": reverses}),
    ]
    time = _time_constant(instants[: at + 1], spread[: at + 1])
    if np.isfinite(time):
        unit = {"value": time}
        claims.append(Claim(Kind.SPREAD_TIME, unit, 0.05))
    return Along(*whole, claims)


def _spread_and_order(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the spread and the rank correlation at each instant; lost states are left out."""
    spread, order = np.full((2, len(positions)), np.nan)
    first = positions[0]
    whole = np.isfinite(positions).all(0)
    if not first.std() > 1e-12 * max(float(np.abs(first).max()), 1e-300):
        return spread, order
    if whole.sum() >= 3:
        part = positions[:, whole]
        spread = part.std(1) / part[0].std()
        ranks = scipy.stats.rankdata(part, axis=1)
        ranks -= ranks.mean(1, keepdims=True)
        size = np.linalg.norm(ranks, axis=1)
        with np.errstate(all="ignore"):
            order = np.where(size > 0, ranks @ ranks[0] / (size * size[0]), 0.0)
        # Positions that rounding makes of one have no order.
        scale = 1e-12 * np.abs(part).max(1)
        order = np.where(np.ptp(part, axis=1) > scale, order, 0.0)
    return spread, order


def _time_constant(times: np.ndarray, spread: np.ndarray) -> float:
    """Return the time constant of a spread that decays (positive) or grows; NaN for none."""
    with np.errstate(all="ignore"):
        logs = np.log(spread)
    if len(times) < 5 or not np.isfinite(logs).all() or abs(logs[-1] - logs[0]) <= _CHANGED:
        return float("nan")
    slope, level = np.polyfit(times, logs, 1)
    left = logs - slope * times - level
    if left.var() > (1 - _STRAIGHT) * logs.var():
        return float("nan")
    return float(-1 / slope)
