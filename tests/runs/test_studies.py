"""Studies in processes of their own: whole, killed, limited."""

import subprocess
import sys
from pathlib import Path

import pytest
from small_experiment import SETTINGS

import separatrix as sx

FAULTS = Path(__file__).parents[2] / "benchmarks" / "faults.py"


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_study_that_is_killed_and_damaged_ends_the_same():
    asked = [sys.executable, str(FAULTS), "--rounds", "3", "--seeds", "3"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["survives"], done.stdout + done.stderr


def test_a_cell_that_takes_too_long_is_a_row_and_the_others_go_on(tmp_path):
    steps = {"grid": {"training.steps": [4, 10_000_000]}, "limits": {"seconds": 60.0, "retries": 0}}
    study = sx.Study.from_dict({"name": "long", "experiment": SETTINGS, **steps})
    results = sx.sweep(study, tmp_path / "long", workers=2)
    assert sorted(results.table.state) == ["done", "out of time"]
    assert results.failed.error.iloc[0] == "it took more than 60 s"


def test_a_cell_that_takes_too_much_memory_is_a_row(tmp_path):
    limits = {"limits": {"memory": 0.01, "retries": 0}}
    study = sx.Study.from_dict({"name": "large", "experiment": SETTINGS, **limits})
    results = sx.sweep(study, tmp_path / "large", workers=1)
    assert list(results.table.state) == ["out of memory"]
