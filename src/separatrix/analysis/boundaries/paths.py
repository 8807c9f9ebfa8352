"""The states of an arm that are kept: few, and so that the chords between them show its way."""

import numpy as np
from jaxtyping import Float, Int

from ..._parallel import chunks
from .settling import Follower, Settled

SAMPLES = 128
"""States of an arm that are kept."""
LOOKS = 1024
"""States of an arm among which they are chosen."""
APART = 1 / 8
"""Between neighbors, as a part of the way from the saddle: about 25 to a turn around it."""
LEFT = 1 / 8
"""An arm has left its saddle at this part of the distance at which it is most of the time."""
_ARMS = 64


def sampled_paths(
    follower: Follower,
    starts: Float[np.ndarray, "arm unit"],
    source: Int[np.ndarray, " arm"],
    leaving: Float[np.ndarray, " arm"],
    ends: Settled,
) -> Float[np.ndarray, "arm sample unit"]:
    """Return states along arms that leave the points `source`, whose `leaving` takes so long.

    An arm that settles is shown to its end. Samples of all the time for which an arm that circles
    for ever was followed would show nothing: it is shown as far as they show how it bends.
    """
    paths = np.zeros((len(starts), SAMPLES, starts.shape[1]))
    settles = ends.reached >= 0
    steps = np.ceil(ends.times / follower.step)
    last = np.where(settles, steps, np.minimum(steps, np.ceil(3 * leaving / follower.step)))
    places = follower.landscape.states[source]
    for those in (settles, ~settles):
        arms = np.flatnonzero(those)
        for part in chunks(len(arms), _ARMS):
            rows = arms[part]
            if those is settles:
                seen = _seen(follower, starts[rows], np.linspace(0, last[rows], LOOKS))
            else:
                seen = _departures(follower, starts[rows], places[rows], last[rows])
            for row, path in zip(rows, seen, strict=True):
                way = _way(path, places[row])
                shown = (SAMPLES - 1) * (np.inf if settles[row] else APART)
                paths[row] = path[_spread(way[: int(np.searchsorted(way, shown, "right"))])]
    return paths


def _seen(
    follower: Follower, starts: np.ndarray, times: Float[np.ndarray, "look arm"]
) -> Float[np.ndarray, "arm look unit"]:
    """Return the states of arms after numbers of steps."""
    return np.stack([*follower.motion.at(starts, np.rint(times) * follower.step)], axis=1)


def _departures(
    follower: Follower, starts: np.ndarray, places: np.ndarray, last: np.ndarray
) -> Float[np.ndarray, "arm look unit"]:
    """Return arms in two parts: until they have left the saddle, and in short steps from there on.

    A map may turn by any angle in one step, a flow by any in what is a part of the time to leave.
    """
    half = LOOKS // 2
    times = np.rint(np.linspace(0, last, half))
    seen = _seen(follower, starts, times)
    rows, strides = np.arange(len(starts)), np.ones(len(starts))
    away = np.stack([_away(*pair) for pair in zip(seen, places, strict=True)])
    extent = np.array([_extent(each) for each in away])
    left = np.maximum((away > LEFT * extent[:, None]).argmax(1) - 1, 0)
    here = seen[rows, left]
    with np.errstate(over="ignore", invalid="ignore"):
        after = follower.motion.until(follower.motion.begin(here), follower.step).states
        moved = np.linalg.norm(after - here, axis=1)
        slowly = np.nan_to_num(APART * away[rows, left] / np.maximum(moved, 1e-300))
    if not follower.motion.is_map:
        # relative to where it is: what circles moves faster, the farther out it is
        strides = np.floor(np.clip(slowly, 1, 1 + last))
    onwards = np.minimum(np.arange(half)[:, None] * strides, last - times[left, rows])
    beyond = _seen(follower, here, onwards)
    looks = np.arange(half)[None, :, None]
    return np.concatenate(
        [np.where(looks <= left[:, None, None], seen, here[:, None]), beyond], axis=1
    )


def _away(path: Float[np.ndarray, "look unit"], place: np.ndarray) -> Float[np.ndarray, " look"]:
    """Return the distance from the saddle, of states that are finite; NaN of others."""
    with np.errstate(over="ignore", invalid="ignore"):
        away = np.linalg.norm(path - place, axis=1)
    return np.where(np.isfinite(away), away, np.nan)


def _extent(away: Float[np.ndarray, " look"]) -> float:
    """Return how far a path goes, where it is most of the time after it has left."""
    known = away[~np.isnan(away)]
    return float(np.percentile(known, 60)) if len(known) else 0.0


def _way(path: Float[np.ndarray, "look unit"], place: np.ndarray) -> Float[np.ndarray, " finite"]:
    """Return the length of the way to each state, in parts of the distance reached so far.

    In parts, because a path that leaves for infinity has almost all of its length there. It ends
    where states are not finite.
    """
    away = _away(path, place)
    away = away[: int(np.append(np.isnan(away), True).argmax())]
    moved = np.linalg.norm(np.diff(path[: len(away)], axis=0), axis=1)
    reached = np.maximum(np.maximum.accumulate(away)[1:], max(_extent(away), 1e-300))
    return np.append(0.0, np.cumsum(moved / reached))


def _spread(way: Float[np.ndarray, " look"]) -> Int[np.ndarray, " sample"]:
    """Return which states are kept: all that are apart, or as many evenly along the way."""
    apart = np.flatnonzero(np.append(True, np.diff(way) > 0))
    if len(apart) <= SAMPLES:
        return apart[np.minimum(np.arange(SAMPLES), len(apart) - 1)]
    return np.searchsorted(way, np.linspace(0, way[-1], SAMPLES))
