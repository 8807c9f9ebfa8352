"""What figures and texts of a run show alike: the plane of its activity, and one of its points."""

import numpy as np

from ..activity import PrincipalComponents
from ..figures.mode_choice import integrating_mode
from ..figures.space import in_plane
from ..figures.view import reached
from ..store import Run

READOUT = "readout, choice 1 − choice 2"
"""The name of the axis of a slow curve, or of branches, in figures."""


def plane(run: Run) -> PrincipalComponents:
    """Return the first two principal components, in which the activity is drawn."""
    return run.principal_components[:2]


def has_plane(run: Run) -> bool:
    """Return whether there is activity, in two principal components or more."""
    space = run.find("principal_components")
    return bool(run.find("activity")) and space is not None and len(space) >= 2


def answers_in_classes(run: Run) -> bool:
    """Return whether outputs compete for one answer; where no task is known, as its scores say."""
    if (task := run.task) is not None:
        return task.answers_in_classes
    if (np.asarray(run.activity.choice) < 0).any():
        return False  # nobody chose
    scored = run.find("performance")
    return scored is None or not np.isfinite(scored.mean_variance_explained)


def outside_view(run: Run, states: np.ndarray) -> dict[int, str]:
    """Return how far those of states `(state, unit)` are that figures leave out, by their rows.

    In times the distance of the farthest activity from its mean.
    """
    if not has_plane(run):
        return {}
    active = run.activity.flat_states
    seen = reached(in_plane(plane(run), active), in_plane(plane(run), states))
    mean = active.mean(0)
    away = np.linalg.norm(states - mean, axis=1) / np.linalg.norm(active - mean, axis=1).max()
    return {
        int(k): f"{away[k]:.2g} times as far from the mean activity as the activity ever is"
        for k in np.flatnonzero(~seen)
    }


def linearized_points(run: Run) -> dict[int, int]:
    """Return at which point each entry of the linearization is, where it is one of the points."""
    linearization, points = run.find("linearization"), run.find("fixed_points")
    if linearization is None or points is None:
        return {}
    places = {row.tobytes(): i for i, row in enumerate(np.asarray(points.states, float))}
    rows = enumerate(np.asarray(linearization.states, float))
    return {i: places[row.tobytes()] for i, row in rows if row.tobytes() in places}


def far_points(run: Run) -> dict[int, str]:
    """Return the places of points that figures leave out, and how far they are."""
    return outside_view(run, np.asarray(run.fixed_points.states, float))


def shown_entry(run: Run) -> int:
    """Return the entry of the linearization that is shown.

    Of the fixed points that were linearized, the one that keeps a displacement best (μ nearest to
    1), of those far from all activity only where there are no others; where there is none, the
    middle slow point along the first principal component, as in the primer.
    """
    entries, points = linearized_points(run), run.find("fixed_points")
    if points is not None and entries:
        fixed = [i for i, place in entries.items() if str(points.kind[place]) == "fixed"]
        if fixed:
            far = far_points(run)
            near = [i for i in fixed if entries[i] not in far]
            return min(near or fixed, key=lambda i: _stillness(run, i))
        if run.find("principal_components"):
            middle = points.middle(np.asarray(run.principal_components.components)[0])
            return next((i for i, p in entries.items() if p == middle), next(iter(entries)))
    return min(range(len(run.linearization)), key=lambda i: _stillness(run, i))


def shown_point_name(run: Run) -> str:
    """Name the point whose linearization is shown: "point 3 (fixed, saddle)"."""
    entry, points = shown_entry(run), run.find("fixed_points")
    stability, place = run.linearization.stability[entry], linearized_points(run).get(entry)
    if points is None or place is None:
        return f"point {entry} ({stability})"
    return f"point {int(points.label[place])} ({points.kind[place]}, {stability})"


def _stillness(run: Run, entry: int) -> float:
    linearization = run.linearization
    still = 1.0 if linearization.system == "map" else 0.0
    values = np.asarray(linearization.eigenvalues)[entry]
    return float(np.abs(values[integrating_mode(linearization, entry)] - still))
