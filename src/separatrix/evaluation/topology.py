"""How the fixed points of a network that holds values hang together."""

import numpy as np

from ..analysis import FixedPoints, FixedPointTopology, fixed_point_topology
from ..networks import AbstractNetwork
from ..systems import AbstractSystem
from ..tasks import AbstractTask
from .readout import outputs_of


def output_topology(
    network: AbstractNetwork, task: AbstractTask | None, system: AbstractSystem, points: FixedPoints
) -> FixedPointTopology:
    """Name the stable points by the signs of the outputs, and find what the saddles link.

    `system` is the network at a frozen input. Where outputs compete for one answer, as they do
    where no task is known, that one is "+" and the others are "-".
    """
    values = outputs_of(network, np.asarray(points.states))
    if task is None or task.answers_in_classes:
        values = np.where(values == values.max(1, keepdims=True), 1.0, -1.0)
    return fixed_point_topology(system, points, values)
