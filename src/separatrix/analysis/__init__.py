"""Analyses of any map or flow; nothing here knows a network, a task or a file."""

from .boundaries import (
    Basins,
    Commitment,
    FixedPointGraph,
    Separatrix,
    Settling,
    basins,
    commitment,
    fixed_point_graph,
    separatrix,
)
from .fixed_points import FixedPoints, ToleranceCurve, find_fixed_points
from .linearization import Linearization, linearize
from .slow_curves import SlowCurve, slow_curve

__all__ = [
    "Basins",
    "Commitment",
    "FixedPointGraph",
    "FixedPoints",
    "Linearization",
    "Separatrix",
    "Settling",
    "SlowCurve",
    "ToleranceCurve",
    "basins",
    "commitment",
    "find_fixed_points",
    "fixed_point_graph",
    "linearize",
    "separatrix",
    "slow_curve",
]
