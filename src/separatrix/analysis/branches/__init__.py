"""Branches of fixed points in a parameter."""

from .emerging import EmergingCycle
from .record import Branches
from .search import continue_fixed_points

__all__ = ["Branches", "EmergingCycle", "continue_fixed_points"]
