"""Curves of zeros of F(x, p): following them, their singular points, and other curves."""

from .curve import Curve, CurveEnd, ending_text, follow
from .deflation import Deflation, deflated_newton
from .method import PseudoArclength
from .newton import correct, correct_at, tangent_of
from .singular import (
    Located,
    crossing_tangents,
    extended_branch_point,
    extended_mode,
)

__all__ = [
    "Curve",
    "CurveEnd",
    "Deflation",
    "Located",
    "PseudoArclength",
    "correct",
    "correct_at",
    "crossing_tangents",
    "deflated_newton",
    "ending_text",
    "extended_branch_point",
    "extended_mode",
    "follow",
    "tangent_of",
]
