"""How often a network is right in each of many tasks."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...analysis.boundaries.fractions import wilson
from ...figures.canvas import Width, one_panel, whole
from ...figures.drawing import error_bars, styled
from ...figures.legends import Place, legend_below
from ...figures.style import GRAY, cycle, ink
from ..rules import RulePerformance

__all__ = ["rule_performance"]


@styled
def rule_performance(
    found: RulePerformance,
    *,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the fraction of correct trials in each rule, with chance and the ideal observer.

    Error bars are 95 % confidence intervals of a binomial fraction (Wilson 1927).

    Parameters
    ----------
    found
        What `sx.classics.rule_performance` returned.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        A row for each rule.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> found = sx.records.RulePerformance(
    ...     score=np.array([0.9, 0.4]), ideal_score=np.ones(2), chance=np.array([0.2, 0.5]),
    ...     num_trials=np.array([40, 50]), rules=("fdgo", "dmsgo"),
    ... )
    >>> figure = sx.figures.rule_performance(found)
    >>> [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    ['fdgo', 'dmsgo']
    """
    figure, axes = one_panel(6.4, 1.5 + 0.2 * len(found), ax, width, least_share=1.0)
    places = np.arange(len(found))
    score = np.asarray(found.score, float)
    bars = error_bars(score, *wilson(score, np.asarray(found.num_trials)))
    label = "network (95 % interval)"
    look: dict[str, Any] = {"color": cycle(0), "capsize": 2, "linewidth": 0.9, "linestyle": ""}
    axes.errorbar(score, places, xerr=bars, marker="o", label=label, zorder=3, **look)
    ideal, chance = np.asarray(found.ideal_score), np.asarray(found.chance)
    axes.plot(ideal, places, "|", color=ink(), markersize=10, label="ideal observer")
    axes.plot(chance, places, "|", color=GRAY, markersize=10, label="chance")
    axes.hlines(places, chance, score, color=cycle(0), linewidth=0.8, alpha=0.5)
    axes.set_yticks(places, found.rules)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.04)
    axes.set_xlabel("fraction of trials right")
    axes.set_title(f"mean {found.mean_score:.3f} (ideal observer {np.mean(ideal):.3f})")
    legend_below(figure, axes, ax=ax, legend=legend)
    return whole(figure)
