"""Places of points in relation to the activity: visited, near it, or outside."""

import numpy as np
import scipy
from jaxtyping import Float, Shaped

VISITED, NEAR = 2.5, 5.0
"""Up to so many local spacings from the nearest state, a point is visited, or near."""
NEIGHBORS = 10
LEAST, LARGEST = 0.02, 0.3
"""Between which a spacing is taken, as parts of the extent of the activity: the root mean square
distance of its states from their mean. Where trajectories come to rest, states lie upon one
another; where few ever are, they are far apart."""
MOST = 8192
"""Of more states so many are used, evenly spaced; the terms of the page name the number."""


def spacings(
    points: Float[np.ndarray, "point unit"], states: Float[np.ndarray, "state unit"]
) -> Float[np.ndarray, " point"]:
    """Return the distance of each point to the nearest state, in the spacing of the states there.

    That spacing is the distance from this state to the tenth nearest other one.
    """
    if not len(states) or not len(points):
        return np.full(len(points), np.nan)
    some = states[np.linspace(0, len(states) - 1, min(MOST, len(states))).round().astype(int)]
    extent = float(np.sqrt(np.square(some - some.mean(0)).sum(1).mean()))
    away = scipy.spatial.distance.cdist(points, some)
    nearest = away.argmin(1)
    among = scipy.spatial.distance.cdist(some[nearest], some)
    count = min(NEIGHBORS, len(some) - 1)
    local = np.partition(among, count, axis=1)[:, count]
    tiny = np.finfo(float).tiny
    scale = np.clip(local, max(LEAST * extent, tiny), max(LARGEST * extent, tiny))
    return np.asarray(away.min(1) / scale)


def places(
    points: Float[np.ndarray, "point unit"], states: Float[np.ndarray, "state unit"]
) -> Shaped[np.ndarray, " point"]:
    """Return "visited", "near" or "outside" for each point."""
    far = spacings(points, states)
    words = np.where(far <= VISITED, "visited", np.where(far <= NEAR, "near", "outside"))
    return np.where(np.isnan(far), "", words)
