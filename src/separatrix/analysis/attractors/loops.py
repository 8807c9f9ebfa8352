"""Loops in a cloud of points: persistent homology of dimension one, of a few landmarks.

Join all points nearer than r by edges, and fill every triangle. As r grows, a loop of edges is born
when its longest edge appears and dies when triangles have filled it. On a circle of radius R it
dies at √3 R, the side of the inscribed triangle, whatever the number of points; it is born at the
largest gap.
"""

from itertools import combinations

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist

_LANDMARKS = 40


def longest_loop(states: Float[np.ndarray, "state unit"]) -> tuple[float, float]:
    """Return birth and death of the loop with the largest ratio of the two; NaN: there is none.

    Examples
    --------
    >>> angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    >>> birth, death = longest_loop(np.column_stack([np.cos(angle), np.sin(angle)]))
    >>> round(birth, 4), round(death, 4)  # 2 sin(π/30) and √3
    (0.2091, 1.7321)
    """
    chosen = states[landmarks(states, _LANDMARKS)]
    bars = [(b, d) for b, d in loop_bars(cdist(chosen, chosen)) if b > 0]
    return max(bars, key=lambda bar: bar[1] / bar[0], default=(float("nan"), float("nan")))


def landmarks(states: Float[np.ndarray, "state unit"], most: int) -> Int[np.ndarray, " landmark"]:
    """Choose states far from one another: each next one is the farthest from those chosen."""
    chosen = [0]
    distance = np.linalg.norm(states - states[0], axis=1)
    while len(chosen) < min(most, len(states)) and distance.max() > 0:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(states - states[chosen[-1]], axis=1))
    return np.array(chosen)


def loop_bars(distances: Float[np.ndarray, "point point"]) -> list[tuple[float, float]]:
    """Return (birth, death) of all loops that last, by reduction of the boundary matrix over Z/2.

    A column is a triangle, its rows its edges in order of length; the last edge that is left when
    earlier triangles have been added is the one that bore the loop that this triangle fills.
    Nothing happens beyond the radius at which the points lie within one ball around one of them.
    """
    count = len(distances)
    reach = distances.max(1).min() if count else 0.0
    edges = sorted((distances[e], e) for e in combinations(range(count), 2))
    rank = {edge: k for k, (length, edge) in enumerate(edges) if length <= reach}
    triangles = []
    for a, b, c in combinations(range(count), 3):
        sides = [rank.get(e) for e in ((a, b), (a, c), (b, c))]
        known = [side for side in sides if side is not None]
        if len(known) == 3:
            triangles.append((max(known), frozenset(known)))
    triangles.sort(key=lambda triangle: triangle[0])
    owner: dict[int, frozenset[int]] = {}
    bars = []
    for longest, boundary in triangles:
        while boundary and max(boundary) in owner:
            boundary ^= owner[max(boundary)]
        if boundary:
            youngest = max(boundary)
            owner[youngest] = boundary
            birth, death = float(edges[youngest][0]), float(edges[longest][0])
            if death > birth:
                bars.append((birth, death))
    return bars
