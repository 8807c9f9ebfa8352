"""How the fixed points of a network that holds values hang together."""

from ...analysis import FixedPointTopology
from ...evaluation.topology import output_topology
from ...plan import check_linked
from ..subject import Subject


def topology(subject: Subject) -> FixedPointTopology:
    """Name the stable points by the signs of the network's outputs and tell what saddles link.

    Where outputs compete for one answer, that one is "+" and the others are "-".

    Needs a fixed point.
    """
    check_linked(subject.points)
    return output_topology(subject.network, subject.task, subject.system, subject.points)


QUESTIONS = {"topology": topology}
