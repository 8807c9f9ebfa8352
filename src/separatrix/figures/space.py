"""Parts shared by figures of the state space: records or plain arrays, in two or three axes."""

from typing import Any

import numpy as np
import scipy
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._types import Array, InvalidInputError, real_array
from ..activity import Activity, PrincipalComponents, project
from .canvas import inches_across, is_small, whole
from .labels import halo
from .legends import BESIDE
from .style import GRAY, equal_scales, letters

States = Activity | Array
"""An activity, or an array `(trial, time, unit)` or `(n, unit)`."""

VIEWS = [(elevation, azimuth) for elevation in (18, 32, 46) for azimuth in (-60, -20, 20, 60, 110)]
"""Degrees from which space is seen, the usual ones first."""

TRIPOD = (0.12, 0.06)
"""Place of the directions of space: parts of the width and the height of a panel."""

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


def label_plane(axes: Axes, components: Plane) -> None:
    """Name the axes with the share of the variance that each explains; in space, in the title."""
    if axes.name == "3d":
        _add_shares(axes, components)
        return
    names = _names(components)
    if components is not None:
        is_wide = inches_across(axes.figure) >= BESIDE and not is_small(axes)
        of = " of variance" if is_wide else ""
        ratio = 100 * np.asarray(components.explained_variance_ratio)
        names = [f"{name} ({part:.0f} %{of})" for name, part in zip(names, ratio, strict=False)]
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])


def _add_shares(axes: Axes, components: Plane) -> None:
    """Add to the title of a panel in space what its axes explain; `show` names them."""
    of = " of variance" if axes.bbox.width / whole(axes.figure).dpi > 2.5 else ""
    explained = "" if components is None else shares(components) + of
    look: dict[str, Any] = {"fontsize": letters(7)} if is_small(axes) else {}
    axes.set_title("\n".join(filter(None, [axes.get_title(), explained])), **look)


def _names(components: Plane) -> list[str]:
    return [f"{'unit' if components is None else components.name} {k}" for k in (1, 2, 3)]


def shares(components: PrincipalComponents) -> str:
    """Format how much of the variance each of three axes explains."""
    parts = np.asarray(components.explained_variance_ratio)[:3]
    percents = ", ".join(f"{100 * part:.0f}" for part in parts)
    return f"{components.name} 1, 2, 3: {percents} %"


def show(
    axes: Any,
    points: Float[np.ndarray, "... axis"],
    components: Plane,
    ratio: float = 1.2,
    apart: Float[np.ndarray, "point axis"] | None = None,
) -> None:
    """Show all points, one unit being as long on every axis; in space, a tripod names the axes.

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
    axes.set_box_aspect((1.0, 1.0, 1.0), zoom=1.02)
    _look_from_where(axes, np.zeros((0, 3)) if apart is None else apart)
    axes.set_axis_off()
    for line in axes.lines:
        line.set(clip_on=False, in_layout=False)
    _draw_tripod(axes, middle, half, _names(components))


def _draw_tripod(axes: Any, middle: np.ndarray, half: float, names: list[str]) -> None:
    """Draw the three directions, with their names, in the lower left corner of the panel."""
    tips = middle + 0.4 * half * np.append(np.zeros((1, 3)), np.eye(3), 0)
    legs = on_paper(axes, tips)
    legs = legs - legs[0]
    corner = (axes.transAxes + axes.transData.inverted()).transform(TRIPOD)
    foot = corner - legs.min(0)
    for k, leg in enumerate(legs[1:]):
        x, y = np.stack([foot, foot + leg]).T
        line = Line2D(x, y, color=GRAY, linewidth=1.0, transform=axes.transData, clip_on=False)
        line.set_in_layout(False)
        axes.add_artist(line)
        axes.annotate(
            names[k],
            tuple(foot + 1.15 * leg),
            fontsize=letters(8),
            color=GRAY,
            horizontalalignment="center" if k == 2 else ("left" if leg[0] >= 0 else "right"),
            verticalalignment=("top", "center", "bottom")[k],
            path_effects=halo(),
            annotation_clip=False,
        ).set_in_layout(False)


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
