"""All zeros of residuals that depend on their argument through few numbers, at any size."""

from .exhaust import exhaust
from .factors import UnboundedRemainderError
from .origin import alone_at_origin
from .reading import reduce
from .reduction import Reduction

__all__ = ["Reduction", "UnboundedRemainderError", "alone_at_origin", "exhaust", "reduce"]
