"""How many points a search with a tolerance would have counted."""

import numpy as np

from ... import figures
from ...store import Run
from ..section import Section, Values
from .fixed_points import counts_of


def values(run: Run) -> Values:
    """Return the counts at three tolerances, and how many candidates they do without."""
    curve = run.fixed_points.tolerance_curve(np.array([1e-12, 1e-6, 1e-4]))
    rejected = sum(number for _, number in counts_of(run.fixed_points)["rejections"])
    return {"counts": curve.count, "rejected": rejected}


SECTION = Section(
    "tolerance",
    "What a tolerance would have made of them",
    ("fixed_points",),
    lambda run: figures.tolerance(run.fixed_points),
    values,
    folded=True,
)
