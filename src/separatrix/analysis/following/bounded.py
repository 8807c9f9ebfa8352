"""Motion that does not close: whether it stays within bounds, or grows."""

import numpy as np

from .history import History
from .pool import Pool
from .turns import Turn, invariant_circle, principal

_PARTS = 8
"""Of the second half of the way, which are compared."""
_CHANGE = 0.25
_SHIFT = 0.5
_CROSSINGS = 6
_TREND = 0.02
_GROWN, _STRAIGHT = 0.05, 0.98


def bounded_motion(
    history: History, rows: np.ndarray, is_map: bool
) -> tuple[np.ndarray, list[Turn | None]]:
    """Return which rows keep coming back within bounds, and of these, on which circle."""
    bounded, circles = np.zeros(len(rows), bool), []
    for k, row in enumerate(rows):
        times, places = history.places(int(row))
        second = places[times >= times[-1] / 2]
        bounded[k] = len(second) >= 32 and _comes_back(second)
        if bounded[k]:
            circles.append(invariant_circle(history.recent(int(row))[1]) if is_map else None)
    return bounded, circles


def _comes_back(path: np.ndarray) -> bool:
    """Whether a path oscillates, does not drift, and neither grows nor shrinks steadily."""
    center = path.mean(0)
    direction = principal(path - center, 1)[0]
    along = (path - center) @ direction
    if np.count_nonzero(np.diff(np.sign(along))) < _CROSSINGS:
        return False
    parts = np.array_split(path - center, _PARTS)
    sizes = np.array([np.sqrt((part**2).sum(1).mean()) for part in parts])
    early, late = path[: len(path) // 2], path[len(path) // 2 :]
    size = float(np.sqrt(((path - center) ** 2).sum(1).mean()))
    if not size > 0:
        return False
    grown = np.sqrt(((late - center) ** 2).sum(1).mean()) / np.sqrt(
        ((early - center) ** 2).sum(1).mean()
    )
    steady = (np.diff(sizes) > 0).all() or (np.diff(sizes) < 0).all()
    trend = abs(np.log(sizes[-1] / sizes[0])) > _TREND
    shift = np.linalg.norm(late.mean(0) - early.mean(0))
    within = abs(np.log(grown)) <= _CHANGE and shift <= _SHIFT * size
    return bool(within and not (steady and trend))


def growth_times(history: History, rows: np.ndarray, pool: Pool) -> np.ndarray:
    """Return the time constants with which states leave; NaN where they do not, exponentially."""
    found = np.full(len(rows), np.nan)
    for k, row in enumerate(rows):
        times, places = history.places(int(row))
        second = times >= times[-1] / 2
        if second.sum() < 8:
            continue
        center = np.zeros(places.shape[1])
        if len(pool.states):
            away = np.linalg.norm(pool.states - places[-1], axis=1)
            center = pool.states[int(away.argmin())]
        with np.errstate(all="ignore"):
            logs = np.log(np.linalg.norm(places[second] - center, axis=1))
        if not np.isfinite(logs).all():
            continue
        slope, level = np.polyfit(times[second], logs, 1)
        left = logs - slope * times[second] - level
        gained = slope * float(np.ptp(times[second]))
        if gained > _GROWN and left.var() <= (1 - _STRAIGHT) * logs.var():
            found[k] = 1 / slope
    return found
