"""Measures of the distance between networks. `sx.compare` takes a measure, or its name."""

from ..._names import show_public_names
from .compared import compared as compared, measure_of as measure_of
from .measure import AbstractMeasure as AbstractMeasure, Dynamics
from .network_comparison import Comparison as Comparison
from .procrustes import Procrustes
from .spectrum import Spectrum
from .topology import Topology

__all__ = ["Dynamics", "Procrustes", "Spectrum", "Topology"]

show_public_names(__name__)
