"""Choices between two stimuli, beside those of the ideal observer."""

import numpy as np

from ... import figures
from ...evaluation import Psychometric
from ..section import Rows, Section, Values
from ..story import Story
from ..words import percent


def values(story: Story) -> Values:
    """Return the curve, and how often the network made no choice."""
    record = story.get(Psychometric)
    total = np.sum(record.num_trials)
    return {
        "psychometric": record,
        "num_trials": int(total),
        "difference": 100 * (record.ideal_mean_accuracy - record.mean_accuracy),
        "no_choice": float(np.dot(record.p_none, record.num_trials) / total),
    }


def numbers(story: Story) -> Rows:
    """Return the accuracies."""
    record = story.find(Psychometric)
    if record is None:
        return []
    trials = int(np.sum(record.num_trials))
    return [
        ("accuracy", f"{percent(record.mean_accuracy)} of {trials} new trials"),
        ("accuracy of the ideal observer", percent(record.ideal_mean_accuracy)),
    ]


SECTION = Section(
    "psychometric",
    "Behavior: choices and the ideal observer",
    (Psychometric,),
    lambda story: figures.psychometric(story.get(Psychometric)),
    values,
    numbers,
)
