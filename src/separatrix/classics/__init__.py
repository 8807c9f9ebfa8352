"""Analyses of single papers, each with a page in `docs/classics`.

Beside them stand the questions that their experiments ask, their figures, and their sections of a
report. The runner, `sx.figures` and the report find these by `modules_of`; no other package imports
them.
"""

import lazy_loader

from .._names import show_public_names

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
show_public_names(__name__)
