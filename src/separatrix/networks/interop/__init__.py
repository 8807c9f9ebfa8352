"""Networks made elsewhere: PyTorch, Keras, Flax, and files of their weights."""

from .state_dicts import from_state_dict
from .torch import from_torch, to_torch

__all__ = ["from_state_dict", "from_torch", "to_torch"]
