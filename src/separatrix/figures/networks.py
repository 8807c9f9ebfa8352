"""How far networks are apart: the matrix of their distances, and a map."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from ..analysis.measures import Comparison
from .canvas import Width, new_figure, panels, whole
from .drawing import styled
from .legends import Place, legend_below
from .style import LIGHT_GRAY, cycle, equal_scales, ink, sequential

__all__ = ["comparison"]

MOST_NAMES = 24
"""So many networks have their names beside the matrix."""
MOST_GROUPS = 8
APART = 0.012
"""How far apart networks at one place are drawn, as a part of the map's extent."""


@styled
def comparison(
    found: Comparison,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the matrix of distances between networks, ordered by cluster, and a map of the networks.

    Networks with small distances lie close together on the map. There, colors show groups if there
    are two to eight, and clusters otherwise. Distances that are not known (NaN) are gray in the
    matrix. A network whose distances are not known may have no place on the map. The map then
    leaves it out.

    Parameters
    ----------
    found
        What `sx.compare` returned.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        Two panels: the matrix of distances on the left, the map on the right.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> states = np.random.default_rng(0).normal(size=(3, 4, 20, 5))
    >>> known = {name: sx.measures.Dynamics(states=each) for name, each in zip("abc", states)}
    >>> figure = sx.figures.comparison(sx.compare(known, "procrustes"))
    >>> figure.axes[0].get_xlabel()
    '3 networks, by cluster'
    """
    figure = new_figure(7.4, 3.6, figure, width)
    matrix, places = panels(figure, 2)
    _matrix(matrix, found)
    _map(places, found)
    legend_below(figure, places, legend=legend)
    return whole(figure)


def _matrix(axes: Axes, found: Comparison) -> None:
    clusters = np.asarray(found.cluster)
    order = np.argsort(np.where(clusters < 0, clusters.max() + 1, clusters), kind="stable")
    colors = sequential().with_extremes(bad=LIGHT_GRAY)
    distances = np.asarray(found.distances, float)[np.ix_(order, order)]
    largest = float(np.nan_to_num(distances).max(initial=0.0)) or 1.0
    image = axes.imshow(distances, cmap=colors, vmin=0, vmax=largest, interpolation="nearest")
    axes.figure.colorbar(image, ax=axes, label=f"distance: {found.measure}", shrink=0.8)
    for edge in np.flatnonzero(np.diff(clusters[order])) + 0.5:
        axes.axhline(edge, color=ink(), linewidth=0.8)
        axes.axvline(edge, color=ink(), linewidth=0.8)
    names = np.asarray(found.names)[order].tolist() if len(found) <= MOST_NAMES else []
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks([])
    axes.set_xlabel(f"{len(found)} networks, by cluster")


def _map(axes: Axes, found: Comparison) -> None:
    places = np.asarray(found.coordinates, float)
    known = places[~np.isnan(places).any(1)]
    extent = float(np.ptp(known, axis=0).max()) if len(known) else 0.0
    places = _spread(places, extent or 2.0)
    groups, labels = np.asarray(found.group), list(map(str, found.groups))
    if not 1 < len(labels) <= MOST_GROUPS:
        clusters = np.asarray(found.cluster)
        groups = np.array(["unknown" if c < 0 else f"cluster {c + 1}" for c in clusters])
        labels = [f"cluster {c + 1}" for c in range(min(clusters.max() + 1, MOST_GROUPS))]
    for number, label in enumerate(labels):
        here = places[groups == label]
        axes.plot(*here.T, "o", color=cycle(number), markersize=4, alpha=0.7, label=label)
    rest = places[~np.isin(groups, labels)]
    axes.plot(*rest.T, "o", color=LIGHT_GRAY, markersize=4)
    equal_scales(axes, known if extent else np.array([[-1.0, -1.0], [1.0, 1.0]]))
    axes.set_xlabel("first axis of the map")
    axes.set_ylabel("second axis of the map")


def _spread(places: np.ndarray, extent: float) -> np.ndarray:
    """Move networks at one place a little apart, in a spiral."""
    moved, seen = places.copy(), dict[tuple[float, ...], int]()
    for row, place in enumerate(map(tuple, np.round(places / extent, 6))):
        number = seen[place] = seen.get(place, -1) + 1
        turn = 2.4 * number
        step = APART * extent * np.sqrt(number)
        moved[row] += step * np.array([np.cos(turn), np.sin(turn)])
    return moved
