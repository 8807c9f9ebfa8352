"""A slow curve: what moves states along it, and how fast they come back to it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from ..analysis import SlowCurve
from .canvas import Width, new_figure, whole
from .drawing import styled
from .legends import Place, legend_below
from .point_looks import draw_fixed
from .style import GRAY, GREEN, PURPLE, powers_of_ten

__all__ = ["slow_curve"]


@styled
def slow_curve(
    curve: SlowCurve,
    *,
    axis_name: str = "axis",
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the drift along a slow curve, its fixed points, and time constants along and across it.

    Parameters
    ----------
    curve
        What `sx.slow_curve` returned.
    axis_name
        The name of the axis.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        Two panels. The top panel shows the drift per step or per time constant. The bottom panel
        shows two times for each slice. One is how long a state with the drift of this slice would
        need to cross the range of all slices. The other is the time constant with which states
        return to the curve.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> W = np.array([[0.0, -0.99], [-0.99, 0.0]])
    >>> line = sx.Flow(lambda r: W @ r + 1 - r, size=2, tau=10.0)
    >>> curve = sx.slow_curve(line, np.array([1.0, -1.0]), np.linspace(-0.9, 0.9, 5))
    >>> figure = sx.figures.slow_curve(curve, axis_name="r₁ − r₂")
    >>> figure.axes[1].get_xlabel()
    'position along the r₁ − r₂'
    """
    figure = new_figure(6.4, 5.2, figure, width)
    above, below = figure.subplots(2, 1, sharex=True)
    _drift(above, curve)
    _times(below, curve)
    below.set_xlabel(f"position along the {axis_name}")
    legend_below(figure, above, below, columns=3, legend=legend)
    return whole(figure)


def _drift(axes: Axes, curve: SlowCurve) -> None:
    values = np.asarray(curve.values)
    axes.axhline(0, color=GRAY, linewidth=0.8)
    for part in _pieces(curve):
        axes.plot(values[part], np.asarray(curve.drift)[part], "-", color=GREEN, label="drift")
    rests = np.asarray(curve.outcomes) == "fixed"
    look: dict[str, Any] = {"color": GREEN, "markersize": 4}
    if rests.any():
        axes.plot(values[rests], 0 * values[rests], "s", label="at rest", **look)
    crossings = np.asarray(curve.crossing_values)
    places = np.stack([crossings, 0 * crossings], 1)
    draw_fixed(axes, places, curve.crossing_stability, curve.crossing_n_unstable)
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
            values[part], along[part], "-", color=GREEN, label="time to drift the whole range"
        )
        if np.isfinite(across[part]).any():
            label = "time to return to the curve"
            # With a marker, so that a time between slices without one is seen as well.
            look: dict[str, Any] = {"color": PURPLE, "marker": ".", "linestyle": "--"}
            axes.plot(values[part], across[part], label=label, **look)
    axes.set_ylabel(f"time ({curve.time_units})")
    if np.isfinite([along, across]).any():
        axes.set_yscale("log")
        powers_of_ten(axes.yaxis)


def _pieces(curve: SlowCurve) -> list[np.ndarray]:
    """Return the runs of slices between which the curve does not jump."""
    starts = np.flatnonzero(~np.asarray(curve.joined))
    return [part for part in np.split(np.arange(len(curve)), starts) if len(part)]
