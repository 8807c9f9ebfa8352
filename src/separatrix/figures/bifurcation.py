"""Branches of fixed points against their parameter."""

from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analysis import Branches
from .style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)

LINES: dict[str, dict[str, Any]] = {
    "stable": {"color": BLACK, "linestyle": "-", "linewidth": 1.8},
    "saddle": {"color": GREY, "linestyle": "--", "linewidth": 1.2},
    "unstable": {"color": ORANGE, "linestyle": ":", "linewidth": 1.5},
}
"""How a piece of a branch is drawn; a marginal one is drawn as its neighbours are."""

MARKERS: dict[str, tuple[str, str]] = {
    "fold": ("D", VERMILLION),
    "pitchfork": ("o", BLUE),
    "transcritical": ("X", BLUE),
    "branch point": ("P", BLUE),
    "flip": ("^", PURPLE),
    "Neimark–Sacker": ("s", GREEN),
    "Hopf": ("s", GREEN),
    "crossing": ("*", SKY),
    "border collision": ("v", SKY),
    "tangency": ("h", SKY),
}


@styled
def bifurcation_diagram(
    branches: Branches,
    direction: Float[np.ndarray, " unit"] | None = None,
    *,
    label: str | None = None,
) -> Figure:
    """Draw the branches by stability, and their special points by type.

    The state is drawn along `direction` `(unit,)`, such as a readout's row, and called `label`;
    without one it is the mean over units, or the unit itself where there is but one.
    """
    size = branches.states.shape[1]
    along = np.full(size, 1 / size) if direction is None else np.asarray(direction, float)
    figure = new_figure(6.2, 4.2)
    axes = figure.subplots()
    _draw_branches(axes, branches, along)
    _draw_special(axes, branches, along)
    # all of what was asked: where no branch is, no fixed point was found
    low, high = sorted((branches.parameter_from, branches.parameter_to))
    axes.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    axes.set_xlabel(branches.name)
    default = "fixed point" if size == 1 else "mean over units"
    axes.set_ylabel(label or (default if direction is None else "along the direction"))
    legend_below(figure, axes, columns=3)
    return figure


def _draw_branches(axes: Axes, branches: Branches, along: np.ndarray) -> None:
    """Draw every run of points of one stability; neighbouring runs share a point."""
    height, parameters = branches.states @ along, np.asarray(branches.parameters)
    stability, number = np.asarray(branches.stability), np.asarray(branches.branch)
    for k in range(branches.n_branches):
        here = np.flatnonzero(number == k)
        names = _without_marginal(stability[here])
        changes = np.flatnonzero(names[1:] != names[:-1]) + 1
        edges = [0, *changes, len(here) - 1]
        for first, last in pairwise(edges):
            piece = here[first : last + 1]
            name = str(names[first])
            style = LINES.get(name, LINES["saddle"])
            axes.plot(parameters[piece], height[piece], label=name, **style)


def _without_marginal(names: np.ndarray) -> np.ndarray:
    """Replace each name other than stable, saddle and unstable by that of the point before it."""
    known = np.isin(names, list(LINES))
    if not known.any():
        return np.full(len(names), "saddle")
    place = np.where(known, np.arange(len(names)), -1)
    before = np.maximum.accumulate(place)
    return names[np.where(before < 0, np.flatnonzero(known)[0], before)]


def _draw_special(axes: Axes, branches: Branches, along: np.ndarray) -> None:
    height = branches.special_states @ along
    kinds = np.asarray(branches.special_type)
    for k in range(branches.n_special):
        marker, colour = MARKERS[str(kinds[k])]
        criticality = str(branches.special_criticality[k])
        axes.plot(
            branches.special_parameters[k],
            height[k],
            marker,
            color=colour,
            markeredgecolor=INK,
            markeredgewidth=0.5,
            markersize=6.5,
            fillstyle="none" if criticality == "subcritical" else "full",
            zorder=4,
            label=branches.special_names[k],
        )
