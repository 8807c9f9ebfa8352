"""Branches of cycles in a parameter."""

from .record import CycleBranch
from .search import continue_cycles

__all__ = ["CycleBranch", "continue_cycles"]
