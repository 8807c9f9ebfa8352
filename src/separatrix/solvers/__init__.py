"""Numerical methods: they know functions of arrays only.

The methods that have options for users are `LevenbergMarquardt`, `BranchAndPrune` and `TangentQR`.
"""

from .branch_and_prune import BranchAndPrune
from .levenberg_marquardt import LevenbergMarquardt
from .tangent_qr import TangentQR

__all__ = [
    "BranchAndPrune",
    "LevenbergMarquardt",
    "TangentQR",
]
