"""Recurrent networks to train and analyze, and their exchange with PyTorch."""

from .._names import show_public_names
from .dale import DaleCTRNN
from .gated import GRU, LSTM, ResetFirstGRU
from .interop import from_state_dict, from_torch, to_torch
from .low_rank import LowRankRNN
from .network import AbstractNetwork, check_network_fits, check_weights, trained_leaves
from .plasticity import ShortTermPlasticityRNN
from .rate import CTRNN

__all__ = [
    "CTRNN",
    "GRU",
    "LSTM",
    "AbstractNetwork",
    "DaleCTRNN",
    "LowRankRNN",
    "ResetFirstGRU",
    "ShortTermPlasticityRNN",
    "check_network_fits",
    "check_weights",
    "from_state_dict",
    "from_torch",
    "to_torch",
    "trained_leaves",
]

show_public_names(__name__)
