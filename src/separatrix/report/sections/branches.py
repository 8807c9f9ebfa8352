"""Fixed points, followed while the coherence of the stimulus changes."""

from collections import Counter

import numpy as np

from ... import figures
from ...analysis import Branches
from ..section import Figure, Rows, Section, Values
from ..story import READOUT, Story
from ..words import brief, count

MOST_KINDS = 4
"""Kinds of special points that are listed."""


def draw(story: Story) -> Figure:
    """Draw the fixed points against the coherence, along the readout where that is known."""
    record, axis = story.get(Branches), story.branch_axis
    if axis is None:
        return figures.bifurcation_diagram(record)
    return figures.bifurcation_diagram(record, axis, label=READOUT)


def values(story: Story) -> Values:
    """Return the branches, their special points, and why any ends early."""
    record = story.get(Branches)
    kinds = Counter(map(str, record.special_names))
    endings = Counter(map(str, np.asarray(record.endings).ravel()))
    return {
        "branches": record,
        "special": kinds.most_common(MOST_KINDS),
        "border_collisions": kinds["border collision"],
        "early": [(end, n) for end, n in endings.items() if "parameter range" not in end],
        "starts_elsewhere": story.points is not None and not len(story.points.fixed),
    }


def numbers(story: Story) -> Rows:
    """Return how many branches and special points there are."""
    record = story.find(Branches)
    if record is None:
        return []
    branches = count(record.n_branches, "branch", "branches") if record.n_branches else "0 branches"
    special = count(record.n_special, "special point")
    return [(f"branches in {record.name}", brief(f"{branches}, {special}"))]


SECTION = Section(
    "branches",
    "Fixed points against the coherence",
    (Branches,),
    draw,
    values,
    numbers,
    analyses=("branches",),
)
