"""Gated networks."""

from .gru import GRU
from .lstm import LSTM
from .reset_first import ResetFirstGRU

__all__ = ["GRU", "LSTM", "ResetFirstGRU"]
