"""Cycles of maps and periodic orbits of flows."""

from .cycle_search import find_cycles
from .orbits import Cycles

__all__ = ["Cycles", "find_cycles"]
