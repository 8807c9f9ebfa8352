"""The examples run, and open as notebooks."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_runs_as_a_script(path, tmp_path):
    environment = os.environ | {
        "SEPARATRIX_EXAMPLE_STEPS": "128",
        "SEPARATRIX_EXAMPLE_FIGURES": str(tmp_path),
    }
    done = subprocess.run([sys.executable, path], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "fixed_points.png").stat().st_size > 5000


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_opens_as_a_notebook(path):
    notebook = jupytext.read(path)
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds.count("code") >= 7
    assert kinds.count("markdown") >= 7
