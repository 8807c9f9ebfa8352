"""How fixed points are connected: which stable points each saddle links."""

from .departures import fixed_point_topology
from .topology import FixedPointTopology, Undecided

__all__ = ["FixedPointTopology", "Undecided", "fixed_point_topology"]
