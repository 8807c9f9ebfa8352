"""Recurrent networks."""

from .base import AbstractNetwork, check_network_fits, check_weights
from .gated import GRU, LSTM
from .interop import from_state_dict, from_torch, to_torch
from .rate import CTRNN

__all__ = [
    "CTRNN",
    "GRU",
    "LSTM",
    "AbstractNetwork",
    "check_network_fits",
    "check_weights",
    "from_state_dict",
    "from_torch",
    "to_torch",
]
