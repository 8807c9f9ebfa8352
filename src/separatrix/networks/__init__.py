"""Recurrent networks."""

from .base import AbstractNetwork, check_network_fits, check_weights
from .gated import GRU, LSTM
from .rate import CTRNN

__all__ = ["CTRNN", "GRU", "LSTM", "AbstractNetwork", "check_network_fits", "check_weights"]
