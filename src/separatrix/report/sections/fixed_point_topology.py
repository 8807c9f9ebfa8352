"""Which stable points the saddles link."""

from collections.abc import Mapping

import numpy as np

from ... import figures
from ...activity import Activity
from ...analysis import FixedPointTopology, Undecided
from ..section import Figure, Rows, Section, Values
from ..story import Story


def compare(stories: Mapping[str, Story]) -> Figure:
    """Draw what the saddles of several runs link."""
    return figures.compare_topologies(
        {name: (story.get(FixedPointTopology), story.space) for name, story in stories.items()}
    )


def values(story: Story) -> Values:
    """Return the topology, and whether it is the cube of independent bits."""
    topology = story.get(FixedPointTopology)
    cube = topology.is_cube
    return {
        "num_points": len(topology),
        "counts": _counts(topology),
        "is_cube": cube is True,
        "undecided": cube.reason if isinstance(cube, Undecided) else "",
        "num_departures": int(np.sum(topology.departures)),
        "num_unsettled": int(np.sum(topology.unsettled > 0)),
    }


def numbers(story: Story) -> Rows:
    """Return how many points there are by unstable directions, and whether they form a cube."""
    topology = story.find(FixedPointTopology)
    if topology is None:
        return []
    cube = topology.is_cube
    shape = "the cube of independent bits" if cube is True else "not the cube"
    if isinstance(cube, Undecided):
        shape = "the cube of independent bits or not: undecided"
    return [("topology of fixed points", f"{_counts(topology)}: {shape}")]


def _counts(topology: FixedPointTopology) -> str:
    return " + ".join(map(str, topology.counts)) + " by number of unstable directions"


SECTION = Section(
    "fixed_point_topology",
    "How the fixed points hang together",
    (FixedPointTopology, Activity),
    lambda story: figures.fixed_point_topology(story.get(FixedPointTopology), story.space),
    values,
    numbers,
    applies=lambda story: story.has_plane,
    compare=compare,
    analyses=("topology",),
)
