"""A system near its points: Jacobians, modes, time constants, non-normality, selection vectors."""

from .eigenmodes import Linearization, linearize
from .modes import eigenmodes
from .non_normality import NonNormality
from .selection import SelectionVectors

__all__ = [
    "Linearization",
    "NonNormality",
    "SelectionVectors",
    "eigenmodes",
    "linearize",
]
