"""Analyses of single papers, each with a page in `docs/classics`."""

from ._names import import_when_used, show_public_names

__all__ = import_when_used(__name__, __file__)
show_public_names(__name__)
