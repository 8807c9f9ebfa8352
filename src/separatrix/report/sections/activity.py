"""The activity in the plane of its first two principal components."""

import numpy as np

from ... import figures
from ...activity import Activity
from ..section import Figure, Section, Values
from ..story import Story


def draw(story: Story) -> Figure:
    """Draw the activity in its principal plane."""
    return figures.activity(story.get(Activity), story.plane, by_choice=story.answers_in_classes)


def values(story: Story) -> Values:
    """Return the activity, its plane, and whether trials differ in length."""
    record, plane, task = story.get(Activity), story.plane, story.task
    return {
        "num_units": record.states.shape[-1],
        "lengths_differ": task is not None and bool(set(task.periods) & set(record.conditions)),
        "explained": float(np.sum(np.asarray(plane.explained_variance_ratio)[:2])),
        "plane": plane,
    }


SECTION = Section(
    "activity",
    "Activity in the plane of its principal components",
    (Activity,),
    draw,
    values,
    applies=lambda story: story.has_plane,
)
