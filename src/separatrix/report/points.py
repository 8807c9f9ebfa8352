"""The table of points: what is known of each."""

import numpy as np

from ..analysis import FixedPoints
from ..figures.mode_choice import slowest_mode
from ..store import Run
from .text_filters import time_constant
from .view import linearized_points

MAX_POINTS = 30

POINT_COLUMNS = (
    "point",
    "kind",
    "stability",
    "unstable directions",
    "speed",
    "proved",
    "no other within",
    "slowest time constant",
    "hits",
)


def point_rows(run: Run) -> list[tuple[str, ...]]:
    """Return a row of `POINT_COLUMNS` for each of the first points, fixed ones first."""
    points = run.find("fixed_points")
    if points is None:
        return []
    kinds = np.asarray(points.kind)
    order = np.lexsort((np.asarray(points.speed), kinds != "fixed"))[:MAX_POINTS]
    times = _slowest_times(run, points)
    return [
        (
            str(int(points.label[i])),
            str(points.kind[i]),
            str(points.stability[i]),
            _unstable(points, int(i)),
            f"{float(points.speed[i]):.2g}",
            "yes" if points.certified[i] else "no",
            f"{float(points.radius[i]):.2g}" if points.certified[i] else "–",
            times[i],
            str(int(points.hits[i])),
        )
        for i in order
    ]


def _unstable(points: FixedPoints, i: int) -> str:
    number = int(points.n_unstable[i])
    if number < 0:
        return "unknown"
    return f"{number} (proved)" if points.n_unstable_certified[i] else str(number)


def _slowest_times(run: Run, points: FixedPoints) -> list[str]:
    """Return the slowest time constant at every point that was linearized."""
    times = ["–"] * len(points)
    for i, place in linearized_points(run).items():
        linearization = run.linearization
        mode = slowest_mode(linearization, i)
        times[place] = time_constant(float(np.asarray(linearization.time_constants)[i, mode]))
    return times
