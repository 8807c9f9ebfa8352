"""How many points a search with a tolerance would have counted."""

import numpy as np

from ... import figures
from ...analysis import FixedPoints
from ..section import Section, Values
from ..story import Story


def values(story: Story) -> Values:
    """Return the counts at three tolerances, and how many candidates they do without."""
    curve = story.get(FixedPoints).tolerance_curve(np.array([1e-12, 1e-6, 1e-4]))
    rejected = sum(number for _, number in story.rejections())
    return {"counts": curve.count, "rejected": rejected}


SECTION = Section(
    "tolerance",
    "What a tolerance would have made of them",
    (FixedPoints,),
    lambda story: figures.tolerance(story.get(FixedPoints)),
    values,
)
