"""Activity in the plane of its first two principal components."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Shaped
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure, FigureBase
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from .._checked import Count
from .._types import Array, real_array
from ..activity import Activity
from .canvas import Width, new_figure, one_panel, panels, whole
from .drawing import styled
from .legends import Place, legend_below
from .space import Plane, States, as_activity, dimensions, for_axes, in_plane, label_plane, show
from .style import (
    GRAY,
    choice_color,
    choice_name,
    cycle,
    ink,
    paper,
    sequential,
    shades_of,
    signed,
)

__all__ = ["activity", "condition_averages"]

CROWDED = "#B4B4B4"
"""The gray of many trajectories on top of one another."""


@styled
def activity(
    activity: States,
    components: Plane = None,
    *,
    num_trials: Count = 8,
    by_choice: bool = True,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the states of all trials, colored by time, and trajectories of a few trials per choice.

    Three components, or three units without components, are drawn in three dimensions.

    Parameters
    ----------
    activity
        An `Activity`, or plain states `(trial, time, unit)`. States `(n, unit)` are one trajectory.
    components
        The two or three axes of the drawing, such as `activity.pca(2)`. None means the units
        themselves. A network of more than three units needs components.
    num_trials
        The maximum number of trajectories for each choice (of all, if they are not drawn by
        choice).
    by_choice
        Whether the right panel shows trajectories for each choice. The network's choice in a trial
        is the output that wins (`activity.choice`). If False, or if plain states are given, the
        right panel shows the first trials.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        Two panels: all states on the left, trajectories on the right.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 16, 3, dt=task.dt, key=jax.random.key(0))
    >>> activity = sx.simulate(net, task.trials(20, key=jax.random.key(1)))
    >>> figure = sx.figures.activity(activity, activity.pca(2))
    >>> figure.axes[0].get_title()
    'all 20 trials'
    """
    figure = new_figure(8.6, 4.3, figure, width)
    left, right = panels(figure, 2, spatial=2 * [dimensions(components, activity) == 3])
    chosen = activity.choice if isinstance(activity, Activity) else np.full(1, -1)
    by_choice = by_choice and bool((np.asarray(chosen) >= 0).any())
    time = (
        f"time in the trial ({activity.time_units})"
        if isinstance(activity, Activity)
        else "time step"
    )
    activity = as_activity(activity)
    plane = trajectories(activity, components)
    times = (np.arange(plane.shape[1]) + 1) * activity.dt
    inside = np.isfinite(plane[..., 0])
    points = left.scatter(
        *plane[inside].T,
        c=np.broadcast_to(times, inside.shape)[inside],
        s=5,
        cmap=sequential(),
        linewidths=0,
        rasterized=True,
    )
    figure.colorbar(points, ax=[left, right], label=time, location="bottom", aspect=40, shrink=0.6)
    left.set_title(f"all {len(plane)} trials")
    choice = np.asarray(activity.choice) if by_choice else np.ones(len(plane), int)
    shown = [i for c in np.unique(choice) for i in np.flatnonzero(choice == c)[:num_trials]]
    for trial in shown:
        c = int(choice[trial])
        label = choice_name(c) if by_choice else None
        right.plot(*plane[trial].T, color=choice_color(c), linewidth=0.9, label=label)
        end = np.flatnonzero(inside[trial])[-1]
        right.plot(*plane[trial, end], "o", color=choice_color(c), markersize=4)
    right.plot(*plane[shown, 0].T, "s", color=ink(), markersize=3, zorder=3, label="first step")
    right.plot([], [], "o", color=GRAY, markersize=4, label="last step")
    right.set_title(f"{len(shown)} trials" + (" by the network's choice" if by_choice else ""))
    for axes in (left, right):
        label_plane(axes, components)
        show(axes, plane[inside], components)
    legend_below(figure, right, legend=legend)
    return whole(figure)


@styled
def condition_averages(
    activity: States,
    components: Plane,
    labels: Shaped[Array, " trial"],
    *,
    label_name: str = "signed coherence (%)",
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the mean trajectory of all trials that have the same label, such as the same coherence.

    If trials differ in length, a mean trajectory ends with the longest trial of its label. Colors
    diverge from zero: blue for positive labels (choice 1), orange for negative labels (choice 2).

    Parameters
    ----------
    activity
        An `Activity`, or plain states `(trial, time, unit)`.
    components
        The axes of the drawing, such as `sx.project(states)[1]`. None means the units themselves.
        With more than three units, give components or `ax`, for which `sx.project` finds
        components.
    labels
        A number for each trial `(trial,)`, such as its signed coherence.
    label_name
        The name of the labels in the legend, with their units.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        A line for each value of the labels.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 16, 3, dt=task.dt, key=jax.random.key(0))
    >>> activity = sx.simulate(net, task.trials(50, key=jax.random.key(1)))
    >>> coherence = sx.tasks.signed_coherence(activity.conditions)
    >>> figure = sx.figures.condition_averages(activity, activity.pca(2), coherence)
    >>> figure.legends[0].get_title().get_text()
    'signed coherence (%)'
    """
    components = for_axes(components, activity, ax)
    figure, axes = one_panel(6.4, 4.4, ax, width, dimensions(components, activity))
    values, means = as_activity(activity).average_over(real_array(labels, "labels"))
    plane = in_plane(components, means)
    for value, color, path in zip(values, shades_of(values), plane, strict=True):
        axes.plot(*path.T, color=color, linewidth=1.8, label=signed(value))
        end = path[np.isfinite(path[:, 0])][-1]
        axes.plot(*end, "o", color=color, markersize=6, markeredgecolor=paper())
    axes.plot(*plane[:, 0].T, "s", color=ink(), markersize=4, zorder=4, label="first step")
    axes.plot([], [], "o", color=GRAY, label="last step")
    label_plane(axes, components)
    show(axes, plane[np.isfinite(plane[..., 0])], components)
    legend_below(figure, axes, columns=5, ax=ax, legend=legend, title=label_name)
    return whole(figure)


MOST_LABELS = 8
"""Of more numbers, those with ranks near each other are averaged together; of more texts, the first
are shown."""


@styled
def label_averages(
    activity: Activity, components: Plane, columns: Mapping[str, Shaped[Array, " trial"]]
) -> Figure:
    """Draw the mean trajectories of each column of labels in a panel of its own."""
    figure = new_figure(min(4.3 * len(columns), 40.0), 4.4, None, None)
    drawn = panels(figure, len(columns), len(columns))
    for axes, (name, column) in zip(drawn, columns.items(), strict=True):
        labels = np.asarray(column)
        known = np.flatnonzero(labels == labels)  # NaN is no label
        values, place = np.unique(labels[known], return_inverse=True)
        is_text = labels.dtype.kind == "U"
        if len(values) > MOST_LABELS and not is_text:
            place = place * MOST_LABELS // len(values)
        for k in np.unique(place)[:MOST_LABELS]:
            shown = np.unique(labels[known][place == k])
            text = (
                str(shown[0])
                if is_text
                else " to ".join(
                    dict.fromkeys(f"{v:g}" for v in (float(shown[0]), float(shown[-1])))
                )
            )
            path = in_plane(
                components,
                activity[known[place == k]].average_over(np.zeros((place == k).sum()))[1],
            )[0]
            color = cycle(k) if is_text else sequential()(k / max(1, place.max()))
            axes.plot(*path.T, color=color, label=_plain(text))
            axes.plot(*path[0], "s", color=ink(), markersize=3)
            axes.plot(*path[np.isfinite(path[:, 0])][-1], "o", color=color)
        label_plane(axes, components)
        axes.legend(title=_plain(name), fontsize="small")
    return whole(figure)


def trajectories(activity: Activity, components: Plane) -> np.ndarray:
    """Return the trials as they are drawn, `(trial, time, axis)`; NaN after the end of a trial."""
    plane = in_plane(components, activity.states)
    if activity.inside is not None:
        plane[~np.asarray(activity.inside)] = np.nan
    return plane


def draw_background(axes: Any, activity: States, components: Plane) -> np.ndarray:
    """Draw all trajectories in gray and return their states as they are drawn, `(sample, axis)`.

    States `(n, unit)` are of no trials: they are drawn as dots.
    """
    label_plane(axes, components)
    plane = trajectories(as_activity(activity), components)
    if not isinstance(activity, Activity) and np.ndim(activity) == 2:
        seen = plane[np.isfinite(plane[..., 0])]
        axes.plot(
            *seen.T, ".", color=CROWDED, markersize=2.0, zorder=1, label=f"{len(seen)} states"
        )
        return seen
    # see-through: darker where trajectories crowd, and never as dark as the points above them
    color = to_rgba(CROWDED, min(1.0, max(0.3, 30 / max(len(plane), 1))))
    kind = LineCollection if plane.shape[-1] == 2 else Line3DCollection
    axes.add_collection(kind(list(plane), colors=[color], linewidths=0.5, zorder=1))
    axes.plot([], [], color=CROWDED, label=f"activity ({len(plane)} trials)")
    return plane[np.isfinite(plane[..., 0])]


def _plain(text: str) -> str:
    """Return a text of a user's as it is shown: "$" begins no formula, "_" hides nothing."""
    return "\u200b" * text.startswith("_") + text.replace("$", r"\$")
