"""What is said of the topology of fixed points."""

import numpy as np

from ..analysis import Analyses, FixedPointTopology, Undecided
from .story import Story, count


def fixed_point_topology(story: Story) -> str:
    """Explain which stable points the saddles link."""
    topology = story.get(FixedPointTopology)
    text = (
        "Fixed points in the space of the first principal components of the activity, by the "
        "number of directions in which they are unstable. Stable points are named by the signs of "
        "the outputs that they hold. Bold lines lead from each saddle with one unstable direction "
        "to the two stable points where the arms of its unstable manifold end; thin ones from the "
        "others to all that is reached from them "
        f"({int(np.sum(topology.departures))} departures were followed). "
    )
    cube = topology.is_cube
    if cube is True:
        text += (
            "Every pattern of signs occurs once, at every number of free outputs: the topology is "
            "that of independent bits, a cube with its corners, edges, faces and body."
        )
    else:
        text += f"{count(len(topology), 'fixed point').capitalize()}, {_counts(topology)}."
    if isinstance(cube, Undecided):
        text += f" Whether that is the cube of independent bits is not decided: {cube.reason}."
    lost = int(np.sum(topology.unsettled > 0))
    if lost:
        text += f" From {count(lost, 'point')} some departures did not settle at a stable point."
    return text


def no_topology(story: Story) -> str:
    """Say why there is no topology, where one was asked for."""
    outcomes = story.find(Analyses)
    reason = outcomes.why_not("topology") if outcomes is not None else ""
    return f"The run holds no topology of fixed points: {reason}" if reason else ""


def topology_numbers(story: Story) -> list[tuple[str, str]]:
    """Return the topology as a row of the key numbers, where the run has it."""
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
