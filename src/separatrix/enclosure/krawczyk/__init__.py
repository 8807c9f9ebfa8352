"""Proofs about zeros of a JAX function: existence, uniqueness, absence, unstable directions.

Everything here rests on :mod:`separatrix.enclosure.interval` and never returns a guess: what could
not be proved comes back as unproved, with the reason.
"""

from .absence import certify_absence
from .spectrum import certify_unstable
from .zeros import ZeroCertificates, certify_zeros

__all__ = [
    "ZeroCertificates",
    "certify_absence",
    "certify_unstable",
    "certify_zeros",
]
