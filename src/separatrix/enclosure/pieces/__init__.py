"""Piecewise-linear functions with few pieces: what they are, and all their zeros."""

from .affine import affine_functions
from .piece_search import search_pieces

__all__ = ["affine_functions", "search_pieces"]
