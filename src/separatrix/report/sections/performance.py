"""How well the network does its task, by condition."""

import numpy as np

from ... import figures
from ...evaluation import Performance
from ..section import Figure, Rows, Section, Values
from ..story import Story
from ..words import percent


def draw(story: Story) -> Figure:
    """Draw the scores by condition."""
    units = story.task.condition_units if story.task is not None else {}
    return figures.performance(story.get(Performance), units)


def values(story: Story) -> Values:
    """Return the scores; None for what the task does not have."""
    record = story.get(Performance)
    return {
        "performance": record,
        "ideal": _known(record.ideal_mean_score),
        "chance": _known(record.chance),
        "explained": _known(record.mean_variance_explained),
        "fixation": _known(record.fixation_held),
    }


def numbers(story: Story) -> Rows:
    """Return the scores that the task has."""
    record = story.find(Performance)
    if record is None:
        return []
    scores = {
        "score of the ideal observer": record.ideal_mean_score,
        "score without the stimuli": record.chance,
        "variance explained": record.mean_variance_explained,
    }
    score = f"{percent(record.mean_score)} of {record.total_trials} new trials"
    rows = [(name, percent(value)) for name, value in scores.items() if np.isfinite(value)]
    return [("score", score), *rows]


def _known(score: float) -> float | None:
    return score if np.isfinite(score) else None


SECTION = Section(
    "performance",
    "Performance in the task",
    (Performance,),
    draw,
    values,
    numbers,
    analyses=("performance",),
)
