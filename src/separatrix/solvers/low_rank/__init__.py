"""All zeros of residuals that depend on their argument through few numbers, at any size."""

from .exhaust import exhaust
from .reading import reduce
from .reduction import Reduction

__all__ = ["Reduction", "exhaust", "reduce"]
