"""Networks made elsewhere: PyTorch, Keras, Flax, and files of their weights."""

from .state_dicts import from_state_dict

__all__ = ["from_state_dict"]
