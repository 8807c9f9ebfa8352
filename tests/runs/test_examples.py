"""The examples run, as scripts or as notebooks."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import notebook_cells

EXAMPLE = Path(__file__).parents[2] / "examples" / "plot_yang2020.py"


def test_the_example_runs_as_a_script(tmp_path):
    environment = os.environ | {
        "SEPARATRIX_EXAMPLE_STEPS": "128",
        "SEPARATRIX_EXAMPLE_FIGURES": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, EXAMPLE], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Is it a line attractor?" in done.stdout
    assert (tmp_path / "fixed_points.png").stat().st_size > 5000


def test_the_notebook_beside_the_script_is_the_same():
    """After a change of the script: `make notebook`; test_notebook.py runs cells."""
    script, notebook = (jupytext.read(EXAMPLE.parent / n) for n in (EXAMPLE, "yang2020.ipynb"))
    assert [(c.cell_type, c.source) for c in notebook.cells] == [
        (c.cell_type, c.source) for c in script.cells
    ]
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_the_notebook_of_the_flip_flop_finds_the_cube(tmp_path):
    printed, pictures = notebook_cells.run("flipflop_cube.py", tmp_path)
    assert "unstable directions: (8, 12, 6, 1)" in printed
    assert "a cube: True" in printed and pictures == 2
