"""Labels that stand beside what they name, clear of one another."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation

from .style import letters, paper

LETTERS = 8.0
"""The size of labels in points."""


def halo() -> list[withStroke]:
    """Return a rim in the color of the paper, which keeps letters readable over lines."""
    return [withStroke(linewidth=2.0, foreground=paper())]


def label_beside(
    axes: Axes,
    places: Float[np.ndarray, "label 2"],
    names: Sequence[str],
    *,
    points: Float[np.ndarray, "point 2"],
    lines: Float[np.ndarray, "line 2 2"],
    size: float,
    within: bool = False,
) -> None:
    """Write names beside points of `size`, on the side where they cover least of what is drawn.

    All places are coordinates of the panel; lines are given by their two ends. What is written in
    the panel before stays clear, too. Names that are `within` do not leave the panel.
    """
    to_points = 72 / axes.figure.dpi  # positions are compared in points, as letters are measured
    share = np.linspace(0, 1, 25)[:, None, None]
    inked = (lines[:, 0] * (1 - share) + lines[:, 1] * share).reshape(-1, 2)
    marks, strokes, own = (
        axes.transData.transform(xy) * to_points for xy in (points, inked, places)
    )
    border = np.asarray(axes.bbox.get_points()) * to_points
    written = np.reshape([t.get_window_extent().get_points() for t in axes.texts], (-1, 2, 2))
    others = written.mean(1) * to_points, np.ptp(written, axis=1) * to_points / 2
    taken = np.empty((0, 2))
    for at, place, name in zip(own, places, names, strict=True):
        label = _label(axes, place, name)
        half = np.array([label.get_window_extent().width * to_points / 2, 0.5 * letters(LETTERS)])
        shifts = _shifts(half, size)
        hidden = 10 * _covered(at + shifts, marks, half + size / 2)
        hidden += _covered(at + shifts, strokes, half)
        hidden += 10 * _covered(at + shifts, taken, 2 * half)
        hidden += 10 * _covered(at + shifts, others[0], half + others[1])
        if within:
            hidden = np.where(_leaves(at + shifts, half, border), np.inf, hidden)
        away = shifts @ (at - marks.mean(0))  # where nothing decides, away from the middle
        best = shifts[np.lexsort((-away, hidden))[0]]
        taken = np.append(taken, [at + best], 0)
        label.xyann = tuple(best)


def _label(axes: Axes, place: Float[np.ndarray, " 2"], name: str) -> Annotation:
    """Write a name on its place, to be moved from there."""
    label = axes.annotate(
        name,
        tuple(place),
        xytext=(0.0, 0.0),
        textcoords="offset points",
        horizontalalignment="center",
        verticalalignment="center",
        fontsize=letters(LETTERS),
        path_effects=halo(),
        zorder=5,
        annotation_clip=False,
    )
    label.set_in_layout(False)
    return label


def _shifts(half: Float[np.ndarray, " 2"], size: float) -> Float[np.ndarray, "side 2"]:
    """Return where the middle of a label may be: on the rim of a box around the point."""
    angles = np.arange(16) * np.pi / 8
    sides = np.stack([np.cos(angles), np.sin(angles)], 1)
    return sides / np.abs(sides).max(1, keepdims=True) * (half + size / 2 + 1)


def _covered(
    middles: Float[np.ndarray, "side 2"],
    things: Float[np.ndarray, "thing 2"],
    reach: Float[np.ndarray, "*things 2"],
) -> Float[np.ndarray, " side"]:
    """Count the things within reach of a label, for each place that it may have."""
    apart = np.abs(middles[:, None] - things)
    return (apart < reach).all(2).sum(1).astype(float)


def _leaves(
    middles: Float[np.ndarray, "side 2"],
    half: Float[np.ndarray, " 2"],
    border: Float[np.ndarray, "corner 2"],
) -> Bool[np.ndarray, " side"]:
    """Mask places of a label that are not wholly inside a border, given by two corners."""
    return ((middles - half < border[0]) | (middles + half > border[1])).any(1)


def spread(places: Float[np.ndarray, " label"], gap: float) -> Float[np.ndarray, " label"]:
    """Return places in the same order, `gap` apart at least, as near to the given as can be.

    Neighbors that are too near are set out evenly around their mean (pooled until none are).
    """
    order = np.argsort(places, kind="stable")
    groups: list[tuple[float, int]] = []  # middle and number of labels
    for place in np.asarray(places, float)[order]:
        groups.append((float(place), 1))
        while len(groups) > 1 and _overlap(groups[-2], groups[-1], gap):
            (a, m), (b, n) = groups[-2:]
            groups[-2:] = [((a * m + b * n) / (m + n), m + n)]
    spaced = [middle + gap * (k - (n - 1) / 2) for middle, n in groups for k in range(n)]
    result = np.empty(len(order))
    result[order] = spaced
    return result


def _overlap(below: tuple[float, int], above: tuple[float, int], gap: float) -> bool:
    return above[0] - below[0] < gap * (below[1] + above[1]) / 2
