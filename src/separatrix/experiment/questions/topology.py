"""How the fixed points of a network that holds values hang together."""

import jax
import jax.numpy as jnp
import numpy as np

from ..._double import double_precision
from ...analysis import FixedPointTopology, fixed_point_topology
from ..stages import SkippedError
from ..subject import Subject


def topology(subject: Subject) -> FixedPointTopology:
    """Name the stable points by the signs of the network's outputs and tell what saddles link.

    Needs a fixed point.
    """
    points = subject.points
    if not len(points.fixed):
        raise SkippedError("no fixed point was found, so there is nothing to link.")
    with double_precision():
        outputs = jax.vmap(subject.network.readout)(jnp.asarray(points.states))
    return fixed_point_topology(subject.system, points, np.asarray(outputs))


QUESTIONS = {"topology": topology}
