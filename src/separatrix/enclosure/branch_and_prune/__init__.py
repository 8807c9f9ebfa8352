"""Proofs that a box holds no zeros of a function but those listed."""

from .frontier import Exhaustion
from .search import BranchAndPrune

__all__ = ["BranchAndPrune", "Exhaustion"]
