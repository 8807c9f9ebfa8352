"""Basins, the boundaries between them, and the graph of fixed points.

The package is not called `basins`, because `sx.basins` is a function.
"""

from .boundary import Separatrix, separatrix
from .decisions import Commitment, commitment
from .fractions import Basins, basins, wilson
from .graph import FixedPointGraph, fixed_point_graph

__all__ = [
    "Basins",
    "Commitment",
    "FixedPointGraph",
    "Separatrix",
    "basins",
    "commitment",
    "fixed_point_graph",
    "separatrix",
    "wilson",
]
