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
from .levenberg_marquardt import (
    LevenbergMarquardt,
)
from .tangent_qr import (
    TangentQR,
)

__all__ = [
    "BranchAndPrune",
    "Deflation",
    "LevenbergMarquardt",
    "PseudoArclength",
    "TangentQR",
]
