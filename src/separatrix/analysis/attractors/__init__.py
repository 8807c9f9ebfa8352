"""Continuous attractors: points, a line, a ring or a surface, with the evidence for the verdict."""

from .attractor import ContinuousAttractor
from .verdict import continuous_attractor
from .watching import Watching

__all__ = ["ContinuousAttractor", "Watching", "continuous_attractor"]
