"""What is said where PyTorch is missing; maps of PyTorch functions are in tests/interop."""

import sys

import pytest

import separatrix as sx


def test_without_pytorch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(sx.InvalidInputError, match="PyTorch, which is not installed here: pip"):
        sx.torch_map(lambda x: x, 1)
