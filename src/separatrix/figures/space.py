"""What figures of the state space share: records or plain arrays, in a plane or in space."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from .._types import Array, InvalidInputError
from ..activity import Activity, PrincipalComponents
from .canvas import inches_across, whole
from .labels import halo
from .legends import BESIDE
from .style import GRAY, equal_scales, letters

States = Activity | Array
"""An activity, or an array `(trial, time, unit)` or `(n, unit)`."""

Plane = PrincipalComponents | None
"""Where states are drawn; None: as they are, which have two or three units then."""


def as_activity(states: States) -> Activity:
    """Return an array as the activity of trials of which nothing else is known.

    States that are not finite are those after the end of a trial. `(n, unit)` is one trial.
    """
    if isinstance(states, Activity):
        return states
    values = np.asarray(states, float)
    values = values[None] if values.ndim == 2 else values
    if values.ndim != 3:
        raise InvalidInputError(
            f"expected states (trial, time, unit) or (n, unit), got shape {np.shape(states)}."
        )
    none = np.zeros((*values.shape[:2], 0))
    inside = np.isfinite(values).all(-1)
    return Activity(values, none, none, np.ones(len(values), int), {}, 1.0, inside)


def dimensions(components: Plane, states: States) -> int:
    """Return in how many dimensions states are drawn: in three where as many are given, or two."""
    given = states.states if isinstance(states, Activity) else states
    return 3 if (np.shape(given)[-1] if components is None else len(components)) > 2 else 2


def in_plane(components: Plane, states: Array) -> np.ndarray:
    """Return the first two or three coordinates of states `(…, unit)`; one makes no picture."""
    if components is None:
        values = np.array(states, float)
        if values.shape[-1] not in (2, 3):
            raise InvalidInputError(
                f"states of {values.shape[-1]} units need axes to be drawn along, such as those "
                "of coordinates, components = sx.project(states)."
            )
        return values
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
        of = " of variance" if inches_across(axes.figure) >= BESIDE else ""
        ratio = 100 * np.asarray(components.explained_variance_ratio)
        names = [f"{name} ({part:.0f} %{of})" for name, part in zip(names, ratio, strict=False)]
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])


def _add_shares(axes: Axes, components: Plane) -> None:
    """Say in the title of a panel in space what its axes explain; `show` names them."""
    of = " of variance" if axes.bbox.width / whole(axes.figure).dpi > 2.5 else ""
    told = "" if components is None else shares(components) + of
    axes.set_title("\n".join(filter(None, [axes.get_title(), told])))


def _names(components: Plane) -> list[str]:
    return [f"{'unit' if components is None else components.name} {k}" for k in (1, 2, 3)]


def shares(components: PrincipalComponents) -> str:
    """Say how much of the variance each of three axes explains."""
    parts = np.asarray(components.explained_variance_ratio)[:3]
    told = ", ".join(f"{100 * part:.0f}" for part in parts)
    return f"{components.name} 1, 2, 3: {told} %"


def show(
    axes: Any, points: Float[np.ndarray, "... axis"], components: Plane, ratio: float = 1.2
) -> None:
    """Show all points, one unit being as long on every axis; in space, a tripod names the axes.

    In a plane `ratio` is that of width to height.
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
    axes.view_init(elev=18, azim=-60)
    axes.set_axis_off()
    for line in axes.lines:
        line.set(clip_on=False, in_layout=False)
    foot = middle + half * np.array([-1.0, -1.1, -1.3])
    names = _names(components)
    for k, direction in enumerate(0.4 * half * np.eye(3)):
        (leg,) = axes.plot(*np.stack([foot, foot + direction]).T, color=GRAY, linewidth=1.0)
        leg.set(clip_on=False, in_layout=False)
        axes.annotate(
            names[k],
            on_paper(axes, (foot + 1.15 * direction)[None])[0],
            fontsize=letters(8),
            color=GRAY,
            horizontalalignment="center" if k == 2 else "left",
            verticalalignment=("top", "center", "bottom")[k],
            path_effects=halo(),
            annotation_clip=False,
        ).set_in_layout(False)


def on_paper(axes: Any, places: np.ndarray) -> np.ndarray:
    """Return where points are seen in the coordinates of the picture."""
    if places.shape[1] == 2:
        return places
    seen = np.append(places, np.ones((len(places), 1)), 1) @ np.asarray(axes.get_proj()).T
    return seen[:, :2] / seen[:, 3:]
