"""Numerical methods: they know functions of arrays only.

The methods that have options for users are `LevenbergMarquardt`, `BranchAndPrune`,
`CycleWalk`, `MultipleShooting` and `TangentQR`.
"""

from .branch_and_prune import BranchAndPrune
from .cycle_walk import CycleWalk
from .levenberg_marquardt import LevenbergMarquardt
from .shooting import MultipleShooting
from .tangent_qr import TangentQR

__all__ = [
    "BranchAndPrune",
    "CycleWalk",
    "LevenbergMarquardt",
    "MultipleShooting",
    "TangentQR",
]
