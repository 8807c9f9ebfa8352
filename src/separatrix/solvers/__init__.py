"""Numerical methods: they know functions of arrays only.

The methods that have options for users are frozen objects that own them; an analysis takes one in
place of None.
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
from .minimize import (
    DampedNewton,
)
from .piecewise_linear import (
    KinkDescent,
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
    "DampedNewton",
    "Deflation",
    "KinkDescent",
    "LevenbergMarquardt",
    "MultipleShooting",
    "PseudoArclength",
    "TangentQR",
]
