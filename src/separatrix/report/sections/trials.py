"""Example trials: what the network is given, and what it answers."""

from ... import figures
from ..._tables import describe_duration
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
    units = run.activity.time_units
    step = "" if units == "steps" else describe_duration(run.activity.dt, units)
    return {
        "activity": run.activity,
        "num_inputs": run.activity.inputs.shape[2],
        "num_outputs": run.activity.outputs.shape[2],
        "drawn_as": drawn,
        "step": step,
    }


def _has_trials(run: Run) -> bool:
    """Whether there is anything to draw against time."""
    record = run.activity
    return record.states.shape[1] > 1 and record.inputs.shape[2] + record.outputs.shape[2] > 0


SECTION = Section(
    "trials",
    "The task, trial by trial",
    ("activity",),
    draw,
    values,
    applies=_has_trials,
    of_any=True,
    folded=True,
)
