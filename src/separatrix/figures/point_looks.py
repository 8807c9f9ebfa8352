"""How points look in every figure: what marker, color and legend entry tell of one.

The color tells the number of unstable directions, the filling from how many directions states
approach, and the size and the thin edge that a point is slow and not fixed.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm

from .._types import Array, counted
from .style import BLUE, GRAY, INK, ORANGE, VERMILLION, ink, paper, powers_of_ten, sequential

FIXED_MARKERS: dict[str, dict[str, Any]] = {
    "stable": {"marker": "o", "fillstyle": "full"},
    "saddle": {"marker": "o", "fillstyle": "left"},
    "unstable": {"marker": "o", "fillstyle": "none"},
    "marginal": {"marker": "D", "fillstyle": "none"},
    "kink": {"marker": "P", "fillstyle": "none"},
    "unknown": {"marker": "X", "fillstyle": "full"},
}
"""Filled, half filled, open: from every, some, no direction states approach the point."""

INDEX_COLORS = (INK, BLUE, ORANGE, VERMILLION)
"""Color by the number of unstable directions; the last one is for all higher numbers too.

The first one is the ink of the style. Whatever else a figure draws beside points has other colors.
"""

SIZE = 8.0
"""Of fixed points in a figure of their own."""

SLOW_SIZE = 4.2
"""Of slow points, everywhere: they may be many, and are not what is sought."""

DECADES = 6
"""How many decades of speed the colors tell apart."""

SMALLEST = 1e-30
"""The lowest speed that is drawn: smaller ones tell of numbers, not of dynamics."""


@dataclasses.dataclass(frozen=True)
class PointClass:
    """Fixed points that look the same: what a legend calls them, their look, and which they are."""

    name: str
    stability: str
    color: str
    rows: Bool[np.ndarray, " point"]

    @property
    def look(self) -> dict[str, Any]:
        """The arguments of `Axes.plot` for them, but for their size."""
        return {
            "linestyle": "",
            "color": self.color,
            "markerfacecoloralt": paper(),
            **FIXED_MARKERS[self.stability],
        }


def slow_look() -> dict[str, Any]:
    """Return the arguments of `Axes.plot` for a slow point whose speed no color shows."""
    return {
        "marker": "o",
        "markerfacecolor": paper(),
        "markeredgecolor": ink(),
        "markeredgewidth": 0.6,
    }


def index_color(number: int) -> str:
    """Return the color of a number of unstable directions; gray where it is not known."""
    if number < 0:
        return GRAY
    return INDEX_COLORS[min(number, len(INDEX_COLORS) - 1)] if number else ink()


def classes_of(
    stability: Shaped[np.ndarray, " point"],
    n_unstable: Int[Array, " point"] | None,
    fixed: Bool[np.ndarray, " point"] | None = None,
) -> Iterator[PointClass]:
    """Yield the classes of those points that are fixed, by stability and number of directions.

    Records that were written before they held the numbers have none.
    """
    stability = np.asarray(stability)
    numbers = np.full(len(stability), -1) if n_unstable is None else np.asarray(n_unstable)
    # stable points have no unstable direction, whether or not it was counted
    numbers = np.where(stability == "stable", 0, numbers)
    colors = np.array([index_color(int(number)) for number in numbers], dtype=object)
    among = np.ones(len(stability), bool) if fixed is None else fixed
    for name in FIXED_MARKERS:
        for color in (ink(), *INDEX_COLORS[1:], GRAY):
            rows = among & (stability == name) & (colors == color)
            if rows.any():
                yield PointClass(_called(name, numbers[rows]), name, color, rows)


def _called(stability: str, numbers: np.ndarray) -> str:
    if stability == "saddle" and numbers.min() > 0:
        return f"saddle, {unstable_directions(numbers)}"
    return "fixed, on a kink" if stability == "kink" else f"fixed, {stability}"


def unstable_directions(numbers: np.ndarray) -> str:
    """Format in how many directions points of one color are unstable."""
    least, most = int(numbers.min()), int(numbers.max())
    return counted(least, "unstable direction") if least == most else f"{least} to {most} unstable"


def draw_fixed(
    axes: Axes,
    places: Float[np.ndarray, "point dimension"],
    stability: Shaped[np.ndarray, " point"],
    n_unstable: Int[Array, " point"] | None,
    *,
    fixed: Bool[np.ndarray, " point"] | None = None,
    size: float = SIZE,
    counts: bool = True,
) -> None:
    """Draw those points that are fixed, each class labeled, with its number in `counts`."""
    for those in classes_of(stability, n_unstable, fixed):
        label = those.name + (f" ({int(those.rows.sum())})" if counts else "")
        axes.plot(*places[those.rows].T, label=label, markersize=size, zorder=4, **those.look)


def draw_slow(
    axes: Any,
    places: Float[np.ndarray, "point axis"],
    speed: Float[np.ndarray, " point"],
    per: str,
    *,
    brief: bool = False,
) -> None:
    """Draw slow points in a plane, colored by a speed `per` some time, with a scale of it.

    In `brief` there is neither a scale nor a number of points.
    """
    label = "slow" + ("" if brief else f" ({len(places)})")
    if brief:
        look = {"linestyle": "", "markersize": SLOW_SIZE, "zorder": 3, **slow_look()}
        axes.plot(*places.T, label=label, **look)
        return
    norm, beyond = _speed_scale(speed)
    shade: dict[str, Any] = {"c": speed, "norm": norm, "cmap": sequential()}
    edge: dict[str, Any] = {"edgecolors": ink(), "linewidths": 0.6}
    axes.scatter(*places.T, s=SLOW_SIZE**2, zorder=3, **shade, **edge)
    shades = ScalarMappable(norm, sequential())
    bar = axes.figure.colorbar(shades, ax=axes, pad=0.01, shrink=0.8, extend=beyond)
    bar.set_label(f"speed of slow points ({per})")
    powers_of_ten(bar.ax.yaxis)
    shown = {**slow_look(), "markerfacecolor": shades.cmap(0.5)}
    axes.plot([], [], linestyle="", markersize=SLOW_SIZE, label=label, **shown)


def _speed_scale(speed: np.ndarray) -> tuple[LogNorm, str]:
    """Return whole decades that hold the speeds, the topmost few, and which ends are cut off."""
    usual = speed[np.isfinite(speed) & (speed > SMALLEST)]
    if not usual.size:
        usual = np.ones(1)
    bottom, top = np.floor(np.log10(usual.min())), np.ceil(np.log10(usual.max()))
    lowest = max(bottom, top - DECADES)
    norm = LogNorm(10.0**lowest, 10.0 ** max(top, lowest + 1))
    return norm, "neither" if bottom == lowest else "min"
