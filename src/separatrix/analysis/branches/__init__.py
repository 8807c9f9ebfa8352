"""Branches of fixed points in a parameter."""

from .diagram import Branches
from .emerging import EmergingCycle
from .fixed_point_branches import continue_fixed_points

__all__ = ["Branches", "EmergingCycle", "continue_fixed_points"]
