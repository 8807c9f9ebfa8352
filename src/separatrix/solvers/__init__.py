"""Numerical methods: they know functions of arrays only.

The methods that have options for users are `LevenbergMarquardt` and `BranchAndPrune`.
"""

from .branch_and_prune import BranchAndPrune
from .levenberg_marquardt import LevenbergMarquardt

__all__ = ["BranchAndPrune", "LevenbergMarquardt"]
