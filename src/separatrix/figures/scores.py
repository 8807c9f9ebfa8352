"""The score of a network in any task, by condition."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import MaxNLocator

from ..analysis.boundaries.fractions import wilson
from ..evaluation import Performance
from .canvas import Width, new_figure, panels, whole
from .drawing import error_bars, styled
from .legends import Place, legend_below
from .style import GRAY, cycle, letters

__all__ = ["performance"]

COLUMNS = 4
NUMBERED = ("choice", "context")
"""Conditions that count from 0, where channels and outputs are named from 1: shown as those."""


@styled
def performance(
    performance: Performance,
    units: Mapping[str, str] | None = None,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the score against the values of each condition, with chance and the ideal observer.

    Error bars are 95 % intervals of a fraction (Wilson 1927). If the score of a trial may lie
    between 0 and 1, these intervals are too wide rather than too narrow.

    Parameters
    ----------
    performance
        What `sx.performance` returned.
    units
        A dictionary from names of conditions to their units, such as `{"delay": "ms"}`.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        A panel for each condition.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.DelayComparison()
    >>> net = sx.networks.CTRNN(2, 8, 3, key=jax.random.key(0))
    >>> done = sx.performance(net, task, num_trials=64, key=jax.random.key(1))
    >>> figure = sx.figures.performance(done, {"delay": "ms"})
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('choice', 'score')
    """
    names = list(dict.fromkeys(map(str, performance.condition))) or [""]
    columns = min(len(names), COLUMNS)
    figure = new_figure(max(4.6, 2.5 * columns), 3.2, figure, width)
    drawn = panels(figure, len(names), COLUMNS, sharey=True)
    for axes, name in zip(drawn, names, strict=True):
        _panel(axes, performance.by(name) if name else performance, performance)
        unit = (units or {}).get(name)
        label = name.replace("_", " ") or "all trials"
        axes.set_xlabel(f"{label} ({unit})" if unit else label)
    drawn[0].set(ylabel="score", ylim=(-0.03, 1.03))
    known = performance.ideal_mean_score
    best = f" (ideal observer {known:.3f})" if np.isfinite(known) else ""
    figure.suptitle(f"score {performance.mean_score:.3f}{best}", fontsize=letters(9.5))
    legend_below(figure, drawn[0], columns=3, legend=legend)
    return whole(figure)


def _panel(axes: Axes, rows: Performance, whole: Performance) -> None:
    if len(rows):
        value, score, count = (
            np.asarray(column, float) for column in (rows.value, rows.score, rows.num_trials)
        )
        ideal = np.asarray(rows.ideal_score, float)
    else:
        value, score = np.zeros(1), np.array([whole.mean_score])
        count, ideal = np.array([whole.total_trials]), np.array([whole.ideal_mean_score])
        axes.set_xticks([])
    if len(rows) and str(np.asarray(rows.condition)[0]) in NUMBERED:
        value = value + 1
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    places = np.arange(len(value)) if len(value) <= COLUMNS else value
    if len(rows) and len(value) <= COLUMNS:
        axes.set_xticks(places, [f"{v:g}" for v in value])
        axes.set_xlim(-0.6, len(value) - 0.4)
    if np.isfinite(ideal).any():
        axes.plot(
            places, ideal, "s", color=GRAY, markersize=7, markerfacecolor="none",
            label="ideal observer, same trials",
        )  # fmt: skip
    bars = error_bars(score, *wilson(score, count))
    axes.errorbar(
        places,
        score,
        bars,
        color=cycle(0),
        marker="o",
        markersize=4,
        linestyle="",
        capsize=2,
        label="network (95 % interval)",
    )
    if np.isfinite(whole.chance):
        axes.axhline(whole.chance, color=GRAY, linewidth=0.8, linestyle=":", label="chance")
