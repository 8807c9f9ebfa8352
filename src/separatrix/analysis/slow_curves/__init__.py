"""Slow curves: where a system moves least, slice by slice along a decision axis."""

from .curve import slow_curve
from .states import SlowCurve

__all__ = ["SlowCurve", "slow_curve"]
