"""Numerical methods and their options. The methods work on functions of arrays.

A method with its options is an immutable object, such as `MultipleShooting(max_steps=100)`. An
analysis takes such an object as its argument `method`. If `method` is None, the analysis chooses a
method, with its default options.
"""

import lazy_loader

from .._names import show_public_names

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
show_public_names(__name__)
