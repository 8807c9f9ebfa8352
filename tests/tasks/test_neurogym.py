"""What is said where NeuroGym is missing; the environments are in tests/interop."""

import sys

import pytest

import separatrix as sx
from separatrix.experiment import Setup


def experiment(**task):
    rest = {"name": "own", "network": {"name": "GRU", "num_units": 4}}
    return Setup(sx.Experiment.from_dict(rest | {"task": {"name": "neurogym", **task}}))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: sx.tasks.from_neurogym("PerceptualDecisionMaking-v0"), "pip install"),
        (lambda: experiment(environment="PerceptualDecisionMaking-v0"), "pip install"),
        (lambda: experiment(), "environment"),
        (lambda: experiment(environment=3), "task.environment"),
    ],
)
def test_without_neurogym(monkeypatch, call, word):
    monkeypatch.setitem(sys.modules, "neurogym", None)
    with pytest.raises(sx.InvalidInputError, match=word):
        call()
