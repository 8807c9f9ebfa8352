"""Whether two graphs of fixed points are the same up to the order of their points."""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from jaxtyping import Bool

Graph = tuple[Bool[np.ndarray, "_ _"], Sequence[int], Sequence[str] | None]
"""Which points lead to which stable points, the kind of each point, the name of each stable one."""


def isomorphic(first: Graph, second: Graph) -> bool:
    """Say whether some renaming of the stable points carries all links of one graph to the other.

    A stable point may only become one of its name, where there are names. They are told apart by
    those around them until nothing changes (Weisfeiler & Leman 1968); what that leaves open is
    tried out.
    """
    graphs = (first, second)
    colors = _refined(graphs)
    if Counter(colors[0]) != Counter(colors[1]):
        return False
    rare = Counter(colors[0])
    order = sorted(range(len(colors[0])), key=lambda end: rare[colors[0][end]])
    return _completed(graphs, colors, order, [])


def _refined(graphs: Sequence[Graph]) -> list[list[int]]:
    """Return a number for each stable point, the same where nothing tells two of them apart."""
    told: list[list[Hashable]] = [
        list(names or [""] * links.shape[1]) for links, _, names in graphs
    ]
    while True:
        numbers = _numbered(told)
        told = [
            [(own[end], *_around(graph, own, end)) for end in range(len(own))]
            for graph, own in zip(graphs, numbers, strict=True)
        ]
        if len(set(told[0] + told[1])) == len(set(numbers[0] + numbers[1])):
            return numbers


def _around(graph: Graph, numbers: list[int], end: int) -> list[tuple[int, ...]]:
    """Return the kind of each point that leads to a stable one, and to which others it leads."""
    links, kinds, _ = graph
    rows = np.flatnonzero(links[:, end]).tolist()
    return sorted((kinds[row], *sorted(np.array(numbers)[links[row]].tolist())) for row in rows)


def _numbered(told: list[list[Hashable]]) -> list[list[int]]:
    names = {name: k for k, name in enumerate(dict.fromkeys(told[0] + told[1]))}
    return [[names[name] for name in each] for each in told]


def _completed(
    graphs: Sequence[Graph], colors: list[list[int]], order: list[int], images: list[int]
) -> bool:
    """Say whether the images of the first stable points in `order` can be completed."""
    if _led(graphs[0], order[: len(images)]) != _led(graphs[1], images):
        return False
    if len(images) == len(order):
        return True
    color = colors[0][order[len(images)]]
    left = (end for end, other in enumerate(colors[1]) if other == color and end not in images)
    return any(_completed(graphs, colors, order, [*images, image]) for image in left)


def _led(graph: Graph, ends: list[int]) -> Counter[tuple[int, ...]]:
    """Count points by kind, number of links, and to which of some stable points they lead."""
    links, kinds, _ = graph
    rows = zip(kinds, links, strict=True)
    return Counter((kind, int(link.sum()), *link[ends].tolist()) for kind, link in rows)
