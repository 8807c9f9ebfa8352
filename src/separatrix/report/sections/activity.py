"""The activity in the plane of its first two principal components."""

import numpy as np

from ... import figures
from ...store import Run
from ..section import Figure, Section, Values, in_the_plane
from ..view import answers_in_classes, has_plane, plane


def draw(run: Run) -> Figure:
    """Draw the activity in its principal plane."""
    return figures.activity(run.activity, plane(run), by_choice=answers_in_classes(run))


def values(run: Run) -> Values:
    """Return the activity, its plane, and whether trials differ in length."""
    record, components, task = run.activity, plane(run), run.task
    return {
        "num_units": record.states.shape[-1],
        "lengths_differ": task is not None and bool(set(task.periods) & set(record.conditions)),
        "explained": float(np.sum(np.asarray(components.explained_variance_ratio))),
        "plane": components,
        "in_classes": answers_in_classes(run),
    }


SECTION = Section(
    "activity",
    "Activity in the plane of its principal components",
    ("activity",),
    draw,
    values,
    applies=lambda run: has_plane(run) and run.activity.states.shape[1] > 1,
    script=in_the_plane("activity", "activity"),
    of_any=True,
)
