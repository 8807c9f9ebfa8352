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
    "kink": {"color": GREY, "linestyle": "-.", "linewidth": 1.2},
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
    """Draw every run of pieces of one stability, which changes at the special points between."""
    for k in range(branches.n_branches):
        parameters, states, names = _polyline(branches, k)
        edges = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1), len(names)]
        for first, last in pairwise(edges):
            piece = slice(first, last + 1)
            style = LINES.get(str(names[first]), LINES["saddle"])
            label = "on a kink" if names[first] == "kink" else names[first]
            axes.plot(parameters[piece], states[piece] @ along, label=label, **style)


def _polyline(branches: Branches, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the points of a branch with its special points in their places.

    Parameters (place,), states (place, unit), and the stability of the piece from each place on,
    one less than places.
    """
    here = np.flatnonzero(np.asarray(branches.branch) == k)
    parameters, states = np.asarray(branches.parameters)[here], np.asarray(branches.states)[here]
    names = _without_single(np.asarray(branches.stability)[here])
    own = np.flatnonzero(np.asarray(branches.special_branch) == k)
    if len(here) < 2 or not len(own):
        return parameters, states, names[:-1]
    scale = np.append(np.ptp(parameters), np.ptp(states, axis=0).max())
    scale = np.where(scale > 0, scale, 1.0)
    on_branch = np.column_stack([parameters / scale[0], states / scale[1]])
    values, places = np.asarray(branches.special_parameters), np.asarray(branches.special_states)
    special = np.column_stack([values[own] / scale[0], places[own] / scale[1]])
    away = np.linalg.norm(special[:, None] - on_branch, axis=2)
    pieces = np.linalg.norm(np.diff(on_branch, axis=0), axis=1)
    after = (away[:, :-1] + away[:, 1:] - pieces).argmin(1)  # the least detour
    order = np.lexsort((away[np.arange(len(own)), after], after))
    own, after = own[order], after[order]
    last = np.append(after[1:] != after[:-1], True)
    # Between two special points of one piece nothing is known: the stability before them is kept.
    following = np.where(last, names[after + 1], names[after])
    return (
        np.insert(parameters, after + 1, values[own]),
        np.insert(states, after + 1, places[own], axis=0),
        np.insert(names, after + 1, following)[:-1],
    )


def _without_single(names: np.ndarray) -> np.ndarray:
    """Replace each name for which there is no line, and single kinks, by that of the point before.

    At a single kink the branch goes from one region into another.
    """
    kink = names == "kink"
    in_a_row = kink & (np.append(False, kink[:-1]) | np.append(kink[1:], False))
    known = np.isin(names, list(LINES)) & (~kink | in_a_row)
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
