"""Branches of cycles in a parameter."""

from .branch import CycleBranch
from .search import continue_cycles

__all__ = ["CycleBranch", "continue_cycles"]
