"""Example trials: what the network is given, and what it answers."""

from ... import figures
from ...store import Run
from ..section import Figure, Section, Values
from ..view import answers_in_classes


def draw(run: Run) -> Figure:
    """Draw a few trials."""
    return figures.trials(run.activity, run.task, softmax=answers_in_classes(run))


def values(run: Run) -> Values:
    """Return the activity, and how its channels are drawn."""
    task = run.task
    drawn = ""
    if task is not None:
        drawn = "rows" if task.num_inputs > figures.MOST_LINES else "lines"
    return {"activity": run.activity, "drawn_as": drawn}


SECTION = Section("trials", "The task, trial by trial", ("activity",), draw, values)
