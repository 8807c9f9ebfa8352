"""Analyses of any map or flow; nothing here knows a network, a task or a file."""

from .branches import Branches, continue_fixed_points
from .fixed_points import FixedPoints, ToleranceCurve, find_fixed_points
from .linearization import Linearization, linearize

__all__ = [
    "Branches",
    "FixedPoints",
    "Linearization",
    "ToleranceCurve",
    "continue_fixed_points",
    "find_fixed_points",
    "linearize",
]
