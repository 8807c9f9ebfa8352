"""Excitation and inhibition between the units that prefer each choice."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from ...figures.canvas import (
    LETTERING,
    NARROWEST,
    Width,
    grow,
    height_of,
    inches_across,
    new_figure,
    whole,
)
from ...figures.drawing import styled
from ...figures.legends import Place, legend_below
from ...figures.style import BLUE, EXCITATION, GRAY, VERMILLION, ink, tint
from ..connections import SelectiveConnections

__all__ = ["selective_connections"]


@styled
def selective_connections(
    connections: SelectiveConnections,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the sorted recurrent weights, the units' selectivity, and mean strengths of connections.

    Bars compare connections between units that prefer the same choice with connections between
    units of opposite preference. The p-values come from shuffled preferences.

    Parameters
    ----------
    connections
        What `sx.classics.selective_connections` returned.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        Three panels.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> rng, excitatory = np.random.default_rng(0), np.arange(8) < 6
    >>> weights = rng.random((8, 8)) * np.where(excitatory, 1.0, -1.0)      # (to, from)
    >>> found = sx.classics.selective_connections(weights, rng.normal(size=8), excitatory)
    >>> figure = sx.figures.selective_connections(found)
    >>> figure.axes[0].get_xlabel()
    'from unit (E, then I; by d′)'
    """
    figure = new_figure(8.6, 3.8, figure, width)
    if inches_across(figure) / 3 >= NARROWEST:
        parts = figure.subplot_mosaic("ABC", width_ratios=(3.2, 1.0, 2.9))
    else:
        grow(figure, height_of(figure) - LETTERING)
        parts = figure.subplot_mosaic("AB;CC", width_ratios=(1.6, 1.0))
    _matrix(parts["A"], connections)
    _selectivity(parts["B"], connections)
    _strengths(parts["C"], connections)
    legend_below(figure, parts["B"], parts["C"], legend=legend)
    return whole(figure)


def _matrix(axes: Axes, connections: SelectiveConnections) -> None:
    weights = np.asarray(connections.weights, float)
    n = len(weights)
    # a few weights are many times larger than the rest, which the colors are for
    top = float(np.quantile(np.abs(weights), 0.98)) or 1.0
    image = axes.imshow(
        weights, cmap=EXCITATION, vmin=-top, vmax=top, extent=(0, n, n, 0), interpolation="nearest"
    )
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, location="left", extend="both")
    bar.set_label("weight")
    border = int(np.asarray(connections.excitatory).sum())
    for line in (axes.axhline, axes.axvline):
        line(border, color=ink(), linewidth=0.8)
    axes.set_xlabel("from unit (E, then I; by d′)")
    axes.set_ylabel("to unit")
    axes.set_title("recurrent weights")


def _selectivity(axes: Axes, connections: SelectiveConnections) -> None:
    dprime = np.asarray(connections.dprime, float)
    places = np.arange(len(dprime)) + 0.5
    for choice, color in ((1, BLUE), (2, VERMILLION)):
        here = np.asarray(connections.preferred) == choice
        axes.barh(places[here], dprime[here], 0.9, color=color, label=f"prefers choice {choice}")
    axes.axhline(int(np.asarray(connections.excitatory).sum()), color=ink(), linewidth=0.8)
    axes.axvline(0, color=GRAY, linewidth=0.6)
    axes.set_ylim(len(dprime), 0)
    axes.set_yticks([])
    axes.set_xlabel("d′")
    axes.set_title("selectivity")


def _strengths(axes: Axes, connections: SelectiveConnections) -> None:
    places = np.arange(len(connections.block))
    for shift, name, color in ((-0.2, "same", ink()), (0.2, "opposite", tint(ink(), 0.32))):
        heights = np.nan_to_num(np.asarray(getattr(connections, name), float))
        axes.bar(places + shift, heights, 0.38, color=color, label=f"{name} preference")
    labels = [
        block.replace(" to ", "→") + (f"\n{p:.2g}" if np.isfinite(p) else "")
        for block, p in zip(connections.block, np.asarray(connections.p_value), strict=True)
    ]
    axes.set_xticks(places, labels)
    axes.set_xlabel("connections, p by shuffling")
    axes.set_ylabel("mean |weight|")
    axes.set_title("connections")
