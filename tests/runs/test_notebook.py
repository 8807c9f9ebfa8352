"""A notebook shows each figure once: the last line of a cell, and what `plt.show()` is to show."""

import base64
import os
import struct
import subprocess
import sys

import nbclient
import nbformat
import pytest

PLOT = "sx.figures.trials(task, num_trials=1)"
CELLS = {
    "start": "import sys, numpy as np, separatrix as sx\n"
    "task = sx.tasks.PerceptualDecisionMaking()",
    "last line, no pyplot": f"assert 'matplotlib.pyplot' not in sys.modules\n{PLOT}",
    "pyplot": "import matplotlib.pyplot as plt",
    "plt.show()": f"figure = {PLOT}\nplt.show()",
    "last line": PLOT,
    "last line of a name": f"figure = {PLOT}\nfigure",
    "shown again": "figure",
    "in given axes": "fig, ax = plt.subplots()\n"
    "sx.figures.fixed_points(np.eye(2), np.eye(2), ax=ax)\nplt.show()",
    "none is left open": "assert plt.get_fignums() == []",
}
WITHOUT_PICTURE = ("start", "pyplot", "none is left open")


@pytest.fixture(scope="module")
def notebook():
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    read = nbformat.v4.new_notebook(cells=cells)
    return nbclient.NotebookClient(read, timeout=300, kernel_name="python3").execute()


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_shows_its_figure_once(notebook, name):
    outputs = notebook.cells[list(CELLS).index(name)].outputs
    assert [o for o in outputs if o.output_type in ("error", "stream")] == []
    pictures = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == (name not in WITHOUT_PICTURE)
    for picture in pictures:
        width, height = struct.unpack(">II", base64.b64decode(picture)[16:24])
        assert width > 300 and height > 300


def test_a_backend_that_shows_nothing_keeps_no_figures():
    """A script that draws thousands would hold them all, and be warned of it."""
    code = f"import matplotlib.pyplot as plt\n{CELLS['start']}\n{PLOT}\nprint(plt.get_fignums())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
