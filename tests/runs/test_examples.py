"""The examples run, and open as notebooks."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import nbclient
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


def test_the_notebook_beside_the_script_is_the_same_and_runs(tmp_path, monkeypatch):
    """After a change of the script: `make notebook`."""
    script = jupytext.read(EXAMPLES[0].parent / "plot_yang2020.py")
    notebook = jupytext.read(EXAMPLES[0].parent / "yang2020.ipynb")
    assert [(c.cell_type, c.source) for c in notebook.cells] == [
        (c.cell_type, c.source) for c in script.cells
    ]
    assert not any(cell.get("outputs") for cell in notebook.cells)
    monkeypatch.setenv("SEPARATRIX_EXAMPLE_STEPS", "128")
    monkeypatch.setenv("SEPARATRIX_EXAMPLE_FIGURES", str(tmp_path))
    done = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    said = "".join(out.get("text", "") for cell in done.cells for out in cell.get("outputs", ()))
    assert "Is it a line attractor?" in said
