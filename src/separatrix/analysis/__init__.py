"""Analyses of any map or flow; nothing here knows a network, a task or a file."""

from .fixed_points import FixedPoints, ToleranceCurve, find_fixed_points
from .linearization import Linearization, linearize

__all__ = ["FixedPoints", "Linearization", "ToleranceCurve", "find_fixed_points", "linearize"]
