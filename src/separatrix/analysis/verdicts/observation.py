"""What states do when they are left alone: where they are, how far they move, what they return to.

Times are counted in durations T, over which states are to be held. All states settle for T and are
watched for another T; a few of them are followed for some 4 T more, to see whether they come back
to where they were (a cycle) or come to rest. Neighbors are looked for among states far from one
another (landmarks): nearer ones may differ by what is left of noise across the set.
"""

import dataclasses

import numpy as np
import scipy
from jaxtyping import Float, Int

from ..attractors.evidence import kept_distances
from ..attractors.loops import landmarks
from ..motion import Stepper, velocities

_SNAPSHOTS = 96
"""Of the settling and the watch together."""
_LANDMARKS = 48
_FOLLOWED, _FOLLOWED_SNAPSHOTS = 64, 512
_TOGETHER = 1e-3
"""Part of the extent of all states within which two lie at one place."""
_RETURNING = 16
"""Of the states that are followed, those of which it is asked whether they return."""
_LEFT, _RETURNED = 0.5, 0.1
"""Parts of the largest distance: a state has left its place, or is back."""
_GATHERED = 0.1
"""Part of their first extent up to which all states have come together at one place."""
_AT_REST = 1e-2
"""Part of the extent of all states within which one that is followed stays when it is at rest."""


@dataclasses.dataclass(frozen=True)
class Observation:
    """Snapshots of states that are left alone.

    Attributes
    ----------
    times
        Of the snapshots, in ms since the states were given `(time,)`.
    path
        The states `(time, state, unit)`; those that left for infinity are left out.
    settled
        The snapshot a duration after the states were given, from which on they are watched.
    landmarks
        Which of the settled states are far from one another `(landmark,)`.
    apart
        Largest distance between the states that were given.
    extent
        Largest distance between the settled ones.
    kept
        Distance of each landmark to the nearest other at the end, as a part of that when settled
        `(landmark,)`; 0 where two had met already.
    moved
        Median distance from where they settled `(watched,)`, as a part of the extent, or of `apart`
        where states have come together.
    size
        Root mean square distance from the mean, as a part of that when settled `(watched,)`.
    speeds
        Median speed `(time,)`.
    period
        Of what the states that are followed return to, in ms; NaN: most of them do not return.
    rest
        Share of the states that are followed further that stays where the watch left them.
    is_bunched
        Whether those lie in bunches, of two states or more in the mean.
    places
        Number of places at which those lie: farther apart than they still move.
    later_speeds
        Median speed of the followed ones `(later,)`.
    left
        How many states left for infinity.
    """

    times: Float[np.ndarray, " time"]
    path: Float[np.ndarray, "time state unit"]
    settled: int
    landmarks: Int[np.ndarray, " landmark"]
    apart: float
    extent: float
    kept: Float[np.ndarray, " landmark"]
    moved: Float[np.ndarray, " watched"]
    size: Float[np.ndarray, " watched"]
    speeds: Float[np.ndarray, " time"]
    period: float
    rest: float
    is_bunched: bool
    places: int
    later_speeds: Float[np.ndarray, " later"]
    left: int

    @property
    def is_gathered(self) -> bool:
        """Whether all states have come together at one place before they are watched."""
        return self.extent <= _GATHERED * self.apart

    @property
    def states(self) -> Float[np.ndarray, "landmark unit"]:
        """Where the landmarks settled."""
        return self.path[self.settled][self.landmarks]


def observe(stepper: Stepper, starts: Float[np.ndarray, "state unit"], steps: int) -> Observation:
    """Leave states alone for `steps` steps of a duration, and as many before."""
    stride = _coprime_to_six(max(1, round(2 * steps / _SNAPSHOTS)))
    at = np.arange(1 + max(3, -(-2 * steps // stride)))
    path = stepper.snapshots(starts, len(at) - 1, stride)
    fine = np.isfinite(path).all((0, 2)) & (np.abs(path).max((0, 2)) < 1e8 * _size(starts))
    path, times = path[:, fine], at * stride * stepper.step_time
    settled = int(np.argmin(np.abs(at * stride - steps)))
    if path.shape[1] < 3:
        return _nothing(times, path, settled, int((~fine).sum()))
    first, final = path[settled], path[-1]
    chosen = landmarks(first, _LANDMARKS)
    apart, extent = (
        float(scipy.spatial.distance.cdist(path[0], path[0]).max()),
        float(scipy.spatial.distance.cdist(first, first).max()),
    )
    away = np.linalg.norm(path[settled:] - first, axis=2)
    size = np.sqrt(path[settled:].var(axis=1).sum(axis=1))
    scale = extent if extent > _GATHERED * apart else apart
    evenly = np.unique(np.linspace(0, len(final) - 1, _FOLLOWED).astype(int))
    period, rest, is_bunched, places, later = _followed(stepper, final[evenly], steps, apart)
    return Observation(
        times=times,
        path=path,
        settled=settled,
        landmarks=chosen,
        apart=apart,
        extent=extent,
        kept=kept_distances(first[chosen], final[chosen], 1e-6 * apart),
        moved=np.median(away, axis=1) / scale if scale > 0 else np.zeros(len(away)),
        size=size / size[0] if size[0] > 0 else np.ones(len(size)),
        speeds=_speeds(stepper, path),
        period=period,
        rest=rest,
        is_bunched=is_bunched,
        places=places,
        later_speeds=later,
        left=int((~fine).sum()),
    )


def _nothing(times: np.ndarray, path: np.ndarray, settled: int, left: int) -> Observation:
    nan, none, nobody = float("nan"), np.zeros(0), np.zeros(0, int)
    numbers = (nan, nan, none, none, none, np.full(len(times), nan), nan, nan, False, 0)
    return Observation(times, path, settled, nobody, *numbers, none, left)


def _size(starts: np.ndarray) -> float:
    return 1.0 + float(np.abs(starts).max(initial=0.0))


def _coprime_to_six(stride: int) -> int:
    """Return a stride that hides no cycle of two or three steps."""
    while stride % 2 == 0 or stride % 3 == 0:
        stride += 1
    return stride


def _followed(
    stepper: Stepper, starts: np.ndarray, steps: int, apart: float
) -> tuple[float, float, bool, int, Float[np.ndarray, " later"]]:
    """Follow states: return their period, the share that rests, whether in bunches, and speeds.

    The period is the median one; NaN where most do not return. Before the speeds stands the number
    of places: states that still come nearer, however slowly, may meet at one.
    """
    stride = _coprime_to_six(max(1, round(4 * steps / _FOLLOWED_SNAPSHOTS)))
    path = stepper.snapshots(starts, _FOLLOWED_SNAPSHOTS, stride)
    with np.errstate(all="ignore"):
        some = path[:, :: -(-len(starts) // _RETURNING)]
        periods = np.array([_period(some[:, k]) for k in range(some.shape[1])])
        moved = np.linalg.norm(path - path[0], axis=2).max(0)
        rests = moved <= _AT_REST * apart
    returning = np.isfinite(periods)
    period = float("nan")
    if returning.sum() > 0.5 * len(periods):
        period = float(np.median(periods[returning])) * stride * stepper.step_time
    together = _TOGETHER * apart
    is_bunched = bool(_places(starts[rests], together) <= 0.5 * rests.sum())
    places = _places(starts[rests], max(together, 2 * moved[rests].max(initial=0.0)))
    return period, float(rests.mean()), is_bunched, places, _speeds(stepper, path[::16])


def _places(states: Float[np.ndarray, "state unit"], apart: float) -> int:
    """Count the places at which states lie, so far apart."""
    if len(states) < 2:
        return len(states)
    return int(
        scipy.cluster.hierarchy.fcluster(
            scipy.cluster.hierarchy.linkage(states), apart, "distance"
        ).max()
    )


def _speeds(stepper: Stepper, path: Float[np.ndarray, "time state unit"]) -> np.ndarray:
    """Return the median speed at each time `(time,)`."""
    moving = velocities(stepper.system, path.reshape(-1, path.shape[2])).reshape(path.shape)
    return np.asarray(np.median(np.linalg.norm(moving, axis=2), axis=1))


def _period(path: Float[np.ndarray, "time unit"]) -> float:
    """Return the period of a path in snapshots; NaN: it does not repeat itself.

    Distances |x(t + L) − x(t)|, in the mean over t, rise with the lag L and fall again at the
    period, or where a multiple of it is a whole number of snapshots.
    """
    lags = np.arange(1, len(path) // 2)
    centered = path - path.mean(0)
    products, squares = centered @ centered.T, (centered**2).sum(1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * products, 0.0))
    apart = np.array([distances.diagonal(lag).mean() for lag in lags])
    most = apart.max()
    early, late = (np.linalg.norm(np.ptp(part, axis=0)) for part in np.array_split(path, 2))
    if not (np.isfinite(most) and most > 1e-9 * _size(path) and late > 0.5 * early):
        return float("nan")
    gone = np.flatnonzero(apart > _LEFT * most)
    back = np.flatnonzero(apart <= _RETURNED * most)
    back = back[back > gone[0]]
    if not len(back):
        return float("nan")
    near = np.flatnonzero((apart <= 0.6 * most) & (lags > lags[gone[0]]))
    first = near[0]
    while first + 1 < len(apart) and apart[first + 1] < apart[first]:
        first += 1
    best = lags[back[0]]
    return float(best / max(1, round(best / lags[first])))
