"""All zeros of residuals that depend on their argument through few numbers, at any size."""

from .exhaust import exhaust
from .factors import UnboundedRemainderError
from .origin import alone_at_origin
from .reading import reduce
from .reduction import Reduction
from .spectrum import FewEigenvalues, few_eigenvalues
from .zeros import certify, settle

__all__ = [
    "FewEigenvalues",
    "Reduction",
    "UnboundedRemainderError",
    "alone_at_origin",
    "certify",
    "exhaust",
    "few_eigenvalues",
    "reduce",
    "settle",
]
