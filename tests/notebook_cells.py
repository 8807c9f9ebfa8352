"""Notebooks that are made of the scripts of examples/, as `make notebook` makes them, and run."""

from pathlib import Path

import jupytext
import nbclient

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(script, folder):
    """Return what the cells of a script printed, and how many pictures they showed, in a folder."""
    notebook = jupytext.read(EXAMPLES / script)
    where = {"metadata": {"path": str(folder)}}
    done = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where)
    outputs = [o for cell in done.execute().cells for o in cell.get("outputs", [])]
    printed = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    return printed, sum("image/png" in o.get("data", {}) for o in outputs)
