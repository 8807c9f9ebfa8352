"""Levenberg–Marquardt and Newton steps on a stream of candidates."""

from .equations import EPS, Equations, Evaluate, Residual
from .jacobians import DenseJacobians, Jacobians, ScaledJacobians, SharedMatrix
from .method import LevenbergMarquardt

__all__ = [
    "EPS",
    "DenseJacobians",
    "Equations",
    "Evaluate",
    "Jacobians",
    "LevenbergMarquardt",
    "Residual",
    "ScaledJacobians",
    "SharedMatrix",
]
