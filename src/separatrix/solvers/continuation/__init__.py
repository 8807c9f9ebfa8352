"""Curves of zeros of F(x, p): following them, their singular points, and other curves."""

from .corrector import correct, correct_at, null_tangent, tangent_of
from .curve import Curve, CurveEnd, PseudoArclength, ending_text, follow
from .deflation import Deflation, deflated_newton
from .singular import (
    crossing_tangents,
    extended_branch_point,
    extended_mode,
)

__all__ = [
    "Curve",
    "CurveEnd",
    "Deflation",
    "PseudoArclength",
    "correct",
    "correct_at",
    "crossing_tangents",
    "deflated_newton",
    "ending_text",
    "extended_branch_point",
    "extended_mode",
    "follow",
    "null_tangent",
    "tangent_of",
]
