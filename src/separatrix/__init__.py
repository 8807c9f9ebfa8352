"""Separatrix: train recurrent networks on cognitive tasks, then take them apart.

The public names, in the order of the pipeline::

    task ──trials──▶ network ──train──▶ Training ──simulate──▶ Activity
                                  ──find_fixed_points──▶ FixedPoints ──linearize──▶ Linearization
"""

from importlib.metadata import PackageNotFoundError, version

import lazy_loader

from ._names import show_public_names

try:
    __version__ = version("separatrix")
except PackageNotFoundError:  # the sources are on the path, not installed
    __version__ = "0.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
"""Each public name is imported when it is first used: `__init__.pyi` lists them."""
show_public_names(__name__)
