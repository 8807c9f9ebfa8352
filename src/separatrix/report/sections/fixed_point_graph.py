"""Where the unstable directions of the saddles lead."""

from collections import Counter

import numpy as np

from ... import figures
from ...analysis import FixedPointGraph
from ...store import Run
from ..section import Figure, Section, Values
from ..view import has_plane, outside_view, plane

MOST_FAR = 4
"""Points outside the view that are listed."""


def draw(run: Run) -> Figure:
    """Draw where the arms of the saddles end."""
    return figures.fixed_point_graph(run.fixed_point_graph, run.activity, plane(run))


def values(run: Run) -> Values:
    """Return the paths that leave the saddles and where they end, and which points are not seen."""
    graph = run.fixed_point_graph
    others = Counter(np.asarray(graph.reasons)[np.asarray(graph.target) < 0].tolist())
    places = np.asarray(graph.places)
    far = outside_view(run, np.asarray(graph.states, float))
    rests = np.isin(np.asarray(graph.stability), ("stable", "kink"))
    return {
        "num_paths": len(graph),
        "num_saddles": len(graph.saddles),
        "num_rays": len(graph) - 2 * len(graph.saddles),
        "num_directions": num_directions(graph),
        "num_settled": int(np.sum(np.asarray(graph.target) >= 0)),
        "most_steps": graph.most_steps,
        "other_ends": others.most_common(3),
        "far": [(places[k], away) for k, away in list(far.items())[:MOST_FAR]],
        "num_far": len(far),
        "has_rest": bool(rests.any()),
    }


def num_directions(graph: FixedPointGraph) -> int:
    """Return the largest number of directions along which one saddle was left."""
    several = ~np.isin(np.asarray(graph.source), np.asarray(graph.saddles))
    return int(np.abs(np.asarray(graph.arm)[several]).max(initial=0))


SECTION = Section(
    "fixed_point_graph",
    "Where the saddles lead",
    ("fixed_point_graph", "activity"),
    draw,
    values,
    applies=has_plane,
    of_any=True,
    folded=True,
)
