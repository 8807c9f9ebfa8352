"""Which units take part in which tasks."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import MaxNLocator

from ...figures.canvas import Width, new_figure, whole
from ...figures.drawing import styled
from ...figures.style import GRAY, VERMILLION, ink, sequential
from ..clusters import TaskVariance

__all__ = ["task_variance"]


@styled
def task_variance(
    found: TaskVariance,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
) -> Figure:
    """Draw the normalized task variance of every active unit in every task, sorted by cluster.

    A second panel shows the mean silhouette against the number of clusters.

    Parameters
    ----------
    found
        What `sx.classics.task_variance` returned.
    figure, width
        As in `sx.figures`.

    Returns
    -------
    Figure
        Two panels: the variance at the top, the silhouette at the bottom.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> units = np.random.default_rng(0).random((4, 20)) + np.eye(4).repeat(5, 1)
    >>> variances = dict(zip(["go", "anti", "dm1", "dm2"], units))
    >>> figure = sx.figures.task_variance(sx.classics.task_variance(variances, restarts=1))
    >>> [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    ['go', 'anti', 'dm1', 'dm2']
    """
    height = 1.6 + 0.17 * len(found.tasks)
    figure = new_figure(7.4, height + 1.9, figure, width, least_share=1.0)
    above, below = figure.subplots(2, 1, height_ratios=(height, 1.5))
    _heat_map(above, found)
    _silhouettes(below, found)
    return whole(figure)


def _heat_map(axes: Axes, found: TaskVariance) -> None:
    rows = np.asarray(found.normalized, float)
    count, tasks = rows.shape
    image = axes.imshow(
        rows.T,
        cmap=sequential(),
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        extent=(0, max(count, 1), tasks, 0),
    )
    axes.figure.colorbar(image, ax=axes, label="normalized task variance", pad=0.02)
    axes.set_yticks(np.arange(tasks) + 0.5, found.tasks)
    axes.tick_params(length=0)
    clusters = np.asarray(found.cluster)
    first = np.flatnonzero(np.diff(clusters, prepend=-1))
    stop = np.append(first[1:], count)
    axes.vlines(first[1:], 0, tasks, color="white", linewidth=1.0)
    # Two grays in turn: the numbers tell the clusters, and colors would come round again.
    bars: dict[str, Any] = {"colors": [ink(), GRAY], "linewidth": 5, "clip_on": False}
    axes.hlines(np.full(len(first), tasks + 0.35), first, stop, **bars)
    # numbers of narrow clusters would run into one another
    names = np.where(stop - first >= 0.025 * count, clusters[first] + 1, "")
    axes.set_xticks((first + stop) / 2, names.tolist())
    axes.tick_params(axis="x", pad=12)
    axes.set_xlim(0, max(count, 1))
    axes.set_ylim(tasks, 0)
    axes.set_xlabel("cluster of units")
    axes.set_title(f"{count} active units of {len(found)}, {found.best_num_clusters} clusters")


def _silhouettes(axes: Axes, found: TaskVariance) -> None:
    numbers, scores = np.asarray(found.num_clusters), np.asarray(found.silhouette, float)
    axes.plot(numbers, scores, "o-", color=ink(), markersize=3)
    if len(scores):
        best = scores.argmax()
        axes.plot(numbers[best], scores[best], "o", color=VERMILLION, markersize=6)
        axes.axvline(numbers[best], color=GRAY, linewidth=0.6, linestyle=":")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("number of clusters")
    axes.set_ylabel("silhouette")
