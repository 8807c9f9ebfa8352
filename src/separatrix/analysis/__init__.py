"""Analyses of any map or flow; nothing here knows a network, a task or a file."""

from .cycles import Cycles, find_cycles
from .fixed_points import FixedPoints, ToleranceCurve, find_fixed_points
from .linearization import Linearization, NonNormality, SelectionVectors, linearize
from .lyapunov import LyapunovSpectrum, lyapunov_exponents

__all__ = [
    "Cycles",
    "FixedPoints",
    "Linearization",
    "LyapunovSpectrum",
    "NonNormality",
    "SelectionVectors",
    "ToleranceCurve",
    "find_cycles",
    "find_fixed_points",
    "linearize",
    "lyapunov_exponents",
]
