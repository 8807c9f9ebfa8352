"""Fixed and slow points of any map or flow."""

from .record import FixedPoints
from .search import find_fixed_points

__all__ = ["FixedPoints", "find_fixed_points"]
