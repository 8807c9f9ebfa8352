"""The table of points: what is known of each."""

from collections import Counter

import numpy as np
from jaxtyping import Int, Shaped

from .._types import counted
from ..analysis import FixedPoints
from ..analysis.following.end import What
from ..analysis.stability import KINK
from ..analysis.verdicts.claims import Kind, Known
from ..figures.mode_choice import slowest_mode
from ..store import Run
from .places import NEAR, VISITED, places, spacings
from .text_filters import number, tally, time_constant
from .view import linearized_points

MAX_POINTS = 30
NEUTRAL = 1e9
"""Steps, or τ: a longer time constant is that of a mode that neither grows nor decays."""

POINT_COLUMNS = (
    "point",
    "kind",
    "stability",
    "unstable directions",
    "where",
    "speed",
    "relative speed",
    "proved",
    "no other within",
    "slowest time constant",
    "hits",
)


def point_rows(run: Run) -> list[tuple[str, ...]]:
    """Return a row of `POINT_COLUMNS` for each of the first points.

    First those that the activity visits, then those near it; of these the fixed ones, those with
    the fewest unstable directions, and the nearest.
    """
    points = run.find("fixed_points")
    if points is None:
        return []
    order, where = in_order(run, points)
    times, usual = _slowest_times(run, points), usual_speed(run)
    return [
        (
            str(int(points.label[i])),
            str(points.kind[i]),
            str(points.stability[i]),
            _unstable(points, int(i)),
            str(where[i]) or "–",
            number(float(points.speed[i]), ".2g"),
            relative(float(points.speed[i]), usual),
            _proved(points, int(i)),
            number(float(points.radius[i]), ".2g") if points.certified[i] else "–",
            times[i],
            str(int(points.hits[i])),
        )
        for i in order[:MAX_POINTS]
    ]


def in_order(
    run: Run, points: FixedPoints
) -> tuple[Int[np.ndarray, " point"], Shaped[np.ndarray, " point"]]:
    """Return the rows of points in the order of the table, and where each lies."""
    activity = run.find("activity")
    states = np.zeros((0, points.states.shape[1])) if activity is None else activity.flat_states
    given = np.asarray(points.states, float)
    far, where = spacings(given, states), places(given, states)
    rank = np.digitize(far, (VISITED, NEAR), right=True)
    slow = np.asarray(points.kind) != "fixed"
    order = np.lexsort((points.label, np.round(far, 6), points.n_unstable, slow, rank))
    return order, where


def ends_not_found(run: Run) -> list[str]:
    """Return how each fixed point is known at which states end and that the search did not find.

    The verdict keeps the states of the points that it was given, so an end that was found before is
    one of them to the last bit. A point that is not proved may be a second solution for the same
    point, which does not count where the set is proved complete.
    """
    points, verdict = run.find("fixed_points"), run.find("verdict")
    if points is None or verdict is None or points.complete:
        return []
    found = {row.tobytes() for row in np.asarray(points.states, float)}
    ends = [claim for claim in verdict.claims if claim.kind == Kind.END]
    return [
        str(end.known)
        for end in ends
        if end.numbers["what"] in (What.POINT, What.UNSTABLE)
        and np.asarray(end.numbers["state"], float).tobytes() not in found
    ]


def known_of_missing(run: Run) -> str:
    """Answer whether a fixed point is missing: by the ends of states, and by the search itself."""
    said, ends = str(run.fixed_points.known_of_missing), ends_not_found(run)
    if not ends:
        return said
    answer = "yes" if Known.PROVED in ends else "probably"
    known = ends[0] if len(set(ends)) == 1 else tally(Counter(ends).most_common(), ", ")
    are = "is" if len(ends) == 1 else "are"
    return (
        f"{answer}: states end at {counted(len(ends), 'fixed point')} ({known}) that {are} not "
        f"among the points found. On other points the search says: “{said}”"
    )


def usual_speed(run: Run) -> float:
    """Return the activity's median speed, per step or per time constant; NaN: not known."""
    activity, points = run.find("activity"), run.find("fixed_points")
    if activity is None or points is None:
        return float("nan")
    states = np.asarray(activity.states, float)
    if states.shape[1] < 2:
        return float("nan")
    moved = float(np.nanmedian(np.linalg.norm(np.diff(states, axis=1), axis=2)))
    return moved * float(points.time_unit) / float(activity.dt)


def relative(speed: float, usual: float) -> str:
    """Write a speed as a part of the usual one."""
    if not usual > 0 or np.isnan(speed):
        return "–"
    part = 100 * speed / usual
    return f"{part:{'.0f' if part >= 10 else '.2g'}} %" if part >= 0.01 else "< 0.01 %"


def _proved(points: FixedPoints, i: int) -> str:
    if not points.certified[i]:
        return "–"
    return "exists" if points.kind[i] == "fixed" else "is not fixed"


def _unstable(points: FixedPoints, i: int) -> str:
    directions = int(points.n_unstable[i])
    if directions < 0:
        return "unknown"
    return f"{directions} (proved)" if points.n_unstable_certified[i] else str(directions)


def _slowest_times(run: Run, points: FixedPoints) -> list[str]:
    """Return the slowest time constant at every point that was linearized."""
    times = ["–"] * len(points)
    for i, place in linearized_points(run).items():
        linearization = run.linearization
        is_still = points.kind[place] == "slow" and points.stability[place] != KINK
        mode = slowest_mode(linearization, i, is_still)
        time = float(np.asarray(linearization.time_constants)[i, mode])
        beyond = abs(time) > NEUTRAL * points.time_unit  # of rounding, where a mode is neutral
        times[place] = "neutral" if beyond else time_constant(time, points.time_units)
    return times
