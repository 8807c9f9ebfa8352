"""Zeros and slow points of piecewise-linear residuals, exactly.

``recognize`` reads any JAX function into the canonical form ``PiecewiseLinear``;
``solve_regions`` finds the zeros of such a residual region by region, ``descend_speed`` the local
minima of its speed, most of which lie on the kinks between regions.
"""

from .descend import KinkDescent, descend_speed
from .form import PiecewiseLinear
from .minima import SlowSolution
from .recognize import recognize
from .walk import RegionSolution, solve_regions
from .zeros import Zero, evaluation_error, same_zero

__all__ = [
    "KinkDescent",
    "PiecewiseLinear",
    "RegionSolution",
    "SlowSolution",
    "Zero",
    "descend_speed",
    "evaluation_error",
    "recognize",
    "same_zero",
    "solve_regions",
]
