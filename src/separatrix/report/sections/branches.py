"""Fixed points, followed while the coherence of the stimulus changes."""

from collections import Counter

import numpy as np

from ... import figures
from ...solvers.continuation import CurveEnd
from ...store import Run
from ..section import Figure, Section, Values
from ..view import READOUT

MOST_KINDS = 4
"""Kinds of special points that are listed."""


def draw(run: Run) -> Figure:
    """Draw the fixed points against the coherence, along the readout where that is known."""
    record, axis = run.branches, _axis(run)
    if axis is None:
        return figures.bifurcation_diagram(record)
    return figures.bifurcation_diagram(record, axis, label=READOUT, activity=run.find("activity"))


def values(run: Run) -> Values:
    """Return the branches, their special points, and why any ends early."""
    record, points = run.branches, run.find("fixed_points")
    kinds = Counter(map(str, record.special_names))
    endings = Counter(map(str, np.asarray(record.endings).ravel()))
    return {
        "branches": record,
        "special": kinds.most_common(MOST_KINDS),
        "border_collisions": kinds["border collision"],
        "early": [(end, n) for end, n in endings.items() if end != CurveEnd.RANGE.value],
        "along_readout": _axis(run) is not None,
        "starts_elsewhere": points is not None and not len(points.fixed),
    }


def _axis(run: Run) -> np.ndarray | None:
    """Return the readout of the choice, where a slow curve tells it."""
    branches, curve = run.branches, run.find("slow_curve")
    if curve is None or len(curve.axis) != branches.states.shape[1]:
        return None
    return np.asarray(curve.axis)


SECTION = Section(
    "branches",
    "Fixed points against the coherence",
    ("branches",),
    draw,
    values,
)
