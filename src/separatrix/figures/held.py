"""Figure of what holds states, and where they end."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from ..analysis import Verdict
from ..analysis.following.end import What
from ..analysis.verdicts.ending import are
from .canvas import Width, new_figure, panels, whole
from .drawing import styled
from .legends import Place, legend_each
from .style import GRAY, LIGHT_GRAY, PAGE_WIDTH, cycle, equal_scales, ink, paper

__all__ = ["verdict"]

_NAMED = 5
"""Ends with an entry of their own in the legend."""


@styled
def verdict(
    verdict: Verdict,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw where states are at time T, where they end, and how well they are held until time 2 T.

    T is the duration of the verdict, for which states must be held. The left panel shows the states
    at T, along two principal components. Each state has the color of the end that it reaches, such
    as a stable point. If an end is a fixed point, a large marker shows where it is.

    The right panel shows how far states are from their positions at T, relative to the extent of
    the states: 95 % of the states are at most this far. If `sx.verdict` was given an axis, two more
    lines describe the positions of the states along this axis. One is their spread, relative to the
    spread at the start. The other is their order: the rank correlation with the positions at the
    start. A vertical line marks T.

    Parameters
    ----------
    verdict
        The verdict from `sx.verdict`. If it was computed without a duration, or from fewer than
        three finite states, only the left panel is drawn.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One or two panels.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> relaxing = sx.DiscreteMap(lambda x: 0.5 * x, size=2, dt=10.0)
    >>> states = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    >>> held = sx.verdict(relaxing, states, duration=50.0, axis=np.ones(2))
    >>> figure = sx.figures.verdict(held)
    >>> held.held, figure.axes[0].get_title()
    ('point', 'where states are at T, by their end')
    """
    count = 2 if verdict.held else 1
    figure = new_figure(count * PAGE_WIDTH / 2, 3.4, figure, width, least_share=1.0)
    drawn = panels(figure, count)
    for axes, draw in zip(drawn, (_ends, _courses), strict=False):
        draw(axes, verdict)
    legend_each(*drawn, legend=legend, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return whole(figure)


def _ends(axes: Axes, verdict: Verdict) -> None:
    states, ends = np.asarray(verdict.drawn), np.asarray(verdict.end_drawn)
    ended, names = np.asarray(verdict.ended), list(map(str, verdict.ends))
    curves, known = np.asarray(verdict.curve_drawn), ~are(verdict, What.UNKNOWN)
    is_point, attracts = are(verdict, What.POINT, What.UNSTABLE), are(verdict, What.POINT)
    axes.plot(curves[:, 0], curves[:, 1], color=GRAY, linewidth=0.8, zorder=1)
    for k, name in enumerate(names):
        color = cycle(k) if known[k] and k < _NAMED else (GRAY if known[k] else LIGHT_GRAY)
        mine = ended == k
        label = f"{name}: {100 * float(verdict.shares[k]):.0f} %" if k < _NAMED else None
        axes.scatter(
            states[mine, 0], states[mine, 1], s=8, color=color, alpha=0.7, linewidth=0, label=label
        )
        if is_point[k]:
            face = color if attracts[k] else paper()
            x, y = ends[k]
            axes.scatter(x, y, s=60, facecolor=face, edgecolor=ink(), linewidth=1, zorder=4)
    rest = len(names) - _NAMED
    if rest > 0:
        axes.scatter([], [], s=8, color=GRAY, label=f"{rest} more")
    seen = np.concatenate([states, ends, curves])
    seen = seen[np.isfinite(seen).all(1)]
    if len(seen):
        equal_scales(axes, seen)
    axes.set_xlabel("component 1")
    axes.set_ylabel("component 2")
    axes.set_title("where states are at T, by their end" if verdict.held else "where states end")


def _courses(axes: Axes, verdict: Verdict) -> None:
    times = np.asarray(verdict.times)
    lines = (
        ("spread along the axis", verdict.spread, "-"),
        ("order (rank correlation)", verdict.order, "--"),
        ("distance from where they are at T", verdict.distance, ":"),
    )
    for k, (label, values, line) in enumerate(lines):
        shown = np.asarray(values, float)
        if np.isfinite(shown).sum() > 1:
            axes.plot(times, shown, line, color=cycle(k + 1), label=label)
    if np.isfinite(verdict.duration):
        axes.axvline(verdict.duration, color=GRAY, linewidth=0.8)
        axes.text(verdict.duration, 1.0, " T", transform=axes.get_xaxis_transform(), va="top")
    axes.axhline(0, color=LIGHT_GRAY, linewidth=0.8)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, -1.1), min(max(high, 1.1), 3.0))
    axes.set_xlabel(f"time with the input held constant ({verdict.time_units})")
    axes.set_title("over 2 T")
