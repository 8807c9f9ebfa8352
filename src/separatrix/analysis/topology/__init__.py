"""How fixed points hang together: which stable points each saddle links."""

from .departures import fixed_point_topology
from .record import FixedPointTopology

__all__ = ["FixedPointTopology", "fixed_point_topology"]
