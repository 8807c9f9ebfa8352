"""Integration by context: trials, slow states and selection vectors along targeted axes."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._types import InvalidInputError
from ..analysis import InputGating, TargetedAverages
from .style import (
    BLUE,
    GREY,
    INK,
    PURPLE,
    SIGNED,
    VERMILLION,
    legend_below,
    new_figure,
    signed,
    styled,
)

SOURCE_COLOURS = (BLUE, VERMILLION, PURPLE)
ARROWS = 5
"""Selection vectors that are drawn along the line."""


@styled
def context_gating(contexts: Mapping[str, tuple[InputGating, TargetedAverages]]) -> Figure:
    """Draw, for each context, the trials along the axes of its inputs, and what is selected.

    One row for each context, by name. For each input: mean trajectories by its signed strength in
    the plane of the choice and of the input's own axis, over the slow states of the line, with the
    selection vector at some of them. Right: the overlap of the selection vectors with the inputs.
    """
    if not contexts:
        raise InvalidInputError("expected the gating and the averages of one context at least.")
    sources = max(len(gating.sources) for gating, _ in contexts.values())
    figure = new_figure(2.9 * (sources + 1), 0.7 + 2.7 * len(contexts))
    panels = figure.subplots(len(contexts), sources + 1, squeeze=False)
    for row, (name, (gating, averages)) in zip(panels, contexts.items(), strict=True):
        if averages.positions.shape[2] <= len(gating.sources):
            raise InvalidInputError(
                f"{name}: the averages need an axis of the choice and one for each input, "
                f"{len(gating.sources) + 1}; they have {averages.positions.shape[2]}."
            )
        for k in range(len(gating.sources)):
            _plane(row[k], gating, averages, k)
        row[0].set_ylabel(f"{name}\n\nalong {averages.names[1]}")
        _overlaps(row[-1], gating)
    legend_below(figure, panels[0, 0], panels[0, -1], columns=4)
    return figure


def _plane(axes: Axes, gating: InputGating, averages: TargetedAverages, source: int) -> None:
    """Draw the plane of the choice and of one input."""
    shown = averages.by(gating.sources[source])
    places = [0, source + 1]
    values = np.asarray(shown.value)
    strength = np.abs(values)
    ranks = np.sign(values) * np.searchsorted(np.unique(np.append(strength, 0)), strength)
    span = max(1, float(np.abs(ranks).max(initial=0)))
    for value, rank, path in zip(values, ranks, np.asarray(shown.positions), strict=True):
        label = {span: "most for choice 1", -span: "most for choice 2"}.get(float(rank))
        axes.plot(
            *path[:, places].T,
            color=SIGNED(0.5 + 0.5 * rank / span),
            linewidth=1.3,
            marker=".",
            markersize=3,
            label=label and f"input {label}",
        )
        axes.annotate(signed(float(value)), path[-1, places], fontsize=6, color=GREY)
    _limits(axes, np.asarray(averages.positions)[..., places])
    _line(axes, gating, averages, places)
    counts = source == gating.relevant
    axes.set_title(
        f"by {gating.sources[source]}, {'which counts' if counts else 'to be ignored'}",
        fontweight="bold" if counts else "normal",
    )
    axes.set_xlabel("along the choice")
    axes.set_ylabel(f"along {averages.names[places[1]]}")


def _limits(axes: Axes, positions: np.ndarray) -> None:
    """Show all trajectories, of whatever label: slow states may lie far beyond them."""
    low, high = positions.min((0, 1)), positions.max((0, 1))
    margin = 0.15 * np.maximum(high - low, np.finfo(float).tiny)
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])


def _line(axes: Axes, gating: InputGating, averages: TargetedAverages, places: list[int]) -> None:
    """Draw the slow states, and at some of them the part of the selection vector in this plane.

    The arrows have one scale for both of their parts, and for all panels, unlike the axes.
    """
    line = averages.project(gating.states)[:, places]
    axes.plot(*line.T, "x", color=INK, markersize=3.5, label="slow states", zorder=3)
    left = np.asarray(gating.selection).real
    length = np.linalg.norm(left, axis=1, keepdims=True)
    unit = averages.project_direction(left / np.where(length > 0, length, 1))[:, places]
    low, high = np.transpose([axes.get_xlim(), axes.get_ylim()])
    reach = np.array([0.75, 1.0]) * (high - low)  # leaves room for the arrows, which point right
    inside = np.flatnonzero(((line > low) & (line < low + reach)).all(1))
    if not len(inside):
        return
    chosen = inside[np.unique(np.linspace(0, len(inside) - 1, ARROWS).round().astype(int))]
    axes.quiver(
        *line[chosen].T,
        *unit[chosen].T,
        angles="uv",
        scale_units="width",
        scale=3.5,
        color=PURPLE,
        width=0.009,
        zorder=4,
    )
    axes.plot([], [], color=PURPLE, linewidth=2.5, label="selection vector")


def _overlaps(axes: Axes, gating: InputGating) -> None:
    """Draw the overlap of the selection vector with each input along the line."""
    overlap = np.asarray(gating.overlap)
    positions = np.asarray(gating.positions)
    known = np.isfinite(positions).all()
    for k, name in enumerate(gating.sources):
        axes.plot(
            positions if known else np.arange(len(overlap)),
            overlap[:, k],
            marker="o",
            markersize=3,
            linewidth=1,
            color=SOURCE_COLOURS[k % len(SOURCE_COLOURS)],
            label=f"overlap with {name}",
        )
    axes.axhline(gating.chance_overlap, color=GREY, linestyle=":", label="random directions")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("readout of the choice" if known else "point")
    axes.set_ylabel("|cos|, selection vector and input")
    ratio = gating.median_ratio
    axes.set_title("median ratio " + (f"{ratio:.3g}" if np.isfinite(ratio) else "not known"))
