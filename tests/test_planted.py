"""The planted systems: each, run on by a dumb program, does what its construction says."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.planted import plant
from benchmarks.verdicts import refuted


@pytest.mark.parametrize(
    ("factor", "held"), [(1, "cycle"), (1.005, "cycle"), (0.5, "cycle"), (1, "ring")]
)
def test_a_false_claim_is_refuted(factor, held):
    one, rows = plant("turn by p/k", 1), np.arange(5)
    curve = {"what": "curve", "rows": rows, "share": 1.0, "family": True}
    end = SimpleNamespace(kind="end", numbers=curve | {"period": factor * one.period})
    first = SimpleNamespace(kind="held", numbers={"word": held, "first": True})
    verdict = SimpleNamespace(claims=(end, first), followed=rows, held=held)
    false = [claim for claim, _ in refuted(one, verdict)]
    assert false == [end] * (factor == 0.5) + [first] * (held == "ring")
