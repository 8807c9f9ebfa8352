"""Gated networks, in PyTorch's equations."""

from .gru import GRU
from .lstm import LSTM

__all__ = ["GRU", "LSTM"]
