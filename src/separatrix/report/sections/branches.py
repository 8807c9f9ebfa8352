"""Fixed points, followed while the coherence of the stimulus changes."""

from collections import Counter

import numpy as np

from ... import figures
from ...analysis.branches.special import KINK
from ...store import Run
from ..section import Figure, Section, Values
from ..view import READOUT

MOST_KINDS = 4
"""Kinds of special points that are listed."""
_BEYOND = {"prepend": -1}, {"append": -1}
_AT_END = 1e-9
"""Of the range: so near its end, a branch has come to it."""


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
    branch, bounds = np.asarray(record.branch), (record.parameter_from, record.parameter_to)
    ends = np.stack([np.flatnonzero(np.diff(branch, **beyond)) for beyond in _BEYOND], axis=1)
    away = np.subtract.outer(np.asarray(record.parameters)[ends], bounds)
    is_early = np.abs(away).min(2) > _AT_END * abs(np.diff(bounds))
    return {
        "branches": record,
        "special": kinds.most_common(MOST_KINDS),
        "border_collisions": np.count_nonzero(np.asarray(record.special_type) == KINK),
        "early": [*Counter(np.asarray(record.endings, str)[is_early].tolist()).items()],
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
    folded=True,
)
