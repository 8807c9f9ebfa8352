"""Which units take part in which rules."""

import numpy as np

from ... import figures
from ...report.section import Section, Values
from ...store import Run


def values(run: Run) -> Values:
    """Return the variances, and what the clusters of units prefer."""
    found = run.task_variance
    clustered = len(found.silhouette) > 0
    return {
        "variance": found,
        "silhouette": np.max(found.silhouette) if clustered else None,
        "preferred": list(dict.fromkeys(found.preferred_tasks())) if clustered else [],
    }


SECTION = Section(
    "task_variance",
    "Task variance: which units take part in which rules",
    ("task_variance",),
    lambda run: figures.task_variance(run.task_variance),
    values,
)
