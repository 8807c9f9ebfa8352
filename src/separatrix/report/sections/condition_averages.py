"""Average trajectories by what distinguishes the trials: the evidence, or any labels."""

import numpy as np

from ... import figures
from ...store import Run
from ...tasks import signed_coherence
from ..section import Figure, Section, Values
from ..view import has_plane, plane


def draw(run: Run) -> Figure:
    """Draw average trajectories by signed coherence, or by each column of labels."""
    from ...figures.state_space import label_averages

    record = run.activity
    if is_decision(run):
        return figures.condition_averages(record, plane(run), signed_coherence(record.conditions))
    return label_averages(record, plane(run), record.conditions)


def is_decision(run: Run) -> bool:
    """Return whether the task decides between two choices by coherence; names alone say nothing."""
    conditions = run.activity.conditions
    if run.task is None or not {"choice", "coherence"} <= set(conditions):
        return False
    return int(np.max(np.asarray(conditions["choice"]))) <= 1


def values(run: Run) -> Values:
    """Return whether the evidence distinguishes the trials, and the names of the labels."""
    return {"is_decision": is_decision(run), "labels": list(run.activity.conditions)}


def _applies(run: Run) -> bool:
    if not has_plane(run) or run.activity.states.shape[1] < 2:
        return False
    return is_decision(run) or (run.task is None and bool(run.activity.conditions))


SECTION = Section(
    "condition_averages",
    "Average trajectories by condition",
    ("activity",),
    draw,
    values,
    applies=_applies,
    of_any=True,
)
