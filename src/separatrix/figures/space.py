"""Parts shared by figures of the state space: records or plain arrays, in two or three axes."""

from typing import Any

import numpy as np
import scipy
from jaxtyping import Float
from matplotlib.axes import Axes

from .._types import Array, InvalidInputError, real_array
from ..activity import Activity, PrincipalComponents, project
from .canvas import WIDE, inches_across, is_small
from .style import equal_scales, letters

States = Activity | Array
"""An activity, or an array `(trial, time, unit)` or `(n, unit)`."""

VIEWS = [(elevation, azimuth) for elevation in (18, 32, 46) for azimuth in (-60, -20, 20, 60, 110)]
"""Degrees from which space is seen, the usual ones first."""

MOST_APART = 400
"""How many points the view is chosen for, at most."""

Plane = PrincipalComponents | None
"""Projection of states; None: they are drawn as they are, with two or three units."""


def as_activity(states: States) -> Activity:
    """Return an array as the activity of trials of which nothing else is known.

    States that are not finite are those after the end of a trial. `(n, unit)` is one trial.
    """
    if isinstance(states, Activity):
        return states
    values = real_array(states, "states")
    values = values[None] if values.ndim == 2 else values
    if values.ndim != 3:
        raise InvalidInputError(
            f"expected states (trial, time, unit) or (n, unit), got shape {np.shape(states)}."
        )
    none = np.zeros((*values.shape[:2], 0))
    inside = np.isfinite(values).all(-1)
    if not inside.any():
        raise InvalidInputError(f"no state is finite; got states of shape {values.shape}.")
    return Activity(values, none, none, np.ones(len(values), int), {}, 1.0, inside)


def dimensions(components: Plane, states: States) -> int:
    """Return in how many dimensions states are drawn: in three where as many are given, or two."""
    given = states.states if isinstance(states, Activity) else states
    if not np.shape(given):
        raise InvalidInputError(f"expected states (…, unit), got {given!r:.60}.")
    return 3 if (np.shape(given)[-1] if components is None else len(components)) > 2 else 2


def for_axes(components: Plane, states: States, ax: Axes | None) -> Plane:
    """Return as many components as given axes have dimensions, of these or of the states."""
    if ax is None:
        return components
    count = 3 if ax.name == "3d" else 2
    units = np.shape(states.states if isinstance(states, Activity) else states)[-1]
    known = units if components is None else len(components)
    if known < count == 3:
        raise InvalidInputError(
            f"axes in space show three components, got {known}. Give three components, such as "
            "those of sx.project(states, num=3), or give axes of a plane."
        )
    if components is not None:
        return components[:count]
    return project(states, num=count)[1] if units > count else None


def in_plane(components: Plane, states: Array) -> np.ndarray:
    """Return the first two or three coordinates of states `(…, unit)`; one makes no picture."""
    if components is None:
        values = np.array(states, float)
        if values.shape[-1] not in (2, 3):
            raise InvalidInputError(
                f"states of {values.shape[-1]} units can be drawn only along 2 or 3 components: "
                "give components, such as those of coordinates, components = sx.project(states)."
            )
        return values
    if components.components.shape[1] != np.shape(states)[-1]:
        raise InvalidInputError(
            f"the components have {components.components.shape[1]} units, but the states have "
            f"{np.shape(states)[-1]}: give components and states of the same network."
        )
    if len(components) < 2:
        raise InvalidInputError(
            f"a picture of the state space needs 2 principal components, got {len(components)}."
        )
    return components.project(states)[..., : dimensions(components, states)]


def direction_in_plane(components: Plane, direction: np.ndarray) -> np.ndarray:
    """Return the part of a direction `(unit,)` that is seen."""
    if components is None:
        return direction
    return components.project_direction(direction)[: dimensions(components, direction)]


def label_plane(axes: Any, components: Plane) -> None:
    """Name the axes with the share of the variance that each explains."""
    names = axis_names(components)
    if components is not None:
        is_wide = inches_across(axes.figure) >= WIDE and not is_small(axes) and axes.name != "3d"
        of = " of variance" if is_wide else ""
        ratio = 100 * np.asarray(components.explained_variance_ratio)
        names = [f"{name} ({part:.0f} %{of})" for name, part in zip(names, ratio, strict=False)]
    if axes.name != "3d":
        axes.set(xlabel=names[0], ylabel=names[1])
        return
    size = letters(7.5 if is_small(axes) else 9)
    for write, name in zip((axes.set_xlabel, axes.set_ylabel, axes.set_zlabel), names, strict=True):
        write(name, fontsize=size, labelpad=-12.0)  # there are no numbers between it and the axis


def axis_names(components: Plane) -> list[str]:
    """Return what axes are called: units, or components by their own name."""
    return [f"{'unit' if components is None else components.name} {k}" for k in (1, 2, 3)]


def show(
    axes: Any,
    points: Float[np.ndarray, "... axis"],
    components: Plane,
    ratio: float = 1.2,
    apart: Float[np.ndarray, "point axis"] | None = None,
) -> None:
    """Show all points, one unit being as long on every axis.

    In a plane `ratio` is that of width to height. Space is seen from where points that are to be
    told `apart` are the farthest from one another on the paper.
    """
    if axes.name != "3d":
        equal_scales(axes, points, ratio)
        return
    flat = points.reshape(-1, 3)
    middle = (flat.min(0) + flat.max(0)) / 2
    least = 1e-6 * float(np.abs(flat).max()) or 1.0  # there may be one point only
    half = 0.5 * max(float(np.ptp(flat, axis=0).max()), least)
    axes.set(**{f"{k}lim": (m - half, m + half) for k, m in zip("xyz", middle, strict=True)})
    axes.set(xticks=[], yticks=[], zticks=[], box_aspect=(1.0, 1.0, 1.0))
    _look_from_where(axes, np.zeros((0, 3)) if apart is None else apart)


def _look_from_where(axes: Any, points: Float[np.ndarray, "point 3"]) -> None:
    """Turn a view so that the two points that are nearest on the paper are as far as can be."""

    def nearest(view: tuple[float, float]) -> float:
        axes.view_init(*view)
        return float(scipy.spatial.distance.pdist(on_paper(axes, places)).min())

    places = np.unique(points[np.isfinite(points).all(1)], axis=0)[:MOST_APART]
    best = max(VIEWS, key=nearest) if len(places) > 1 else VIEWS[0]
    axes.view_init(*best)


def on_paper(axes: Any, places: np.ndarray) -> np.ndarray:
    """Return where points are seen in the coordinates of the picture."""
    if places.shape[1] == 2:
        return places
    seen = np.append(places, np.ones((len(places), 1)), 1) @ np.asarray(axes.get_proj()).T
    return seen[:, :2] / seen[:, 3:]
