"""Recurrent networks."""

from .base import AbstractNetwork, check_network_fits, check_weights
from .rate import CTRNN

__all__ = ["CTRNN", "AbstractNetwork", "check_network_fits", "check_weights"]
