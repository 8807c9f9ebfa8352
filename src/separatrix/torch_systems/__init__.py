"""Systems from PyTorch functions: translated to JAX, or called where an operation has no rule."""

from .torch_map import torch_map

__all__ = ["torch_map"]
