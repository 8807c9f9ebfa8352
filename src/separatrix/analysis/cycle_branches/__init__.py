"""Branches of cycles in a parameter."""

from .branch import CycleBranch
from .cycle_continuation import continue_cycles

__all__ = ["CycleBranch", "continue_cycles"]
