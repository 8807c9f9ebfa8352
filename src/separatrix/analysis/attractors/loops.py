"""Loops in a cloud of points: persistent homology of dimension one, of a few landmarks.

Join all points nearer than r by edges, and fill every triangle. As r grows, a loop of edges is born
when its longest edge appears and dies when triangles have filled it. On a circle of radius R it
dies at √3 R, the side of the inscribed triangle, whatever the number of points; it is born at the
largest gap.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import scipy
from jaxtyping import Bool, Float, Int

_LANDMARKS = 40
_SURFACE_LANDMARKS = 256


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
    bars = [(b, d) for b, d in loop_bars(scipy.spatial.distance.cdist(chosen, chosen)) if b > 0]
    return max(bars, key=lambda bar: bar[1] / bar[0], default=(float("nan"), float("nan")))


def landmarks(states: Float[np.ndarray, "state unit"], most: int) -> Int[np.ndarray, " landmark"]:
    """Choose states far from one another: each next one is the farthest from those chosen."""
    chosen = [0]
    distance = np.linalg.norm(states - states[0], axis=1)
    while len(chosen) < min(most, len(states)) and distance.max() > 0:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(states - states[chosen[-1]], axis=1))
    return np.array(chosen)


def loops_that_last(states: Float[np.ndarray, "state unit"]) -> tuple[int, float]:
    """Count the loops of a surface that are no gaps between its samples; return their least size.

    With every state within e of a landmark, the triangles that cover a surface have sides of up to
    2 e, and what gaps there are between states are filled soon after. So a loop that is closed at
    2 e and still open at 4 e is one of the surface; one narrower than 4 e, the least size, is not
    seen.
    """
    chosen = states[landmarks(states, min(_SURFACE_LANDMARKS, len(states) // 4))]
    reach = scipy.spatial.distance.cdist(states, chosen).min(1).max(initial=0.0)
    bars = loop_bars(scipy.spatial.distance.cdist(chosen, chosen), 4 * reach)
    count = sum(birth <= 2 * reach and np.isinf(death) for birth, death in bars)
    return int(count), float(4 * reach)


def loop_bars(
    distances: Float[np.ndarray, "point point"], reach: float | None = None
) -> list[tuple[float, float]]:
    """Return (birth, death) of all loops that last, by reduction of the boundary matrix over Z/2.

    A column is a triangle, its rows its edges in order of length; the last edge that is left when
    earlier triangles have been added is the one that bore the loop that this triangle fills. The
    death of a loop that is open at `reach` is infinite. Without `reach` that is the radius at which
    the points lie within one ball around one of them, and nothing happens beyond.
    """
    if reach is None:
        reach = distances.max(1).min() if len(distances) else 0.0
    first, second = np.triu_indices(len(distances), 1)
    short = np.flatnonzero(distances[first, second] <= reach)
    short = short[np.argsort(distances[first, second][short], kind="stable")]
    edges = list(zip(first[short].tolist(), second[short].tolist(), strict=True))
    length = distances[first, second][short].tolist()
    owner: dict[int, frozenset[int]] = {}
    death: dict[int, float] = {}
    for boundary in _triangles(edges):
        longest = max(boundary)
        while boundary and max(boundary) in owner:
            boundary ^= owner[max(boundary)]
        if boundary:
            youngest = max(boundary)
            owner[youngest] = boundary
            death[youngest] = length[longest]
    closing = np.flatnonzero(_closes_a_loop(edges, len(distances))).tolist()
    bars = [(length[k], death.get(k, np.inf)) for k in closing]
    return [(birth, end) for birth, end in bars if end > birth]


def _triangles(edges: list[tuple[int, int]]) -> Iterator[frozenset[int]]:
    """Give the triangles, as their three edges, in order of the longest."""
    near: dict[int, dict[int, int]] = defaultdict(dict)
    for k, (a, b) in enumerate(edges):
        for c in near[a].keys() & near[b].keys():
            yield frozenset((k, near[a][c], near[b][c]))
        near[a][b] = near[b][a] = k


def _closes_a_loop(edges: list[tuple[int, int]], count: int) -> Bool[np.ndarray, " edge"]:
    """Tell which edges join points that shorter ones have joined already."""
    part = np.arange(count)
    closes = np.zeros(len(edges), bool)
    for k, (a, b) in enumerate(edges):
        closes[k] = part[a] == part[b]
        if not closes[k]:
            part[part == part[b]] = part[a]
    return closes
