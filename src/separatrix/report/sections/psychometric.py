"""Choices between two stimuli, beside those of the ideal observer."""

import numpy as np

from ... import figures
from ...store import Run
from ..section import Section, Values


def values(run: Run) -> Values:
    """Return the curve, and how often the network made no choice."""
    record = run.psychometric
    total = np.sum(record.num_trials)
    return {
        "psychometric": record,
        "num_trials": int(total),
        "difference": 100 * (record.ideal_mean_accuracy - record.mean_accuracy),
        "no_choice": float(np.dot(record.p_none, record.num_trials) / total),
    }


SECTION = Section(
    "psychometric",
    "Behavior: choices and the ideal observer",
    ("psychometric",),
    lambda run: figures.psychometric(run.psychometric),
    values,
)
