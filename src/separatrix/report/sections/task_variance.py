"""Which units take part in which rules."""

import numpy as np

from ... import figures
from ...analysis.task_variance import TaskVariance
from ..section import Rows, Section, Values
from ..story import Story
from ..words import count


def values(story: Story) -> Values:
    """Return the variances, and what the clusters of units prefer."""
    found = story.get(TaskVariance)
    clustered = len(found.silhouette) > 0
    return {
        "variance": found,
        "silhouette": np.max(found.silhouette) if clustered else None,
        "preferred": list(dict.fromkeys(found.preferred_tasks())) if clustered else [],
    }


def numbers(story: Story) -> Rows:
    """Return how many clusters the units form."""
    found = story.find(TaskVariance)
    if found is None or not len(found.silhouette):
        return []
    clusters, units = count(found.best_num_clusters, "cluster"), count(len(found.order), "unit")
    return [("units by task variance", f"{clusters} of {units}")]


SECTION = Section(
    "task_variance",
    "Task variance: which units take part in which rules",
    (TaskVariance,),
    lambda story: figures.task_variance(story.get(TaskVariance)),
    values,
    numbers,
    analyses=("task_variance",),
)
