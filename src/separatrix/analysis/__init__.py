"""Analyses of any map or flow; nothing here knows a network, a task or a file."""

from .attractors import ContinuousAttractor, continuous_attractor
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
from .branches import Branches, continue_fixed_points
from .fixed_points import FixedPoints, ToleranceCurve, find_fixed_points
from .linearization import Linearization, linearize
from .slow_curves import SlowCurve, slow_curve

__all__ = [
    "Basins",
    "Commitment",
    "ContinuousAttractor",
    "FixedPointGraph",
    "FixedPoints",
    "Linearization",
    "Separatrix",
    "Settling",
    "SlowCurve",
    "ToleranceCurve",
    "basins",
    "commitment",
    "continuous_attractor",
    "find_fixed_points",
    "fixed_point_graph",
    "linearize",
    "separatrix",
    "slow_curve",
    "Branches",
    "FixedPoints",
    "Linearization",
    "ToleranceCurve",
    "continue_fixed_points",
    "find_fixed_points",
    "linearize",
]
