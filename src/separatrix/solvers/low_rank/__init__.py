"""All zeros of residuals that depend on their argument through few numbers, at any size."""

from .exhaust import exhaust
from .reduction import Reduction, reduce

__all__ = ["Reduction", "exhaust", "reduce"]
