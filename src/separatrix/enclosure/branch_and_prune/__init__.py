"""Proofs that a box holds no zeros of a function except those in a list."""

from .box_search import BranchAndPrune
from .frontier import Exhaustion

__all__ = ["BranchAndPrune", "Exhaustion"]
