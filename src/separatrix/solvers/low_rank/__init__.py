"""All zeros of residuals that depend on their argument through few numbers, at any size."""

from .exhaust import alone_at_origin, exhaust
from .factors import UnboundedRemainderError
from .reading import reduce
from .reduction import Reduction

__all__ = ["Reduction", "UnboundedRemainderError", "alone_at_origin", "exhaust", "reduce"]
