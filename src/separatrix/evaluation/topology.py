"""How the fixed points of a network that holds values hang together."""

import jax
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from ..analysis import FixedPoints, FixedPointTopology, fixed_point_topology
from ..networks import AbstractNetwork
from ..systems import DiscreteMap
from ..tasks import AbstractTask


def output_topology(
    network: AbstractNetwork, task: AbstractTask | None, system: DiscreteMap, points: FixedPoints
) -> FixedPointTopology:
    """Name the stable points by the signs of the outputs, and find what the saddles link.

    `system` is the network at a frozen input. Where outputs compete for one answer, as they do
    where no task is known, that one is "+" and the others are "-".
    """
    with double_precision():
        outputs = jax.vmap(network.readout)(jnp.asarray(points.states))
    values = np.asarray(outputs)
    if task is None or task.answers_in_classes:
        values = np.where(values == values.max(1, keepdims=True), 1.0, -1.0)
    return fixed_point_topology(system, points, values)
