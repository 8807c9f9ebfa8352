"""A value held along a slow curve."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, FigureBase

from ...figures.canvas import Width, new_figure, panels, whole
from ...figures.drawing import styled
from ...figures.legends import Place, legend_each
from ...figures.style import GRAY, PAGE_WIDTH, cycle, ink, paper, sequential
from ..memory import GradedMemory

__all__ = ["graded_memory"]

TIME = "time since stimulus (ms)"
POSITION = "position along the curve"


@styled
def graded_memory(
    memory: GradedMemory,
    *,
    value_name: str = "value",
    value_units: str = "",
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw positions of trials along a curve, and how well they decode the remembered value.

    The left panel shows, for each value, the mean position of its trials over time, with a band of
    one standard deviation on each side. The middle panel shows the mean positions and standard
    deviations against the value, at the first and at the last time. The right panel shows, over
    time, how well positions keep the order of the values (rank correlations of means and of single
    trials). It also shows the fraction of trials whose value is decoded correctly.

    Parameters
    ----------
    memory
        What `sx.classics.graded_memory` returned.
    value_name, value_units
        The name and the units of the remembered value, such as "frequency" and "Hz".
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        Three panels; times are in ms.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> values = np.array([10.0, 10.0, 20.0, 20.0])
    >>> held = np.stack([values / 10 - 0.5, np.full(4, 0.1)], 1)[:, None].repeat(5, 1)
    >>> curve = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    >>> memory = sx.classics.graded_memory(curve, held, values, dt=100.0)
    >>> figure = sx.figures.graded_memory(memory, value_name="frequency", value_units="Hz")
    >>> figure.axes[1].get_xlabel(), figure.axes[2].get_title()
    ('frequency (Hz)', '100 % told at the end')
    """
    figure = new_figure(PAGE_WIDTH, 3.6, figure, width, least_share=1.0)
    left, middle, right = panels(figure, 3)
    times = memory.start + np.arange(memory.positions.shape[1]) * memory.dt
    name = f"{value_name} ({value_units})" if value_units else value_name
    _courses(left, memory, times, name)
    _ends(middle, memory, times)
    middle.set_xlabel(name)
    _measures(right, memory, times)
    below = {"loc": "upper center", "bbox_to_anchor": (0.45, -0.25)}
    legend_each(left, middle, right, legend=legend, **below)
    return whole(figure)


def _courses(axes: Axes, memory: GradedMemory, times: np.ndarray, name: str) -> None:
    """Draw the mean position of each value in time, in a color of the scale of values."""
    values, means = np.asarray(memory.values), np.asarray(memory.positions)
    shades = ScalarMappable(Normalize(values.min(), values.max()), sequential())
    for value, mean, width in zip(values, means, np.asarray(memory.spreads), strict=True):
        color = shades.to_rgba(value)
        axes.plot(times, mean, color=color)
        axes.fill_between(times, mean - width, mean + width, color=color, alpha=0.2, linewidth=0)
    axes.figure.colorbar(shades, ax=axes, label=name, pad=0.02, aspect=30)
    axes.plot([], [], color=GRAY, label="mean of the trials")
    axes.fill_between([], [], [], color=GRAY, alpha=0.3, linewidth=0, label="± s.d.")
    _limit_times(axes, times)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel(POSITION)
    axes.set_title("held in order" if abs(memory.order[-1]) == 1 else "position of each value")


def _ends(axes: Axes, memory: GradedMemory, times: np.ndarray) -> None:
    look = ((0, GRAY, paper(), "--"), (-1, ink(), ink(), "-"))
    for time, color, face, line in look:
        axes.errorbar(
            np.asarray(memory.values),
            np.asarray(memory.positions)[:, time],
            np.asarray(memory.spreads)[:, time],
            color=color,
            marker="o",
            markersize=4,
            markerfacecolor=face,
            linestyle=line,
            linewidth=1,
            capsize=2,
            label=f"after {times[time]:.4g} ms (± s.d.)",
        )
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel(POSITION)
    axes.set_title(f"drift: ≤ {memory.relative_drift:.2g} of a step")


def _measures(axes: Axes, memory: GradedMemory, times: np.ndarray) -> None:
    axes.plot(
        times, np.abs(memory.order), color=cycle(0), linestyle="--", label="|Kendall's τ|, means"
    )
    trials = "|Spearman's ρ|, trials"
    axes.plot(times, np.abs(memory.rank_correlation), color=cycle(1), label=trials)
    axes.plot(times, np.asarray(memory.decoded), color=cycle(2), label="fraction told")
    axes.axhline(memory.chance, color=cycle(2), linestyle=":", label="fraction by guessing")
    axes.set_ylim(-0.03, 1.06)
    _limit_times(axes, times)
    axes.set_ylabel("order, fraction of trials")
    axes.set_title(f"{100 * np.asarray(memory.decoded)[-1]:.0f} % told at the end")


def _limit_times(axes: Axes, times: np.ndarray) -> None:
    """Let the axis begin at the stimulus, after which the memory was left to settle.

    It ends with the last step, a round time that the axis has a number for.
    """
    first, step = min(0.0, float(times[0])), float(times[1] - times[0]) if len(times) > 1 else 1.0
    axes.set_xlim(first, float(times[-1]) + step)
    axes.set_xlabel(TIME)
