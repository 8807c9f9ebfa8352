"""Motion that does not close: whether it stays within bounds, or grows."""

from collections.abc import Iterator

import numpy as np

from .pool import Pool
from .thresholds import AT
from .turns import principal

_PARTS = 16
"""Of the second half of the way, which are compared."""


def is_bounded(times: np.ndarray, path: np.ndarray, pool: Pool) -> bool:
    """Whether a state keeps coming back within bounds, on the second half of its way."""
    return len(path) >= 2 * _PARTS and _comes_back(path) and not _spirals(times, path, pool)


def _comes_back(path: np.ndarray) -> bool:
    """Whether a path oscillates, does not drift, and neither grows nor shrinks steadily."""
    center = path.mean(0)
    direction = principal(path - center, 1)[0]
    along = (path - center) @ direction
    if np.count_nonzero(np.diff(np.sign(along))) < AT.crossings:
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
    shift = np.linalg.norm(late.mean(0) - early.mean(0))
    within = abs(np.log(grown)) <= AT.change and shift <= AT.shift * size
    return bool(within and not _has_trend(np.arange(_PARTS), sizes, AT.steady))


def _has_trend(times: np.ndarray, sizes: np.ndarray, straight: float) -> bool:
    """Whether the size of a motion grows or shrinks steadily, as that of a spiral."""
    logs = np.log(sizes)
    changed = abs(np.polyfit(times, logs, 1)[0]) * float(np.ptp(times)) > AT.trend
    return bool(changed and np.corrcoef(times, logs)[0, 1] ** 2 >= straight)


def _spirals(times: np.ndarray, path: np.ndarray, pool: Pool) -> bool:
    """Whether the part of a mode of the point within grows or shrinks exponentially."""
    center = path.mean(0)
    away = np.linalg.norm(pool.states - center, axis=1)
    size = float(np.sqrt(((path - center) ** 2).sum(1).mean()))
    if not len(away) or away.min() > size:
        return False
    near = int(away.argmin())
    part = np.abs((path - pool.states[near]) @ pool.left[near])
    return bool((part > 0).all()) and _has_trend(times, part, AT.straight)


def growth_time(times: np.ndarray, path: np.ndarray, pool: Pool) -> float:
    """Return the time constant with which a state leaves; NaN where it does not, exponentially."""
    for measure in _measures(path, pool) if len(path) >= 8 else ():
        with np.errstate(all="ignore"):
            logs = np.log(measure)
        if not np.isfinite(logs).all():
            continue
        slope, level = np.polyfit(times, logs, 1)
        left = logs - slope * times - level
        straight = np.polyval(np.polyfit(times, measure, 1), times)
        is_steady = np.square(measure - straight).mean() <= left.var() * np.square(measure).mean()
        is_straight = left.var() <= (1 - AT.straight) * logs.var()
        if slope * float(np.ptp(times)) > AT.grown and is_straight and not is_steady:
            return float(1 / slope)
    return float("nan")


def _measures(places: np.ndarray, pool: Pool) -> Iterator[np.ndarray]:
    """Yield what may grow: the distance to the nearest point, the part of its mode in it."""
    if not len(pool.states):
        yield np.linalg.norm(places, axis=1)
        return
    near = int(np.linalg.norm(pool.states - places[-1], axis=1).argmin())
    displaced = places - pool.states[near]
    yield np.linalg.norm(displaced, axis=1)
    yield np.abs(displaced @ pool.left[near])
