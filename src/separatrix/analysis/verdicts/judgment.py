"""From what was observed to what holds the states."""

import dataclasses

import numpy as np

from ...systems import AbstractSystem
from ..attractors.evidence import dimension_of, modes_of
from ..attractors.loops import longest_loop
from ..attractors.watching import Watching
from .observation import Observation

_APPROXIMATELY = 3.0
"""Times `Watching.still`: how much a set may change that holds states approximately."""
_FASTER = 5.0
"""Times the least speed, that states have before and after a ghost."""


@dataclasses.dataclass(frozen=True)
class Judgment:
    """What holds the states, and the numbers that say how well; see `Verdict`."""

    held: str
    answer: str
    doubt: str = ""
    still: float = float("nan")
    growth: float = float("nan")
    holds_for: float = float("nan")
    places: int = 0
    gap: float = float("nan")


def judge(system: AbstractSystem, seen: Observation, duration: float, method: Watching) -> Judgment:
    """Say what holds the states."""
    if seen.path.shape[1] < 3 or seen.left > 0.5 * (seen.left + seen.path.shape[1]):
        return Judgment("unknown", "unknown", doubt="few states")
    changed = np.maximum(seen.moved, np.abs(seen.size - 1))
    over = np.flatnonzero(changed > _APPROXIMATELY * method.still)
    watched = seen.times[seen.settled :] - seen.times[seen.settled]
    judged = Judgment(
        "moving",
        "no",
        still=float(seen.moved.max()),
        growth=float(seen.size[-1]),
        holds_for=min(float(watched[over[0]]) if len(over) else duration, duration),
    )
    if np.isfinite(seen.period):
        return dataclasses.replace(judged, held="cycle")
    if seen.rest > 0.5 and seen.is_bunched:
        held = "points" if seen.places > 1 else "point"
        return dataclasses.replace(judged, held=held, places=seen.places)
    kept = 0.0 if seen.is_gathered else float(np.median(seen.kept))
    if kept < method.kept and _is_ghost(seen):
        return dataclasses.replace(judged, held="ghost", places=1)
    dimension = max(1, dimension_of(seen.states, method))
    if len(over):
        return dataclasses.replace(judged, held="slow path" if dimension == 1 else "moving")
    if kept < method.kept:
        return dataclasses.replace(judged, held="unknown", answer="unknown", doubt="mixed")
    answer = "yes" if changed.max() <= method.still else "approximately"
    return _continuous(
        system, seen.states, dimension, dataclasses.replace(judged, answer=answer), method
    )


def _continuous(
    system: AbstractSystem,
    settled: np.ndarray,
    dimension: int,
    judged: Judgment,
    method: Watching,
) -> Judgment:
    """Name the set that states stay on, and say how much faster they come back to it."""
    held = "surface"
    if dimension == 1:
        birth, death = longest_loop(settled)
        held = "ring" if death >= method.loop * birth else "line"
    _, along, across = modes_of(system, settled, dimension, method)
    gap = float(np.median(along / across)) if system.size > dimension else float("nan")
    return dataclasses.replace(judged, held=held, gap=gap)


def _is_ghost(seen: Observation) -> bool:
    """Tell whether states slow down and speed up again, above what rounding explains."""
    speeds = np.concatenate([seen.speeds, seen.later_speeds])
    before = np.maximum.accumulate(speeds)
    after = np.maximum.accumulate(speeds[::-1])[::-1]
    slow = np.minimum(before, after) >= _FASTER * speeds
    return bool((slow & (speeds > 1e-8 * speeds.max())).any())
