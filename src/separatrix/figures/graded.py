"""A value held along a curve of slow states."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analysis import GradedMemory
from .style import BLUE, GREY, SEQUENTIAL, VERMILLION, legend_below, new_figure, styled


@styled
def graded_memory(
    memory: GradedMemory, *, value_name: str = "value", value_units: str = ""
) -> Figure:
    """Draw positions along the curve by value, in time and at the end, and how well they tell it.

    Left: mean position of the trials of each value, with a band of a standard deviation. Middle:
    the same at the first and the last time. Right: the order and the decoding in time.
    """
    figure = new_figure(9.4, 3.5)
    left, middle, right = figure.subplots(1, 3)
    values = np.asarray(memory.values)
    times = np.arange(memory.positions.shape[1]) * memory.dt
    colours = mpl.colormaps[SEQUENTIAL](np.linspace(0, 0.92, len(values)))
    for value, colour, mean, spread in zip(
        values, colours, np.asarray(memory.positions), np.asarray(memory.spreads), strict=True
    ):
        left.plot(times, mean, color=colour, label=f"{value:g}")
        left.fill_between(times, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
    left.set_xlabel("time (ms)")
    left.set_ylabel("position along the curve")
    left.set_ylim(-0.03, 1.03)
    left.set_title(f"memory by {value_name}")
    left.legend(
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        fontsize=7,
        title=value_units or None,
        title_fontsize=7,
    )
    _ends(middle, memory)
    middle.set_xlabel(f"{value_name} ({value_units})" if value_units else value_name)
    _measures(right, memory, times)
    legend_below(figure, middle, right, columns=5)
    return figure


def _ends(axes: Axes, memory: GradedMemory) -> None:
    values = np.asarray(memory.values)
    for time, colour, name in ((0, GREY, "first"), (-1, BLUE, "last")):
        axes.errorbar(
            values,
            np.asarray(memory.positions)[:, time],
            np.asarray(memory.spreads)[:, time],
            color=colour,
            marker="o",
            markersize=4,
            linewidth=1,
            capsize=2,
            label=f"{name} time",
        )
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("position along the curve")
    axes.set_title(f"at the end: Kendall's τ {float(np.asarray(memory.order)[-1]):+.2f}")


def _measures(axes: Axes, memory: GradedMemory, times: np.ndarray) -> None:
    axes.plot(
        times, np.abs(memory.rank_correlation), color=VERMILLION, label="|Spearman's ρ|, all trials"
    )
    axes.plot(times, np.abs(memory.order), color=BLUE, linestyle="--", label="|Kendall's τ|, means")
    axes.plot(times, np.asarray(memory.decoded), color=GREY, label="fraction told apart")
    axes.axhline(memory.chance, color=GREY, linestyle=":", label="by guessing")
    axes.set_ylim(-0.03, 1.06)
    axes.set_xlabel("time (ms)")
    axes.set_title("how well it is held")
