"""Whether a path closes: its turns, how far each misses the one before, and the period.

A path is read backward from where it stands, because that is where it has come nearest to what it
approaches. A turn misses by the distance between its ends, and has a diameter of its own. On a
closed curve the misses, as parts of the diameters, fall from turn to turn, or are at the error of
the integration; on a spiral they stay equal while the diameters change.
"""

import functools
from dataclasses import dataclass
from enum import Enum

import numpy as np
import scipy
from jaxtyping import Float

from .sizes import extent_of
from .thresholds import AT

_CELLS, _ON_CIRCLE, _SHARPENINGS = 1024, 1920, 4
"""Of the phase, in each of which one state gives the curve; places on it; rounds of its rate."""
_PLACES = 256


class Open(Enum):
    """That a path does not close, or not yet: its turns miss by less and less."""

    NO = 0
    NOT_YET = 1


@dataclass(frozen=True, eq=False)
class Turn:
    """A closed curve, equal to itself alone, so that its width can be kept by `lru_cache`.

    Attributes
    ----------
    period
        In units of the system: steps, or tau.
    steps
        After which a cycle of a map closes; 0 of a flow, and of an invariant circle.
    turn
        Mean time of going round once, where a cycle of a map goes round several times before it
        closes; else NaN.
    diameter
        Largest distance between two of its states.
    path
        States along it, closed: the last is the first.
    miss
        Of its last turn, as a part of the diameter; 0 where it was solved.
    is_told
        Whether its turns tell that it closes; else they may come nearer yet, or not.
    circle
        The invariant circle on which a cycle of a map lies, where states go round that have not
        come to the cycle yet; else None.
    """

    period: float
    steps: int
    turn: float
    diameter: float
    path: Float[np.ndarray, "place unit"]
    miss: float = 0.0
    is_told: bool = True
    circle: "Turn | None" = None

    def distance(self, states: Float[np.ndarray, "state unit"]) -> Float[np.ndarray, " state"]:
        """Return the distance of each state to the curve; to its states, where steps make it."""
        return self._distance(states, np.ones(states.shape[1]))

    def carries(self, states: Float[np.ndarray, "state unit"]) -> bool:
        """Whether all states are on the curve, nearly.

        Each unit is counted in its own extent on the curve, or one of small numbers (a gate beside
        a voltage) might be anywhere. Between the states of one cycle there may be those of another.
        """
        scale, reach = _width(self)
        is_near = self._distance(states, scale).max(initial=0.0) <= reach
        return bool(is_near or (self.circle is not None and self.circle.carries(states)))

    def _distance(self, states: np.ndarray, scale: np.ndarray) -> np.ndarray:
        states, path = states / scale, self.path / scale
        apart = scipy.spatial.distance.cdist(states, path)
        if self.steps:
            return np.asarray(apart.min(1))
        nearest = apart.argmin(1)
        distance = np.full(len(states), np.inf)
        for first in (nearest - 1, nearest):  # the pieces on both sides of the nearest place
            first = first % (len(path) - 1)
            begin, along = path[first], path[first + 1] - path[first]
            away, square = states - begin, np.maximum((along**2).sum(1), 1e-300)
            part = np.clip((away * along).sum(1) / square, 0, 1)[:, None]
            distance = np.minimum(distance, np.linalg.norm(away - part * along, axis=1))
        return distance

    def is_same(self, other: "Turn") -> bool:
        """Whether both are one curve, which each may miss by a hundredth of its diameter.

        A cycle of a map may lie on an invariant circle. All states there come to it in the end (or
        to another cycle there, of as many steps), and those that have not come yet fill the circle.
        """
        if self.steps and not other.steps:
            once = np.fmin(self.turn, self.period)
            return bool(
                abs(once - other.period) <= 2 * AT.period * once
                and other.distance(self.path).max() <= 2 * AT.miss * other.diameter
            )
        if (
            self.steps != other.steps
            or abs(self.period - other.period) > 2 * AT.period * self.period
        ):
            return False
        return bool(self.distance(other.path[-1:])[0] <= 2 * AT.miss * self.diameter)


@functools.lru_cache(maxsize=64)
def _width(curve: Turn) -> tuple[Float[np.ndarray, " unit"], float]:
    """Return the extent of a curve in each unit, and how far from it states are on it, in these."""
    extent = np.ptp(curve.path, axis=0)
    scale = np.maximum(extent, AT.extent * float(extent.max(initial=0.0)))
    reach = AT.miss * _exact_diameter(curve.path / scale)
    if curve.steps:
        apart = scipy.spatial.distance.cdist(curve.path[1:] / scale, curve.path[1:] / scale)
        np.fill_diagonal(apart, np.inf)
        reach = min(reach, AT.between * float(apart.min(1).mean()))
    return scale, reach


def diameter_of(path: Float[np.ndarray, "time unit"]) -> float:
    """Return twice the largest distance from the mean of a turn: its diameter, or a little more."""
    if not len(path):
        return 0.0
    return 2 * float(np.linalg.norm(path - path.mean(0), axis=1).max())


def _exact_diameter(path: Float[np.ndarray, "time unit"]) -> float:
    """Return the largest distance between two states of a curve, of which some are looked at."""
    return extent_of(path[:: max(1, len(path) // _PLACES)])


def principal(centered: Float[np.ndarray, "time unit"], count: int) -> np.ndarray:
    """Return the directions in which centered states extend most `(count, unit)`.

    From the products of the units, or of the states where these are fewer.
    """
    if centered.shape[0] < centered.shape[1]:
        return np.asarray(np.linalg.svd(centered, full_matrices=False)[2][:count])
    return np.asarray(np.linalg.eigh(centered.T @ centered)[1].T[::-1][:count])


def closes(
    misses: Float[np.ndarray, " turn"], diameters: Float[np.ndarray, " turn"], error: float
) -> bool | None:
    """Whether turns, the last one first, are those of a closed curve; None: it is not yet known.

    Misses at the error are compared by their median, as they swing; others have to fall, as a
    geometric series does of which what is still to come is below a miss.
    """
    ratios = misses / np.maximum(diameters, 1e-300)
    if not len(ratios) or not ratios[0] < AT.miss:
        return False
    if np.median(ratios[: AT.turns]) <= error:
        return True
    near = ratios < AT.near
    count = len(ratios) if near.all() else int(near.argmin())
    if count < AT.fall_turns[0]:
        return False
    logs, turns = np.log(np.maximum(ratios[:count], error)), np.arange(count)
    slope, straight = np.polyfit(turns, logs, 1)[0], np.corrcoef(turns, logs)[0, 1]
    if not (slope > 0 and straight >= AT.may_fall and logs[-1] - logs[0] > AT.flat):
        return None if np.median(ratios[: AT.turns]) < AT.close else False
    falls = any(
        count >= least and straight >= even and logs[-1] - logs[0] >= np.log(times)
        for least, even, times in zip(AT.fall_turns, AT.fall_straight, AT.fall_times, strict=True)
    )
    if falls and ratios[0] <= AT.miss * np.expm1(slope):
        return True
    return None if count >= min(len(ratios), AT.many) else False


def cycle_of_steps(path: Float[np.ndarray, "time unit"], level: float) -> Turn | Open:
    """Return the cycle of a map that a path of consecutive steps ends on, or that it is open.

    `level` is what rounding makes of a state.
    """
    back = path[::-1]
    away = np.linalg.norm(back - back[0], axis=1)
    far = np.maximum.accumulate(away)
    near = np.flatnonzero(away[: len(away) // 3] <= AT.miss * 2 * far[: len(away) // 3])
    for k in near[near >= 2][: AT.loops]:
        turns = min(AT.compared, (len(back) - 1) // k - 1)
        diameters = np.array([diameter_of(back[j * k : (j + 1) * k]) for j in range(turns)])
        if not diameters.min(initial=np.inf) > 10 * AT.tells * level:
            return Open.NO
        ends = back[: (turns + 1) * k : k]
        misses = np.linalg.norm(np.diff(ends, axis=0), axis=1)
        error = AT.rounding + 10 * level / diameters[0]
        is_closed = closes(misses, diameters, error)
        if is_closed is not False:  # or a multiple of it would be taken for the cycle
            states = back[: k + 1][::-1]
            turn, miss = going_round(states), float(misses[0] / diameters[0])
            whole = _exact_diameter(states)
            return Turn(float(k), int(k), turn, whole, states, miss, is_told=bool(is_closed))
    return Open.NO


def curve_of_flow(
    times: Float[np.ndarray, " time"],
    path: Float[np.ndarray, "time unit"],
    velocities: Float[np.ndarray, "time unit"],
    least: float,
) -> Turn | Open:
    """Return the periodic path of a flow that a path ends on, or that it is open.

    One with a diameter below `least` is what the integrator makes of a point.
    """
    moved = np.append(True, np.diff(times) > 0)
    times, path, velocities = times[moved], path[moved], velocities[moved]
    whole = diameter_of(path)
    normal = velocities[-1] / max(float(np.linalg.norm(velocities[-1])), 1e-300)
    at, states = _crossings(times, path, velocities, path[-1], normal)
    away = np.linalg.norm(states - path[-1], axis=1)
    beside = away <= AT.beside_end * whole
    at, states = at[beside], states[beside]
    for loops in range(1, AT.loops + 1):
        ends = np.concatenate([path[-1:], states[loops - 1 :: loops]])[: AT.compared + 1]
        when = np.append(times[-1], at[loops - 1 :: loops])
        if len(ends) < 3:
            return Open.NO
        misses = np.linalg.norm(np.diff(ends, axis=0), axis=1)
        spans = zip(when[1 : len(ends)], when[: len(misses)], strict=True)
        diameters = np.array([diameter_of(path[(times >= a) & (times <= b)]) for a, b in spans])
        if diameters.min() <= least:
            return Open.NO
        is_closed = closes(misses, diameters, AT.integration)
        if is_closed is None and (loops == 1 or len(misses) >= AT.many):
            return Open.NOT_YET  # or a multiple of it would be taken for the period
        if not is_closed:
            continue
        approached = misses < AT.miss * diameters[0]
        turns = len(approached) if approached.all() else int(approached.argmin())
        lengths = -np.diff(when[: turns + 1])
        if turns < AT.turns or np.ptp(lengths[: AT.turns]) > AT.period / 2 * lengths[0]:
            if turns >= min(len(misses), AT.many):
                return Open.NOT_YET
            continue
        states_on = _denser(times, path, velocities, times >= when[1] - 1e-12)
        settled = max(AT.turns, int((misses < AT.settled * diameters[0]).sum()))
        return Turn(
            float(lengths[:settled].mean()), 0, float("nan"), _exact_diameter(states_on), states_on
        )
    return Open.NO


def invariant_circle(path: Float[np.ndarray, "time unit"]) -> Turn | Open:
    """Return the closed curve that a path of consecutive steps of a map fills, or that it is open.

    The path is read without its beginning, where it may be on its way to the curve. "Not yet" says
    that its turns are too few, or miss by little.
    """
    found = [_filled(path[begin:]) for begin in (len(path) // 2, len(path) // 4, 0)]
    return max(found, key=lambda one: one.value if isinstance(one, Open) else len(Open))


def _filled(path: np.ndarray) -> Turn | Open:
    """Return the closed curve on which each step makes an equal part of a turn.

    In the order of phase, states of the second half give the curve, and the first half has to lie
    on it. By how much of a turn it is behind or ahead of the curve sharpens the rotation.
    """
    flat, half = _in_plane(path), len(path) // 2
    if flat.shape[1] < 2:
        return Open.NO
    part = (np.arange(1, len(path)) - 0.5) / (len(path) - 1)
    z = flat @ np.array([1, 1j])
    advance = np.angle(z[1:] * z[:-1].conj()) / (2 * np.pi)
    if abs(advance.sum()) < AT.turns:
        return Open.NOT_YET if abs(advance.sum()) > AT.begun else Open.NO
    rotation = abs(np.average(advance, weights=np.exp(-1 / (part * (1 - part)))))
    for states in [flat] * _SHARPENINGS + [path]:
        phase, cells = rotation * np.arange(len(path)) % 1, min(_CELLS, half // 2)
        given = half + np.unique((phase[half:] * cells).astype(int), return_index=True)[1]
        at, around = np.append(phase[given], phase[given[0]] + 1), np.append(given, given[0])
        curve = scipy.interpolate.CubicSpline(at, states[around], bc_type="periodic")
        away, along = states[:half] - curve(phase[:half]), curve(phase[:half], 1)
        miss, whole = np.linalg.norm(away, axis=1), _exact_diameter(states[given])
        if np.diff(at).max() > AT.gap or not (miss <= AT.near * whole).mean() > AT.circle_near:
            return Open.NO
        ahead = (away * along).sum(1) / np.maximum((along**2).sum(1), 1e-300)
        rotation -= np.median(ahead) / half
    if not (miss <= AT.close * whole).mean() > AT.circle_share:
        return Open.NOT_YET
    places, off = curve(np.linspace(0, 1, _ON_CIRCLE + 1)), float(np.median(miss) / whole)
    return Turn(1 / rotation, 0, float("nan"), whole, places, off)


def _in_plane(path: np.ndarray) -> np.ndarray:
    """Return a path about its mean, along the two directions in which it extends most."""
    centered = path - path.mean(0)
    return np.asarray(centered @ principal(centered[:: 1 + len(path) // _CELLS], 2).T)


def going_round(states: Float[np.ndarray, "step unit"]) -> float:
    """Return the steps in which a cycle goes round once; NaN unless it does so several times."""
    across = _in_plane(states)
    if across.shape[1] < 2:
        return float("nan")
    radius = np.linalg.norm(across, axis=1)
    advance = np.diff(np.unwrap(np.arctan2(across[:, 1], across[:, 0])))
    turns = round(abs(advance.sum()) / (2 * np.pi))
    smooth = (advance * np.sign(advance.sum()) > 0).all() and np.abs(advance).max() < AT.smooth
    if turns < 2 or not smooth or not radius.min() > AT.around * radius.max():
        return float("nan")
    return len(advance) / turns


def _crossings(
    times: np.ndarray, path: np.ndarray, velocities: np.ndarray, at: np.ndarray, normal: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return when and where a path crosses a plane in the direction of its normal, last first."""
    height = scipy.interpolate.CubicHermiteSpline(times, (path - at) @ normal, velocities @ normal)
    when = height.roots(extrapolate=False)[::-1]
    when = when[(height(when, 1) > 0) & (when < times[-2])]
    before = np.searchsorted(times, when, side="right") - 1
    part = (when - times[before]) / (times[before + 1] - times[before])
    return when, _between(times, path, velocities, before, part)


def _between(
    times: np.ndarray, path: np.ndarray, velocities: np.ndarray, k: np.ndarray, part: np.ndarray
) -> np.ndarray:
    """Return states between the steps k and k + 1, by the cubic with the velocities at both."""
    h, s = (times[k + 1] - times[k])[:, None], np.asarray(part)[:, None]
    return np.asarray(
        (1 + 2 * s) * (1 - s) ** 2 * path[k]
        + s * (1 - s) ** 2 * h * velocities[k]
        + s**2 * (3 - 2 * s) * path[k + 1]
        + s**2 * (s - 1) * h * velocities[k + 1]
    )


def _denser(
    times: np.ndarray, path: np.ndarray, velocities: np.ndarray, chosen: np.ndarray
) -> np.ndarray:
    """Return a stretch of a path, closed, with states between its steps."""
    rows = np.flatnonzero(chosen)[:-1]
    parts = np.tile([0, 0.25, 0.5, 0.75], len(rows))
    states = _between(times, path, velocities, np.repeat(rows, 4), parts)
    return np.concatenate([states, path[-1:], states[:1]])
