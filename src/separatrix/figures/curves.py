"""A slow curve: what moves states along it, and how fast they come back to it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analysis import SlowCurve
from .points import FIXED_MARKERS
from .style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    VERMILLION,
    legend_below,
    new_figure,
    powers_of_ten,
    styled,
)


@styled
def slow_curve(curve: SlowCurve, *, axis_name: str = "axis") -> Figure:
    """Draw the drift along a slow curve with its fixed points, and the two timescales."""
    figure = new_figure(6.4, 5.2)
    above, below = figure.subplots(2, 1, sharex=True)
    _drift(above, curve)
    _times(below, curve)
    below.set_xlabel(f"position along the {axis_name}")
    legend_below(figure, above, below, columns=3)
    return figure


def _drift(axes: Axes, curve: SlowCurve) -> None:
    values = np.asarray(curve.values)
    axes.axhline(0, color=GREY, linewidth=0.8)
    for part in _pieces(curve):
        axes.plot(values[part], np.asarray(curve.drift)[part], "-", color=BLUE, label="drift")
    rests = np.asarray(curve.outcomes) == "fixed"
    look: dict[str, Any] = {"color": VERMILLION, "markersize": 4}
    if rests.any():
        axes.plot(values[rests], 0 * values[rests], "s", label="at rest", **look)
    stability = np.asarray(curve.crossing_stability)
    for name, marker in FIXED_MARKERS.items():
        here = np.asarray(curve.crossing_values)[stability == name]
        if len(here):
            shape: dict[str, Any] = {
                "color": INK,
                "markersize": 8,
                "markerfacecoloralt": "white",
                "zorder": 4,
            }
            axes.plot(here, 0 * here, linestyle="", label=f"fixed, {name}", **shape, **marker)
    per = "step" if curve.system == "map" else "time constant"
    axes.set_ylabel(f"drift per {per}")


def _times(axes: Axes, curve: SlowCurve) -> None:
    values = np.asarray(curve.values)
    along = np.asarray(curve.times, float)
    across = np.asarray(curve.transverse_time, float)
    across = np.where(np.isfinite(across) & (across > 0), across, np.nan)
    along = np.where(np.isfinite(along), along, np.nan)
    for part in _pieces(curve):
        axes.plot(
            values[part], along[part], "-", color=ORANGE, label="time to drift the whole range"
        )
        if np.isfinite(across[part]).any():
            label = "time to return to the curve"
            # With a marker, so that a time between slices without one is seen as well.
            look: dict[str, Any] = {"color": INK, "marker": ".", "linestyle": "--"}
            axes.plot(values[part], across[part], label=label, **look)
    axes.set_ylabel("time (ms)")
    if np.isfinite([along, across]).any():
        axes.set_yscale("log")
        powers_of_ten(axes.yaxis)


def _pieces(curve: SlowCurve) -> list[np.ndarray]:
    """Return the runs of slices between which the curve does not jump."""
    starts = np.flatnonzero(~np.asarray(curve.joined))
    return [part for part in np.split(np.arange(len(curve)), starts) if len(part)]
