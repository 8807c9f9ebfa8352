"""Proofs that a box holds no zeros of a function except those in a list."""

from .frontier import Exhaustion, Limits, search_box
from .unbounded import search_unbounded

__all__ = ["Exhaustion", "Limits", "search_box", "search_unbounded"]
