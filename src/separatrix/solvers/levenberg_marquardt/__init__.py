"""Levenberg–Marquardt and Newton steps on a stream of candidates."""

from ..endings import Ending
from .jacobians import DenseJacobians, Jacobians, ScaledJacobians, SharedMatrix
from .method import LevenbergMarquardt
from .solution import EPS, Evaluate, Finished, IsZero, Linearize, Residual, Solution, States

__all__ = [
    "EPS",
    "DenseJacobians",
    "Ending",
    "Evaluate",
    "Finished",
    "IsZero",
    "Jacobians",
    "LevenbergMarquardt",
    "Linearize",
    "Residual",
    "ScaledJacobians",
    "SharedMatrix",
    "Solution",
    "States",
]
