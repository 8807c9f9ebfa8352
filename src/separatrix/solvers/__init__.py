"""Numerical methods: they know functions of arrays only.

Methods with options are frozen objects, and an analysis takes one in place of None.
"""

import lazy_loader

from .._names import show_public_names

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
show_public_names(__name__)
