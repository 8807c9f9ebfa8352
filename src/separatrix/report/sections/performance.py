"""How well the network does its task, by condition."""

import numpy as np

from ... import figures
from ...store import Run
from ..section import Figure, Section, Values


def draw(run: Run) -> Figure:
    """Draw the scores by condition."""
    units = run.task.condition_units if run.task is not None else {}
    return figures.performance(run.performance, units)


def values(run: Run) -> Values:
    """Return the scores; None for what the task does not have."""
    record = run.performance
    return {
        "performance": record,
        "ideal": _known(record.ideal_mean_score),
        "chance": _known(record.chance),
        "explained": _known(record.mean_variance_explained),
        "fixation": _known(record.fixation_held),
    }


def _known(score: float) -> float | None:
    return score if np.isfinite(score) else None


SECTION = Section(
    "performance",
    "Performance in the task",
    ("performance",),
    draw,
    values,
)
