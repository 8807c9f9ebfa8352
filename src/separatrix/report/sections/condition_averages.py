"""Average trajectories of a decision between two choices."""

import numpy as np

from ... import figures
from ...store import Run
from ...tasks import signed_coherence
from ..section import Figure, Section
from ..view import has_plane, plane


def draw(run: Run) -> Figure:
    """Draw average trajectories by signed coherence."""
    record = run.activity
    return figures.condition_averages(record, plane(run), signed_coherence(record.conditions))


def has_signed_coherence(run: Run) -> bool:
    """Return whether a plane can show decisions between two choices, with a coherence each."""
    conditions = run.activity.conditions
    if not has_plane(run) or not {"choice", "coherence"} <= set(conditions):
        return False
    return int(np.max(np.asarray(conditions["choice"]))) <= 1


SECTION = Section(
    "condition_averages",
    "Average trajectories by signed coherence",
    ("activity",),
    draw,
    applies=has_signed_coherence,
)
