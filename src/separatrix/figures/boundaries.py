"""Boundaries between basins, the graph of fixed points, and when trajectories are committed."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..activity import Activity, PrincipalComponents
from ..analysis import Basins, Commitment, FixedPointGraph, Separatrix
from .points import FIXED_MARKERS
from .state_space import draw_background, in_plane
from .style import (
    BLUE,
    GREY,
    INK,
    VERMILLION,
    choice_colour,
    equal_scales,
    legend_below,
    new_figure,
    styled,
)


@styled
def fixed_point_graph(
    graph: FixedPointGraph,
    activity: Activity,
    components: PrincipalComponents,
    boundary: Separatrix | None = None,
) -> Figure:
    """Draw fixed points, the arms that leave the saddles, and points of the boundary, if given."""
    figure = new_figure(6.2, 5.0)
    axes = figure.subplots()
    plane = draw_background(axes, activity, components)
    places = in_plane(components, graph.states)
    seen = [plane.reshape(-1, 2), places]
    for path, target in zip(graph.paths, graph.target, strict=True):
        line = in_plane(components, path)
        ends = target >= 0
        label = "path to a stable point" if ends else "path that ends at none"
        look: dict[str, Any] = {
            "linestyle": "-" if ends else ":",
            "linewidth": 1.5 if ends else 0.7,
        }
        axes.plot(*line.T, color=BLUE, label=label, zorder=3, **look)
        seen.append(line[:1])
    if boundary is not None and len(boundary):
        at = in_plane(components, boundary.states)
        axes.plot(*at.T, "x", color=VERMILLION, markersize=5, label="boundary of basins")
        seen.append(at)
    stability = np.asarray(graph.stability)
    for name, marker in FIXED_MARKERS.items():
        here = places[stability == name]
        if len(here):
            shape: dict[str, Any] = {
                "color": INK,
                "markersize": 8,
                "markerfacecoloralt": "white",
                "zorder": 4,
            }
            label = f"fixed, {name} ({len(here)})"
            axes.plot(*here.T, linestyle="", label=label, **shape, **marker)
    equal_scales(axes, np.concatenate(seen))
    legend_below(figure, axes, columns=3)
    return figure


@styled
def commitment(made: Commitment, *, num_trials: int = 60) -> Figure:
    """Draw signed distances to the boundary over time, and the times of decision."""
    figure = new_figure(6.4, 5.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    times = (np.arange(made.reached.shape[1]) + 1) * made.dt
    above.axhline(0, color=VERMILLION, linewidth=1, label="boundary")
    places = np.unique(np.asarray(made.choice)[np.asarray(made.choice) >= 0])
    shown = np.unique(np.linspace(0, len(made) - 1, num_trials).astype(int))
    for trial in shown:
        choice = int(made.choice[trial])
        if choice >= 0:
            colour = choice_colour(1 + int(np.searchsorted(places, choice)))
            label = f"ends at point {choice}"
            above.plot(times, made.distance[trial], color=colour, linewidth=0.8, label=label)
    above.set_ylabel("distance to the boundary")
    decided = np.asarray(made.decision_time)
    decided = decided[np.isfinite(decided)]
    edges = np.append(times, times[-1] + made.dt) - made.dt / 2
    below.stairs(np.histogram(decided, edges)[0], edges, fill=True, color=GREY)
    below.set_ylabel("decisions")
    below.set_xlabel("time of decision (ms)")
    legend_below(figure, above, columns=4)
    return figure


@styled
def basins(record: Basins) -> Figure:
    """Draw the fraction of sampled states that each attractor gets, with its interval."""
    figure = new_figure(5.2, 3.2)
    axes = figure.subplots()
    place = np.arange(len(record))
    low = np.asarray(record.fraction) - np.asarray(record.low)
    high = np.asarray(record.high) - np.asarray(record.fraction)
    axes.errorbar(
        place, record.fraction, yerr=np.maximum([low, high], 0), fmt="o", color=INK, capsize=3
    )
    axes.set_xticks(place, [str(int(k)) for k in record.attractor])
    axes.set_xlim(-0.5, len(record) - 0.5)
    axes.set_ylim(0, 1)
    axes.set_xlabel("attractor (place among the points)")
    axes.set_ylabel(f"fraction of {len(record.states)} states")
    axes.set_title(f"not settled: {record.unsettled} of the states", color=GREY)
    return figure
