"""Branches of fixed points in a parameter."""

from .record import Branches
from .search import continue_fixed_points

__all__ = ["Branches", "continue_fixed_points"]
