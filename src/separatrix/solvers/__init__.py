"""Numerical methods: they know functions of arrays only.

The methods that have options for users are `LevenbergMarquardt`, `BranchAndPrune`,
`PseudoArclength`, `Deflation` and `TangentQR`.
"""

from .branch_and_prune import (
    BranchAndPrune,
)
from .continuation import (
    Deflation,
    PseudoArclength,
)
from .cycle_walk import (
    CycleWalk,
)
from .levenberg_marquardt import (
    LevenbergMarquardt,
)
from .shooting import (
    MultipleShooting,
)
from .tangent_qr import (
    TangentQR,
)

__all__ = [
    "BranchAndPrune",
    "CycleWalk",
    "Deflation",
    "LevenbergMarquardt",
    "MultipleShooting",
    "PseudoArclength",
    "TangentQR",
]
