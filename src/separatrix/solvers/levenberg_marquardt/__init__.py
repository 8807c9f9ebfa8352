"""Levenberg–Marquardt and Newton steps on a stream of candidates."""

from .method import LevenbergMarquardt
from .solution import EPS, Ending, Evaluate, IsZero, Residual, Solution, States

__all__ = [
    "EPS",
    "Ending",
    "Evaluate",
    "IsZero",
    "LevenbergMarquardt",
    "Residual",
    "Solution",
    "States",
]
