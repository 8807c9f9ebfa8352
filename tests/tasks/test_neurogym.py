"""What is said where NeuroGym is missing; the environments are in tests/interop."""

import sys

import pytest

import separatrix as sx
from separatrix.experiment import Setup

INSTALL = r"pip install --constraint constraints-interop.txt '\.\[neurogym\]'"


def test_without_neurogym(monkeypatch):
    monkeypatch.setitem(sys.modules, "neurogym", None)
    with pytest.raises(sx.InvalidInputError, match=INSTALL):
        sx.tasks.from_neurogym("PerceptualDecisionMaking-v0")


def test_an_experiment_without_neurogym(monkeypatch):
    monkeypatch.setitem(sys.modules, "neurogym", None)
    table = {"name": "neurogym", "environment": "PerceptualDecisionMaking-v0"}
    rest = {"name": "own", "network": {"name": "GRU", "num_units": 4}}
    for given, text in (
        (table, f"task in the settings: .*{INSTALL}"),
        ({"name": "neurogym"}, "task in the settings: missing key 'environment'."),
        ({**table, "environment": 3}, "task.environment in the settings: expected a text, got 3"),
    ):
        with pytest.raises(sx.InvalidInputError, match=text):
            Setup(sx.Experiment.from_dict({**rest, "task": given}))
