"""View over the activity, and notes on what lies outside it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.path import Path

from .._types import InvalidInputError, counted
from .canvas import is_small
from .space import Plane, show
from .style import GRAY, letters

MARGIN = 1.0
"""How far beyond the activity a view reaches for points, in spans of the activity."""

MOST_NAMED = 6
"""Points outside a view that bear their names and places; of more there are only the arrows."""

ARROW = 7.0
"""The size in points of the arrows that point to what lies outside."""

INSET = 0.97
"""Place of the arrows, on the way from the middle of the view to its border."""


def reached(
    activity: Float[np.ndarray, "... axis"], points: Float[np.ndarray, "point axis"]
) -> Bool[np.ndarray, " point"]:
    """Mask points in reach of a view that keeps the activity readable."""
    flat = activity.reshape(-1, activity.shape[-1])
    low, high = flat.min(0), flat.max(0)
    margin = MARGIN * max((high - low).max(), np.finfo(float).tiny)
    return ((points >= low - margin) & (points <= high + margin)).all(1)


def limit_view(
    axes: Axes,
    activity: Float[np.ndarray, "sample axis"],
    points: Float[np.ndarray, "point axis"],
    components: Plane,
    ratio: float = 1.2,
) -> Bool[np.ndarray, " point"]:
    """Keep the activity readable: leave far points out of the view, and tell which lie inside.

    Whoever leaves something out says so: `say_what_is_outside`.
    """
    if activity.shape[-1] != points.shape[-1]:
        raise InvalidInputError(
            f"the points have {points.shape[-1]} coordinates, the activity has "
            f"{activity.shape[-1]}."
        )
    inside = reached(activity, points)
    seen = points[inside]
    show(axes, np.concatenate([activity, seen]), components, ratio=ratio, apart=seen)
    return inside


def say_what_is_outside(axes: Axes, **numbers: int) -> None:
    """Write above a panel how many things lie outside its view; `numbers` are by their nouns."""
    counts = [counted(n, noun.replace("_", " ")) for noun, n in numbers.items() if n]
    if counts:
        listed = " and ".join(filter(None, [", ".join(counts[:-1]), counts[-1]]))
        verb = "lies" if sum(numbers.values()) == 1 else "lie"
        above = [axes.get_title(), f"{listed} {verb} outside this view"]
        look: dict[str, Any] = {"fontsize": letters(7)} if is_small(axes) else {}
        axes.set_title("\n".join(filter(None, above)), color=GRAY, **look)


def number_outside(axes: Any, lines: Iterable[Float[np.ndarray, "sample axis"]]) -> int:
    """Count the lines no part of which is seen; of others the border cuts off what is outside."""
    if axes.name == "3d":
        low, high = np.transpose([axes.get_xlim(), axes.get_ylim(), axes.get_zlim()])
        return sum(not ((line >= low) & (line <= high)).all(1).any() for line in lines)
    return sum(not Path(line).intersects_bbox(axes.viewLim, filled=False) for line in lines)


def point_outside(
    axes: Axes, places: Float[np.ndarray, "point axis"], signs: Sequence[tuple[str, str]]
) -> None:
    """Draw arrows at the border toward points outside, with an entry of the legend for each.

    It says where the point is. `signs` are the name and the color of each. In space there is no
    border to point from.
    """
    if axes.name == "3d":
        return
    ends = np.asarray(axes.viewLim.get_points())
    middle, half = ends.mean(0), np.ptp(ends, axis=0) / 2
    for place, (name, color) in zip(places, signs, strict=False):
        away = place - middle
        turn = np.degrees(np.arctan2(away[1], away[0])) - 90  # one that is not turned points up
        look: dict[str, Any] = {"marker": (3, 0, turn), "markersize": ARROW, "color": color}
        label = f"{name} at {_place(place)}" if len(places) <= MOST_NAMED else None
        axes.plot(
            *middle + INSET * away / np.abs(away / half).max(), label=label, ls="", zorder=5, **look
        )


def _place(place: np.ndarray) -> str:
    return "({:.3g}, {:.3g})".format(*place).replace("-", "−")
