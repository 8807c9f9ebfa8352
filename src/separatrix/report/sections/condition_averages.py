"""Average trajectories of a decision between two choices."""

import numpy as np

from ... import figures
from ...activity import Activity
from ...tasks import signed_coherence
from ..section import Figure, Section
from ..story import Story


def draw(story: Story) -> Figure:
    """Draw average trajectories by signed coherence."""
    record = story.get(Activity)
    return figures.condition_averages(record, story.plane, signed_coherence(record.conditions))


def has_signed_coherence(story: Story) -> bool:
    """Tell whether a plane can show decisions between two choices, with a coherence each."""
    conditions = story.get(Activity).conditions
    if not story.has_plane or not {"choice", "coherence"} <= set(conditions):
        return False
    return int(np.max(np.asarray(conditions["choice"]))) <= 1


SECTION = Section(
    "condition_averages",
    "Average trajectories by signed coherence",
    (Activity,),
    draw,
    applies=has_signed_coherence,
)
