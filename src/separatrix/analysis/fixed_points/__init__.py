"""Fixed and slow points of any map or flow."""

from .points import FixedPoints, ToleranceCurve
from .search import find_fixed_points

__all__ = ["FixedPoints", "ToleranceCurve", "find_fixed_points"]
