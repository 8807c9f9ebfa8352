"""Analyses of any map or flow; nothing here knows a network, a task or a file."""

from .fixed_points import FixedPoints, ToleranceCurve, find_fixed_points
from .linearization import Linearization, NonNormality, SelectionVectors, linearize
from .lyapunov import LyapunovSpectrum, lyapunov_exponents

__all__ = [
    "FixedPoints",
    "Linearization",
    "LyapunovSpectrum",
    "NonNormality",
    "SelectionVectors",
    "ToleranceCurve",
    "find_fixed_points",
    "linearize",
    "lyapunov_exponents",
]
