"""A system near its points: Jacobians, modes, time constants, non-normality, selection vectors."""

from .eigenmodes import Linearization, linearize
from .gating import InputGating, input_gating
from .modes import eigenmodes
from .non_normality import NonNormality
from .selection import SelectionVectors

__all__ = [
    "InputGating",
    "Linearization",
    "NonNormality",
    "SelectionVectors",
    "eigenmodes",
    "input_gating",
    "linearize",
]
