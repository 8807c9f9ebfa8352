"""Continuous attractors: points, a line, a ring or a plane, with the evidence for the verdict."""

from .record import ContinuousAttractor
from .verdict import continuous_attractor

__all__ = ["ContinuousAttractor", "continuous_attractor"]
