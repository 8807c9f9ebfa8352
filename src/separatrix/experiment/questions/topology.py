"""How the fixed points of a network that holds values hang together."""

import jax
import jax.numpy as jnp
import numpy as np

from ..._double import double_precision
from ...analysis import FixedPoints, FixedPointTopology, fixed_point_topology
from ...networks import AbstractNetwork
from ...systems import DiscreteMap
from ..stages import SkippedError
from ..subject import Subject


def topology(subject: Subject) -> FixedPointTopology:
    """Name the stable points by the signs of the network's outputs and tell what saddles link.

    Where outputs compete for one answer, that one is "+" and the others are "-".

    Needs a fixed point.
    """
    if not len(subject.points.fixed):
        raise SkippedError("no fixed point was found, so there is nothing to link.")
    classes = subject.task.answers_in_classes
    return topology_of(subject.system, subject.network, subject.points, classes)


def topology_of(
    system: DiscreteMap, network: AbstractNetwork, points: FixedPoints, classes: bool
) -> FixedPointTopology:
    """Return the topology of the fixed points of a network at the input frozen into `system`."""
    with double_precision():
        outputs = jax.vmap(network.readout)(jnp.asarray(points.states))
    values = np.asarray(outputs)
    if classes:
        values = np.where(values == values.max(1, keepdims=True), 1.0, -1.0)
    return fixed_point_topology(system, points, values)


QUESTIONS = {"topology": topology}
