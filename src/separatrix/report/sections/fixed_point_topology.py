"""Which stable points the saddles link."""

from collections.abc import Mapping

import numpy as np

from ... import figures
from ...analysis import FixedPointTopology, Undecided
from ...store import Run
from ..section import Figure, Section, Values
from ..view import has_plane


def compare(runs: Mapping[str, Run]) -> Figure:
    """Draw what the saddles of several runs link."""
    return figures.compare_topologies(
        {name: (run.topology, run.principal_components) for name, run in runs.items()}
    )


def values(run: Run) -> Values:
    """Return the topology, and whether it is the cube of independent bits."""
    topology = run.topology
    cube = topology.is_cube
    return {
        "num_points": len(topology),
        "counts": _counts(topology),
        "is_cube": cube is True,
        "shape": topology.shape,
        "undecided": cube.reason if isinstance(cube, Undecided) else "",
        "num_stable": len(topology.attractors),
        "num_departures": int(np.sum(topology.departures)),
        "most_steps": topology.most_steps,
        "num_unsettled": int(np.sum(topology.unsettled > 0)),
    }


def _counts(topology: FixedPointTopology) -> str:
    return "with 0, 1, 2, … unstable directions: " + " + ".join(map(str, topology.counts))


SECTION = Section(
    "fixed_point_topology",
    "How the fixed points hang together",
    ("topology", "activity"),
    lambda run: figures.fixed_point_topology(run.topology, run.principal_components),
    values,
    applies=has_plane,
    compare=compare,
    of_any=True,
)
