"""Which stable points the saddles link, in the space of the first principal components."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..activity import PrincipalComponents
from ..analysis import FixedPointTopology
from .state_space import label_plane
from .style import BLUE, INK, ORANGE, VERMILLION, legend_below, new_figure, styled

INDEX_COLOURS = (INK, BLUE, ORANGE, VERMILLION)
"""Colour by the number of unstable directions; the last one is for all higher numbers too."""

_MOST_NAMES = 32


@styled
def fixed_point_topology(topology: FixedPointTopology, components: PrincipalComponents) -> Figure:
    """Draw fixed points by their number of unstable directions, and lines to what each links.

    In three principal components, where there are so many, else in two; stable points bear their
    names.
    """
    spatial = len(components) > 2
    figure = new_figure(6.0, 5.4 if spatial else 4.6)
    axes: Any = figure.add_subplot(projection="3d" if spatial else None)
    places = components.project(topology.states)[:, : 3 if spatial else 2]
    unstable = np.asarray(topology.n_unstable)
    for number in np.unique(unstable[unstable >= 0]):
        colour = INDEX_COLOURS[min(number, len(INDEX_COLOURS) - 1)]
        rows = np.flatnonzero(unstable == number)
        if number:
            _draw_links(axes, topology, places, rows, colour)
        label = f"{number} unstable directions ({len(rows)})".replace("1 unstable directions", _ONE)
        size = 8 if number == 0 else 5
        axes.plot(*places[rows].T, "o", color=colour, markersize=size, label=label, zorder=4)
    stable = topology.attractor_rows[topology.attractor_rows >= 0]
    if len(stable) <= _MOST_NAMES:
        for row in stable:
            name = str(topology.names[row]).replace("-", "−")
            axes.text(*places[row], f"   {name}", fontsize=8, zorder=5)
    _label(axes, components, places)
    legend_below(figure, axes, columns=2)
    return figure


_ONE = "1 unstable direction"


def _draw_links(
    axes: Axes, topology: FixedPointTopology, places: np.ndarray, rows: np.ndarray, colour: str
) -> None:
    """Draw a line from each saddle to each stable point it leads to; gates are bold."""
    for row in rows:
        gate = topology.n_unstable[row] == 1
        for end in topology.attractor_rows[topology.links[row]]:
            width, alpha = (1.4, 1.0) if gate else (0.6, 0.4)
            axes.plot(*places[[row, end]].T, color=colour, linewidth=width, alpha=alpha, zorder=3)


def _label(axes: Any, components: PrincipalComponents, places: np.ndarray) -> None:
    label_plane(axes, components)
    if places.shape[1] == 3:
        middle = (places.min(0) + places.max(0)) / 2
        half = 0.55 * max(float(np.ptp(places, axis=0).max()), np.finfo(float).tiny)
        axes.set(**{f"{k}lim": (m - half, m + half) for k, m in zip("xyz", middle, strict=True)})
        ratio = 100 * float(components.explained_variance_ratio[2])
        axes.set_zlabel(f"PC 3 ({ratio:.0f} % of variance)")
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.set_ticks([])
            axis.set_pane_color((1.0, 1.0, 1.0, 0.0))
        axes.set_box_aspect((1.0, 1.0, 1.0))
        axes.view_init(elev=18, azim=-60)
