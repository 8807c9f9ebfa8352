"""What is said where NeuroGym is missing; the environments are in tests/interop."""

import sys

import pytest

import separatrix as sx


def test_without_neurogym(monkeypatch):
    monkeypatch.setitem(sys.modules, "neurogym", None)
    with pytest.raises(sx.InvalidInputError, match=r"pip install 'separatrix\[neurogym\]'"):
        sx.tasks.from_neurogym("PerceptualDecisionMaking-v0")
