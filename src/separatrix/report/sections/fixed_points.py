"""Fixed and slow points at the input that is held constant, over the activity."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from ... import figures
from ...analysis import FixedPoints
from ...store import Run
from ..points import known_of_missing
from ..section import Figure, Section, Values, in_the_plane
from ..view import has_plane, plane

_ONE, _SEVERAL = {"kink": "on a kink"}, {"saddle": "saddles", "kink": "on kinks"}


def draw(run: Run) -> Figure:
    """Draw the points over the activity."""
    return figures.fixed_points(run.fixed_points, run.activity, plane(run))


def compare(runs: Mapping[str, Run]) -> Figure:
    """Draw the points of several runs over their activities."""
    return figures.compare_fixed_points(
        {name: (run.fixed_points, run.activity, plane(run)) for name, run in runs.items()}
    )


def values(run: Run) -> Values:
    """Return the points, how many there are of each kind, and why candidates were rejected."""
    return counts_of(run.fixed_points) | {"known_of_missing": known_of_missing(run)}


def counts_of(points: FixedPoints) -> Values:
    """Return how many points there are of each kind, proved, and of each stability."""
    kinds, stability = np.asarray(points.kind), np.asarray(points.stability)
    return {
        "points": points,
        "kinds": {kind: int((kinds == kind).sum()) for kind in ("fixed", "slow")},
        "proved": {
            kind: int((np.asarray(points.certified) & (kinds == kind)).sum())
            for kind in ("fixed", "slow")
        },
        "stability": ", ".join(
            f"{n} {_SEVERAL.get(name, name) if n > 1 else _ONE.get(name, name)}"
            for name, n in Counter(map(str, stability[kinds == "fixed"])).most_common()
        ),
        "rejections": Counter(
            map(str, np.asarray(points.outcome_reasons)[np.asarray(points.outcomes) == "rejected"])
        ).most_common(),
    }


SECTION = Section(
    "fixed_points",
    "Fixed and slow points",
    ("fixed_points", "activity"),
    draw,
    values,
    applies=has_plane,
    compare=compare,
    script=in_the_plane("fixed_points", "fixed_points", "activity"),
    of_any=True,
)
