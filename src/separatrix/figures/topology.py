"""Which stable points the saddles link, in the space of the first principal components."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._types import InvalidInputError
from ..activity import PrincipalComponents
from ..analysis import FixedPointTopology
from .labels import HALO, label_beside
from .point_looks import draw_fixed, index_colour
from .state_space import label_plane
from .style import GREY, lay_out, legend_below, new_figure, new_panels, styled

_MOST_NAMES = 32

SIZE, SMALL = 7.0, 5.5
"""Of the points, in a figure of their own and beside others."""


@styled
def fixed_point_topology(topology: FixedPointTopology, components: PrincipalComponents) -> Figure:
    """Draw fixed points by their number of unstable directions, and lines to what each links.

    In three principal components, where there are so many, else in two; stable points bear their
    names.
    """
    spatial = len(components) > 2
    figure = new_figure(6.0, 5.4 if spatial else 4.6)
    axes: Any = figure.add_subplot(projection="3d" if spatial else None)
    places = _draw(axes, topology, components)
    if spatial:
        axes.set_title(f"{_shares(components)} of variance")
    legend_below(figure, axes, columns=2)
    _name_stable_points(figure, [(axes, topology, places)], SIZE)
    return figure


@styled
def compare_topologies(
    networks: Mapping[str, tuple[FixedPointTopology, PrincipalComponents]],
) -> Figure:
    """Draw the linked fixed points of several networks side by side, each in its own space."""
    if not networks:
        raise InvalidInputError("expected the topology of one network at least.")
    figure, rows, columns = new_panels(len(networks), height=2.7, margin=0.9)
    panels = []
    for place, (name, (topology, components)) in enumerate(networks.items(), start=1):
        kind = "3d" if len(components) > 2 else None
        axes: Any = figure.add_subplot(rows, columns, place, projection=kind)
        places = _draw(axes, topology, components, size=SMALL, counts=False)
        shares = f"\n{_shares(components)}" if kind else ""
        axes.set_title(f"{name}\n{_shape(topology)}{shares}")
        panels.append((axes, topology, places))
    legend_below(figure, *(axes for axes, _, _ in panels), columns=3)
    _name_stable_points(figure, panels, SMALL)
    return figure


def _shape(topology: FixedPointTopology) -> str:
    counts = " + ".join(map(str, topology.counts))
    return counts + (": a cube" if topology.is_cube is True else " points")


def _shares(components: PrincipalComponents) -> str:
    parts = np.asarray(components.explained_variance_ratio)[:3]
    return "PC 1, 2, 3: " + ", ".join(f"{100 * part:.0f}" for part in parts) + " %"


def _draw(
    axes: Any,
    topology: FixedPointTopology,
    components: PrincipalComponents,
    *,
    size: float = SIZE,
    counts: bool = True,
) -> np.ndarray:
    """Draw points and links in one panel, name its axes, and return where the points are."""
    places = components.project(topology.states)[:, : 3 if len(components) > 2 else 2]
    unstable = np.asarray(topology.n_unstable)
    for number in np.unique(unstable[unstable > 0]):
        rows = np.flatnonzero(unstable == number)
        _draw_links(axes, topology, places, rows, index_colour(int(number)))
    draw_fixed(axes, places, topology.stability, unstable, size=size, counts=counts)
    _label(axes, components, places)
    return places


def _name_stable_points(
    figure: Figure, panels: Sequence[tuple[Any, FixedPointTopology, np.ndarray]], size: float
) -> None:
    """Write the names when the panels have their places, from which it follows where there is room.

    Lines in space have no extent before they are drawn, so they are left out of the layout.
    """
    lay_out(figure)
    for axes, topology, places in panels:
        stable = topology.attractor_rows[topology.attractor_rows >= 0]
        if len(stable) > _MOST_NAMES:
            continue
        seen = _on_paper(axes, places)
        names = [str(topology.names[row]).replace("-", "−") for row in stable]
        gates = seen[_gates(topology)].reshape(-1, 2, 2)
        label_beside(axes, seen[stable], names, points=seen, lines=gates, size=size)


def _gates(topology: FixedPointTopology) -> np.ndarray:
    """Return the rows of the ends of all bold lines: saddle and stable point."""
    links, ends = np.asarray(topology.links), np.asarray(topology.attractor_rows)
    gate, stable = np.nonzero(links & (np.asarray(topology.n_unstable) == 1)[:, None])
    return np.stack([gate, ends[stable]], 1)


def _on_paper(axes: Any, places: np.ndarray) -> np.ndarray:
    """Return where points are seen in the coordinates of the picture."""
    if places.shape[1] == 2:
        return places
    seen = np.append(places, np.ones((len(places), 1)), 1) @ np.asarray(axes.get_proj()).T
    return seen[:, :2] / seen[:, 3:]


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
    """Name the axes; in space, a small tripod shows where they point."""
    if places.shape[1] == 2:
        label_plane(axes, components)
        axes.margins(0.15)  # for the names
        return
    middle = (places.min(0) + places.max(0)) / 2
    half = 0.5 * max(float(np.ptp(places, axis=0).max()), np.finfo(float).tiny)
    axes.set(**{f"{k}lim": (m - half, m + half) for k, m in zip("xyz", middle, strict=True)})
    axes.set_box_aspect((1.0, 1.0, 1.0), zoom=1.02)
    axes.view_init(elev=18, azim=-60)
    axes.set_axis_off()
    for line in axes.lines:
        line.set(clip_on=False, in_layout=False)
    foot = middle + half * np.array([-1.0, -1.1, -1.3])
    for k, direction in enumerate(0.4 * half * np.eye(3)):
        (leg,) = axes.plot(*np.stack([foot, foot + direction]).T, color=GREY, linewidth=1.0)
        leg.set(clip_on=False, in_layout=False)
        at = _on_paper(axes, (foot + 1.15 * direction)[None])[0]
        axes.annotate(
            f"PC {k + 1}",
            at,
            fontsize=8,
            color=GREY,
            horizontalalignment="center" if k == 2 else "left",
            verticalalignment=("top", "center", "bottom")[k],
            path_effects=HALO,
            annotation_clip=False,
        ).set_in_layout(False)
