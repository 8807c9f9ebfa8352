"""Cycles of maps and periodic orbits of flows."""

from .orbits import Cycles
from .search import find_cycles

__all__ = ["Cycles", "find_cycles"]
