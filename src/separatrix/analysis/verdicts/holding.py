"""Classification of what holds states over T: from measurements to words, by thresholds."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from jaxtyping import Bool, Float, Int

from ...systems import AbstractSystem
from ...systems.motion import Motion
from ..fixed_points.evaluator import Evaluator
from ..fixed_points.search import find_fixed_points
from ..following.end import Ends, What
from ..following.sizes import error_of, extent_of, scale_of
from ..following.thresholds import AT, Thresholds, tried
from .claims import Held
from .gaps import Gaps, dimension_of, landmarks_of, measure
from .recording import Recording

_STEP = 1e-4
"""Of the size of a state: over which a second derivative is taken."""


@dataclass(frozen=True)
class Measured:
    """Measurements that decide what holds `count` states, one number for each state.

    Attributes
    ----------
    is_followed
        Whether it was followed for 2 T, or to its end.
    period
        Of the closed curve that it ends on, in T; inf for none.
    place, left
        The point at which it ends (−1: none), and what is left to go at T, as a part of the
        distance to the nearest other end.
    moved
        Largest distance from where it was at T, during the second T, as a part of E.
    displaced
        The distance between where it was at T and at 2 T, as a part of E.
    slowed, beside
        How many times slower it becomes before it is as much faster again; how far its slow stretch
        stays from the nearest fixed point, as a part of the diameter of its path; inf for none.
    at_minimum, as_long
        Of each minimum of the speed: how far it is from its slow stretch, as a part of the diameter
        of its path; how long that takes, as a part of a passage `(state, minimum)`.
    is_along
        Whether the states at T and at 2 T together lie along one dimension.
    saddle
        The fixed point beside the slow stretches, one for all `(unit,)`; None: there are several,
        or none.
    """

    ends: Ends
    extent: float
    first_extent: float
    is_followed: Bool[np.ndarray, " state"]
    period: Float[np.ndarray, " state"]
    place: Int[np.ndarray, " state"]
    left: Float[np.ndarray, " state"]
    moved: Float[np.ndarray, " state"]
    displaced: Float[np.ndarray, " state"]
    slowed: Float[np.ndarray, " state"]
    beside: Float[np.ndarray, " state"]
    at_minimum: Float[np.ndarray, "state minimum"]
    as_long: Float[np.ndarray, "state minimum"]
    is_along: bool
    gaps: Gaps | None
    saddle: Float[np.ndarray, " unit"] | None

    def has_set(self, at: Thresholds) -> bool:
        """Whether the states have not come together."""
        return self.extent > at.together * self.first_extent


@dataclass(frozen=True)
class Word:
    """A word that is true of the states, with what it rests on."""

    held: Held
    answer: str = "no"
    pieces: int = 0
    dimension: int = 0
    attracting: float = float("nan")
    connected: float = float("nan")
    places: int = 0


def measured(system: AbstractSystem, ends: Ends, seen: Recording) -> Measured:
    """Work out what decides what holds the states."""
    count, duration = len(seen.starts), seen.duration
    settled = np.isfinite(seen.settled).all(1)
    extent = extent_of(seen.settled[settled])
    known = ~ends.are(What.UNKNOWN)
    with np.errstate(all="ignore"):
        moved = seen.moved / extent if extent > 0 else np.where(seen.moved > 0, np.inf, 0.0)
        displaced = np.linalg.norm(seen.later - seen.settled, axis=1) / max(extent, 1e-300)
    place, left = _left_to_go(system, ends, seen)
    partial = Measured(
        ends=ends,
        extent=extent,
        first_extent=scale_of(system, seen.starts),
        is_followed=known | np.isfinite(seen.later).all(1),
        period=_periods(ends, duration),
        place=place,
        left=left,
        moved=np.where(settled, moved, np.inf),
        displaced=np.nan_to_num(displaced, nan=np.inf),
        slowed=np.zeros(count),
        beside=np.full(count, np.inf),
        at_minimum=np.full((count, 1), np.inf),
        as_long=np.full((count, 1), np.inf),
        is_along=_lie_along(seen),
        gaps=None,
        saddle=None,
    )
    if partial.has_set(AT) and _holds(partial.moved <= 2 * AT.approximately_still, AT):
        motion = Motion(system, seen.settled[settled], (duration, 2 * duration))
        there = seen.settled[settled]
        gaps = measure(motion, there, duration)
        if words(replace(partial, gaps=gaps))[0].held == Held.STILL:
            gaps = measure(motion, there, duration, is_stretched=True)
        return replace(partial, gaps=gaps)
    return replace(partial, **_slowing(system, ends, seen))


def words(m: Measured, at: Thresholds = AT) -> list[Word]:
    """Return all words that are true, the first one first; there is always one."""
    ends = m.ends
    if not _holds(m.is_followed, at):
        return [Word(Held.UNKNOWN, "unknown")]
    found = []
    if _holds(m.period <= 1 + at.period, at):
        found.append(Word(Held.CYCLE))
    at_end = m.place[(m.place >= 0) & (m.left <= at.left_to_go)]
    if _holds((m.place >= 0) & (m.left <= at.left_to_go), at):
        counts = np.bincount(at_end)
        one = counts.max() >= (1 - at.exceptions) * len(m.place)
        places = 1 if one else int((counts > 0).sum())
        found.append(Word(Held.POINT if one else Held.POINTS, places=places))
    if m.gaps is not None and m.has_set(at) and not found:
        found += _continuous(m, m.gaps, at)
    keeps = ~ends.are(What.CURVE, What.BOUNDED)
    as_long = (m.as_long >= at.shortest_passage) & (m.as_long <= at.longest_passage)
    lingers = (as_long & (m.at_minimum <= at.away_from_points)).any(1)
    if _holds(keeps & (m.slowed >= at.slower) & (m.beside > at.away_from_points) & lingers, at):
        found.append(Word(Held.GHOST))
    if _holds(ends.are(What.BOUNDED), at):
        found.append(Word(Held.RECURRENT))
    if _holds(ends.are(What.INFINITY), at):
        found.append(Word(Held.DIVERGING))
    if (
        m.is_along
        and m.has_set(at)
        and not found
        and _holds(m.displaced > at.approximately_still, at)
    ):
        found.append(Word(Held.SLOW_PATH, dimension=1))
    if ends.known >= 1 - at.exceptions and not any(_holds(ends.are(w), at) for w in What):
        found.append(Word(Held.MIXTURE))
    if _holds(ends.are(What.UNSTABLE), at):
        found.append(Word(Held.UNSTABLE))
    return found or [Word(Held.MOVING)]


def passes(m: Measured, at: Thresholds = AT) -> bool:
    """Whether the states slow down beside a fixed point and go on, by no mere error."""
    keeps = ~m.ends.are(What.CURVE, What.BOUNDED, What.UNSTABLE)
    return _holds(keeps & (m.slowed >= at.slower) & (m.beside <= at.away_from_points), at)


def changed(m: Measured) -> dict[str, str]:
    """Return the thresholds with which another word comes first, halved or doubled."""
    first = words(m)[0]
    found = {}
    for name, at in tried():
        other = words(m, at)[0]
        if (other.held, other.answer) != (first.held, first.answer):
            about = "approximately " if other.answer == "approximately" else ""
            found[name] = f"{about}{other.held}"
    return found


def _continuous(m: Measured, gaps: Gaps, at: Thresholds) -> list[Word]:
    """Return line, ring or surface, or that hardly anything moves; empty where states move.

    Several lines that are approximately one ring are that ring: where few states are given, the
    longest gaps between them are long.
    """
    several: list[Word] = []
    for bound, answer in ((at.still, "yes"), (at.approximately_still, "approximately")):
        if not _holds(m.moved <= bound, at):
            continue
        dimension = gaps.dimension(bound, at)
        found = _pieces(gaps, bound, at)
        joined = np.bincount(gaps.pieces(bound), weights=gaps.weights).max() / gaps.weights.sum()
        returned = gaps.returned[:, dimension - 1]
        asked = np.isfinite(returned) | np.isinf(returned)
        share = float(np.mean(returned[asked] <= at.attracting)) if asked.any() else float("nan")
        # With no direction left in which to put a state beside the set, the states must rest.
        untested = np.isnan(share) and _holds(m.ends.are(What.CONTINUUM), at)
        if found and (untested or share >= 1 - at.exceptions):
            held = Held.SURFACE
            if dimension == 1:
                held = Held.RING if gaps.is_closed(bound, at) else Held.LINE
            word = Word(held, answer, found, dimension, share, joined)
            if found == 1 and (held == Held.RING or not several):
                return [word]
            several = several or [word]
        elif answer == "approximately" and not several:
            return [Word(Held.STILL, "no", found, dimension, share, joined)]
    return several


def _pieces(gaps: Gaps, bound: float, at: Thresholds) -> int:
    """Return in how many pieces the states hang together; 0 where they do not."""
    piece = gaps.pieces(bound)
    weights = np.bincount(piece, weights=gaps.weights)
    whole = gaps.weights.sum()
    if weights.max() >= (1 - at.exceptions) * whole:
        return 1
    is_line = np.array(
        [
            (piece == k).sum() >= at.several
            and extent_of(gaps.states[piece == k]) >= at.piece * extent_of(gaps.states)
            for k in range(len(weights))
        ]
    )
    lines = gaps.dimension(bound, at) == 1
    lines &= weights[is_line].sum() >= (1 - at.exceptions) * whole
    return int(is_line.sum()) if lines else 0


def _holds(mask: Bool[np.ndarray, " state"], at: Thresholds) -> bool:
    return bool(mask.mean() >= 1 - at.exceptions)


def _periods(ends: Ends, duration: float) -> np.ndarray:
    """Return the periods of the closed curves of states in T, inf for none."""
    found = np.full(len(ends.what), np.inf)
    for k in np.flatnonzero(ends.are(What.CURVE)):
        curve = ends.curves[ends.which[k]]
        found[k] = (curve.turn if np.isfinite(curve.turn) else curve.period) / duration
    return found


def _left_to_go(
    system: AbstractSystem, ends: Ends, seen: Recording
) -> tuple[np.ndarray, np.ndarray]:
    """Return the point at which each state ends, and what is left to go at T; see `Measured`."""
    at_point = ends.are(What.POINT)
    place = np.where(at_point, ends.which, -1)
    left = np.full(len(place), np.inf)
    used = np.unique(place[at_point])
    states = ends.pool.states[used]
    away = scipy.spatial.distance.cdist(states, states)
    np.fill_diagonal(away, np.inf)
    scale = away.min(1) if len(used) > 1 else np.full(len(used), scale_of(system, seen.starts))
    for p, size in zip(used, scale, strict=True):
        mine = place == p
        with np.errstate(all="ignore"):
            distance = np.linalg.norm(seen.settled[mine] - ends.pool.states[p], axis=1)
            left[mine] = np.nan_to_num(distance / size, nan=np.inf)
    return place, left


def _lie_along(seen: Recording) -> bool:
    """Whether the states at T and at 2 T lie along one dimension."""
    both = np.concatenate([seen.settled, seen.later])
    both = both[np.isfinite(both).all(1)]
    return len(both) >= 3 and dimension_of(both[landmarks_of(both, AT.landmarks)]) == 1


def _slowing(system: AbstractSystem, ends: Ends, seen: Recording) -> dict[str, Any]:
    """Return how much each state slows down, how near a fixed point, which one, or at a ghost."""
    times, speeds = seen.speeds()
    count = len(seen.starts)
    slowed, slowest = np.zeros(count), np.full(count, np.nan)
    floor = error_of(system)  # of speeds: less tells nothing
    for k in range(count):
        there = np.isfinite(speeds[:, k])
        way = seen.places[:, k][np.isfinite(seen.places[:, k]).all(1)]
        still = extent_of(way) <= AT.tells * error_of(system) * np.abs(way).max(initial=0.0)
        if there.sum() < 3 or still:
            continue
        slowed[k], slowest[k] = _slow_stretch(times[there, k], speeds[there, k], floor)
    slow = slowed >= AT.slower / 2
    beside = np.full(count, np.inf)
    if slow.mean() < 1 - 2 * AT.exceptions:
        return {"slowed": slowed}
    stretches, taken = zip(
        *(_stretch(seen, k, slowest[k], times[:, k], speeds[:, k]) for k in range(count)),
        strict=True,
    )
    middles = np.array(
        [s[len(s) // 2] for s, is_slow in zip(stretches, slow, strict=True) if is_slow]
    )
    middles = middles[landmarks_of(middles, 32)]
    pool = ends.pool.search(system, middles)
    minima, passages = _minima(system, middles)
    nearest = np.full(count, -1)
    at_minimum, as_long = np.full((2, count, len(minima)), np.inf)
    for row in np.flatnonzero(slow):
        whole = extent_of(seen.places[:, row][np.isfinite(seen.places[:, row]).all(1)])
        near = scipy.spatial.distance.cdist(stretches[row], minima).min(0)
        with np.errstate(invalid="ignore"):  # of what is linear, and of a path that stays slow
            at_minimum[row], as_long[row] = near / max(whole, 1e-300), taken[row] / passages
        if not len(pool.states):
            continue
        away = scipy.spatial.distance.cdist(stretches[row], pool.states).min(0)
        nearest[row] = away.argmin()
        beside[row] = away.min() / max(whole, 1e-300)
    near = np.unique(nearest[slow & np.isfinite(beside)])
    one = len(near) == 1 and pool.stability[near[0]] in ("saddle", "unstable")
    saddle = pool.states[near[0]] if one else None
    found = {"slowed": slowed, "beside": beside, "saddle": saddle}
    return found | {"at_minimum": at_minimum, "as_long": as_long}


def _minima(system: AbstractSystem, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return minima of the speed near states, and how long it takes to pass each: π / √(μ a).

    F is μ along the right null vector v of its Jacobian, and grows by a for the square of the way
    along v, both as the left null vector w tells, with w v = 1. Of what is linear a is 0.
    """
    found = find_fixed_points(system, states, certify=False, completeness=False)
    minima = np.asarray(found.states, float)[np.asarray(found.kind) == "slow"]
    if not len(minima):
        return minima.reshape(0, system.size), np.zeros(0)
    left, _, right = np.linalg.svd(Evaluator(system).jacobian(minima))
    w, v = left[:, :, -1], right[:, -1]
    step = _STEP * np.maximum(np.abs(states).max(), 1e-300)
    at = np.stack([minima - step * v, minima, minima + step * v])
    before, here, after = np.einsum("tsu,su->ts", Motion(system, states, ()).velocities(at), w)
    with np.errstate(all="ignore"):
        rate = here * (after - 2 * here + before) / (2 * step**2) / (w * v).sum(1) ** 2
        return minima, np.where(rate > 0, np.pi / np.sqrt(rate), np.inf)


def _slow_stretch(times: np.ndarray, speeds: np.ndarray, floor: float) -> tuple[float, float]:
    """Return how many times slower a state becomes before it is as much faster, and when.

    Speeds below `floor`, as a part of the largest before, are those of rounding or the integrator.
    """
    before = np.maximum.accumulate(speeds)
    after = np.maximum.accumulate(speeds[::-1])[::-1]
    with np.errstate(all="ignore"):
        times_slower = np.minimum(before, after) / speeds
    times_slower = np.where(speeds > floor * before, times_slower, 0.0)
    k = int(np.nan_to_num(times_slower, posinf=0.0).argmax())
    return float(times_slower[k]), float(times[k])


def _stretch(
    seen: Recording, k: int, slowest: float, times: np.ndarray, speeds: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the places of a state at which it is slow, and for how long it is."""
    there = np.isfinite(speeds)
    places = np.isfinite(seen.places[:, k]).all(1)
    if not there.any() or not np.isfinite(slowest):
        return seen.places[places, k], np.inf
    at, speed = times[there], speeds[there]
    quick = speed > AT.slower * np.interp(
        slowest, at, speed
    )  # of every step: places may lie far apart
    begin = at[quick & (at < slowest)].max(initial=-np.inf)
    end = at[quick & (at > slowest)].min(initial=np.inf)
    slow = places & (seen.grid > begin) & (seen.grid < end)
    nearest = int(np.abs(seen.grid - slowest).argmin())
    slow[nearest] = places[nearest]
    return seen.places[slow if slow.any() else places, k], end - begin
