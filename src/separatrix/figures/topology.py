"""Which stable points the saddles link, in the space of the first principal components."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from .._checked import SOME
from ..activity import PrincipalComponents
from ..analysis import FixedPointTopology
from .canvas import Width, new_figure, one_panel, panels, whole
from .drawing import styled
from .labels import label_outward
from .legends import Place, legend_below
from .point_looks import draw_fixed, index_color
from .space import Plane, dimensions, for_axes, in_plane, label_plane, on_paper, show
from .style import PAGE_WIDTH

__all__ = ["compare_topologies", "fixed_point_topology"]

_MOST_NAMES, _FEWER_NAMES = 32, 8
"""Stable points that are named, in a figure of their own and beside others."""

SIZE, SMALL = 7.0, 5.5
"""Of the points, in a figure of their own and beside others."""


@styled
def fixed_point_topology(
    topology: FixedPointTopology,
    components: Plane = None,
    *,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw fixed points, colored by number of unstable directions, and lines between linked points.

    If there are at most 32 stable points, each of them is labeled with its name.

    Parameters
    ----------
    topology
        What `sx.fixed_point_topology` returned.
    components
        The two or three axes of the drawing, such as `activity.pca(3)`. None means the units
        themselves. With more than three units, give components or `ax`, for which `sx.project`
        finds components.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel, which is three-dimensional if there are three components.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=2)
    >>> states = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    >>> points = sx.find_fixed_points(system, states)
    >>> topology = sx.fixed_point_topology(system, points, points.states)
    >>> figure = sx.figures.fixed_point_topology(topology)
    >>> topology.counts, sorted(text.get_text() for text in figure.axes[0].texts)
    ((4, 4, 1), ['++', '+−', '−+', '−−'])
    """
    components = for_axes(components, np.asarray(topology.states), ax)
    spatial = dimensions(components, topology.states) == 3
    height = 5.4 if spatial else 4.6
    figure, axes = one_panel(6.0, height, ax, width, 3 if spatial else 2)
    _draw(axes, topology, components, SIZE, _MOST_NAMES)
    legend_below(figure, axes, columns=2, ax=ax, legend=legend)
    return whole(figure)


@styled
def compare_topologies(
    networks: Annotated[Mapping[str, tuple[FixedPointTopology, PrincipalComponents]], SOME],
    *,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    r"""Draw the linked fixed points of several networks side by side, each in its own panel.

    If a network has at most eight stable points, each of them is labeled with its name.

    Parameters
    ----------
    networks
        A dictionary from the name of each network to a pair: what `sx.fixed_point_topology`
        returned, and the axes of the drawing (`components`).
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        A panel for each network. The title says how many fixed points have 0, 1, 2, … unstable
        directions.

    Raises
    ------
    InvalidInputError
        If there is no network.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=2)
    >>> states = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    >>> points = sx.find_fixed_points(system, states)
    >>> topology = sx.fixed_point_topology(system, points, points.states)
    >>> plane = sx.project(points.states)[1]
    >>> figure = sx.figures.compare_topologies({"two bits": (topology, plane)})
    >>> figure.axes[0].get_title()
    'two bits\n4 + 4 + 1: a square'
    """
    figure = new_figure(PAGE_WIDTH * max(min(len(networks), 3), 2) / 3, 3.6, figure, width)
    spatial = [dimensions(components, shown.states) == 3 for shown, components in networks.values()]
    drawn = panels(figure, len(networks), spatial=spatial)
    for axes, (name, (topology, components)) in zip(drawn, networks.items(), strict=True):
        _draw(axes, topology, components, SMALL, _FEWER_NAMES, counts=False)
        axes.set_title(f"{name}\n{_shape(topology)}")
    legend_below(figure, *drawn, columns=3, legend=legend)
    return whole(figure)


def _shape(topology: FixedPointTopology) -> str:
    counts = " + ".join(map(str, topology.counts))
    if topology.is_cube is not True:
        return f"{counts} points"
    between = " " if topology.bits <= 3 else "\n"  # which would not fit on one line
    return f"{counts}:{between}a {topology.shape}"


def _draw(
    axes: Any,
    topology: FixedPointTopology,
    components: Plane,
    size: float,
    most: int,
    *,
    counts: bool = True,
) -> None:
    """Draw points and links in one panel, and name its axes and the stable points, if `most`."""
    places = in_plane(components, topology.states)
    unstable = np.asarray(topology.n_unstable)
    for number in np.unique(unstable[unstable > 0]):
        rows = np.flatnonzero(unstable == number)
        _draw_links(axes, topology, places, rows, index_color(int(number)))
    draw_fixed(axes, places, topology.stability, unstable, size=size, counts=counts)
    label_plane(axes, components)
    if axes.name == "3d":
        show(axes, places, components, apart=places)
    else:
        axes.margins(0.15)  # for the names
    stable = topology.attractor_rows[topology.attractor_rows >= 0]
    if len(stable) <= most:
        names = [str(topology.names[row]).replace("-", "−") for row in stable]
        label_outward(axes, on_paper(axes, places)[stable], names, size=size)


def _draw_links(
    axes: Axes, topology: FixedPointTopology, places: np.ndarray, rows: np.ndarray, color: str
) -> None:
    """Draw a line from each saddle to each stable point it leads to; gates are bold."""
    for row in rows:
        gate = topology.n_unstable[row] == 1
        for end in topology.attractor_rows[topology.links[row]]:
            width, alpha = (1.4, 1.0) if gate else (0.6, 0.4)
            axes.plot(*places[[row, end]].T, color=color, linewidth=width, alpha=alpha, zorder=3)
