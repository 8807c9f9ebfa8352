"""Activity in the plane of its first two principal components."""

import numpy as np
from jaxtyping import Shaped
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure, FigureBase

from .._types import Array, InvalidInputError
from ..activity import Activity, PrincipalComponents
from .canvas import (
    LETTERING,
    NARROWEST,
    Width,
    grow,
    height_of,
    inches_across,
    new_figure,
    one_panel,
    whole,
)
from .legends import BESIDE, legend_below, legend_of
from .style import (
    GREY,
    SIGNED,
    choice_colour,
    choice_name,
    equal_scales,
    ink,
    paper,
    sequential,
    signed,
    styled,
)

CROWDED = "#B4B4B4"
"""The grey of many trajectories on top of one another."""


@styled
def activity(
    activity: Activity,
    components: PrincipalComponents,
    *,
    num_trials: int = 8,
    by_choice: bool = True,
    figure: FigureBase | None = None,
    width: Width = None,
) -> Figure:
    """Draw the states of all trials by time, and a few trials of each answer as trajectories.

    Without `by_choice`, for outputs that follow values and do not compete: the first trials.
    """
    figure = new_figure(8.6, 4.3, figure, width)
    if inches_across(figure) / 2 >= NARROWEST:
        (left, right), (bar, below) = figure.subplots(2, 2, height_ratios=(1, 0.035))
    else:
        grow(figure, height_of(figure) - LETTERING / 2)
        left, bar, right, below = figure.subplots(4, 1, height_ratios=(1, 0.035, 1, 0.035))
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
    figure.colorbar(points, cax=bar, label="time in the trial (ms)", orientation="horizontal")
    left.set_title(f"all {len(plane)} trials")
    choice = np.asarray(activity.choice) if by_choice else np.ones(len(plane), int)
    shown = [i for c in np.unique(choice) for i in np.flatnonzero(choice == c)[:num_trials]]
    for trial in shown:
        c = int(choice[trial])
        label = choice_name(c) if by_choice else None
        right.plot(*plane[trial].T, color=choice_colour(c), linewidth=0.9, label=label)
        end = np.flatnonzero(inside[trial])[-1]
        right.plot(*plane[trial, end], "o", color=choice_colour(c), markersize=4)
    right.plot(*plane[shown, 0].T, "s", color=ink(), markersize=3, zorder=3, label="first step")
    right.plot([], [], "o", color=GREY, markersize=4, label="last step")
    right.set_title(f"{len(shown)} trials" + (" by the network's choice" if by_choice else ""))
    for axes in (left, right):
        label_plane(axes, components)
        equal_scales(axes, plane[inside])
    below.axis("off")
    below.legend(*_distinct(right), loc="upper center", ncols=2)
    return whole(figure)


@styled
def condition_averages(
    activity: Activity,
    components: PrincipalComponents,
    labels: Shaped[Array, " trial"],
    *,
    label_name: str = "signed coherence (%)",
    ax: Axes | None = None,
    width: Width = None,
) -> Figure:
    """Draw the mean trajectory of each condition; `labels` gives each trial's, a number.

    Where trials differ in length a trajectory ends with the longest of its condition.
    Colours diverge from zero: blue for positive labels (choice 1), orange for negative (choice 2).
    """
    figure, axes = one_panel(6.4, 4.4, ax, width)
    values, means = activity.average_over(np.asarray(labels))
    plane = in_plane(components, means)
    strength = np.abs(values)
    # the levels are powers of two: their ranks spread over the colours, their values would not
    ranks = np.sign(values) * np.searchsorted(np.unique(np.append(strength, 0)), strength)
    span = max(1, np.abs(ranks).max())
    for value, rank, path in zip(values, ranks, plane, strict=True):
        colour = SIGNED(0.5 + 0.5 * rank / span)
        axes.plot(*path.T, color=colour, linewidth=1.8, label=signed(value))
        end = path[np.isfinite(path[:, 0])][-1]
        axes.plot(*end, "o", color=colour, markersize=6, markeredgecolor=paper())
    axes.plot(*plane[:, 0].T, "s", color=ink(), markersize=4, linestyle="", zorder=4)
    label_plane(axes, components)
    equal_scales(axes, plane[np.isfinite(plane[..., 0])])
    apart = ax is None and inches_across(figure) >= BESIDE
    if apart:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title=label_name)
    ends = {
        label: axes.plot([], [], marker, color=colour, label=label)[0]
        for marker, colour, label in (("s", ink(), "first step"), ("o", GREY, "last step"))
    }
    if apart:
        legend_of(figure, ends, columns=2)
    else:
        legend_below(figure, axes, inside=ax is not None, title=label_name)
    return whole(figure)


def in_plane(components: PrincipalComponents, states: Array) -> np.ndarray:
    """Return the first two coordinates of states `(…, unit)`; one component makes no plane."""
    if len(components) < 2:
        raise InvalidInputError(
            f"a picture of the state space needs 2 principal components, got {len(components)}."
        )
    return components.project(states)[..., :2]


def label_plane(axes: Axes, components: PrincipalComponents) -> None:
    """Name the axes with the share of the variance that each explains."""
    ratio = np.asarray(components.explained_variance_ratio)
    of = " of variance" if inches_across(axes.figure) >= BESIDE else ""
    axes.set_xlabel(f"PC 1 ({100 * ratio[0]:.0f} %{of})")
    axes.set_ylabel(f"PC 2 ({100 * ratio[1]:.0f} %{of})")


def trajectories(activity: Activity, components: PrincipalComponents) -> np.ndarray:
    """Return the trials in the plane, `(trial, time, 2)`; NaN after the end of a trial."""
    plane = in_plane(components, activity.states)
    if activity.inside is not None:
        plane[~np.asarray(activity.inside)] = np.nan
    return plane


def draw_background(axes: Axes, activity: Activity, components: PrincipalComponents) -> np.ndarray:
    """Draw all trajectories in grey and return their states in the plane, `(sample, 2)`."""
    plane = trajectories(activity, components)
    # see-through: darker where trajectories crowd, and never as dark as the points above them
    colour = to_rgba(CROWDED, min(1.0, max(0.3, 30 / max(len(plane), 1))))
    lines = LineCollection(list(plane), colors=[colour], linewidths=0.5, zorder=1)
    axes.add_collection(lines)
    axes.plot([], [], color=CROWDED, label=f"activity ({len(plane)} trials)")
    label_plane(axes, components)
    return plane[np.isfinite(plane[..., 0])]


def _distinct(axes: Axes) -> tuple[list[Artist], list[str]]:
    """Return the labelled artists of a panel, the first of each label."""
    handles, labels = axes.get_legend_handles_labels()
    first = dict(zip(reversed(labels), reversed(handles), strict=True))
    names = list(dict.fromkeys(labels))
    return [first[name] for name in names], names
