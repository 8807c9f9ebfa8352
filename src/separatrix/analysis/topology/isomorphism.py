"""Whether two graphs of fixed points are the same up to the order of their points."""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from jaxtyping import Bool

Graph = tuple[Bool[np.ndarray, "_ _"], Sequence[int], Sequence[str] | None]
"""Which points lead to which stable points, the kind of each point, the name of each stable one."""


def isomorphic(first: Graph, second: Graph) -> bool:
    """Return whether renaming the stable points carries all links of one graph to the other.

    Where stable points have names, corresponding ones have the same name. Color refinement divides
    them by their neighbors first (Weisfeiler & Leman 1968); a search over what it leaves open
    decides.
    """
    graphs = (first, second)
    colors = _refined(graphs)
    if Counter(colors[0]) != Counter(colors[1]):
        return False
    rare = Counter(colors[0])
    order = sorted(range(len(colors[0])), key=lambda end: rare[colors[0][end]])
    return _completed(graphs, colors, order, [])


def _refined(graphs: Sequence[Graph]) -> list[list[int]]:
    """Return a color for each stable point: the same for points with equal neighborhoods."""
    seen: list[list[Hashable]] = [
        list(names or [""] * links.shape[1]) for links, _, names in graphs
    ]
    while True:
        colors = _numbered(seen)
        seen = [
            [(own[end], *_around(graph, own, end)) for end in range(len(own))]
            for graph, own in zip(graphs, colors, strict=True)
        ]
        if len(set(seen[0] + seen[1])) == len(set(colors[0] + colors[1])):
            return colors


def _around(graph: Graph, colors: list[int], end: int) -> list[tuple[int, ...]]:
    """Return, of each point that leads to a stable one, its kind and the colors of all its ends."""
    links, kinds, _ = graph
    rows = np.flatnonzero(links[:, end]).tolist()
    return sorted((kinds[row], *sorted(np.array(colors)[links[row]].tolist())) for row in rows)


def _numbered(seen: list[list[Hashable]]) -> list[list[int]]:
    numbers = {what: k for k, what in enumerate(dict.fromkeys(seen[0] + seen[1]))}
    return [[numbers[what] for what in each] for each in seen]


def _completed(
    graphs: Sequence[Graph], colors: list[list[int]], order: list[int], images: list[int]
) -> bool:
    """Return whether the images of the first stable points in `order` can be completed."""
    color = colors[0][order[len(images)]] if len(images) < len(order) else None
    left = [end for end, other in enumerate(colors[1]) if other == color and end not in images]
    forced = len(left) == 1
    if not forced and _links_to(graphs[0], order[: len(images)]) != _links_to(graphs[1], images):
        return False
    return not left or any(_completed(graphs, colors, order, [*images, image]) for image in left)


def _links_to(graph: Graph, ends: list[int]) -> Counter[tuple[int, ...]]:
    """Count points by kind, number of links, and which of some stable points they lead to."""
    links, kinds, _ = graph
    rows = zip(kinds, links, strict=True)
    return Counter((kind, int(link.sum()), *link[ends].tolist()) for kind, link in rows)
