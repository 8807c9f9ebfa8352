"""Boundaries between basins, the graph of fixed points, and when trajectories are committed."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from .._checked import Count
from ..analysis import Basins, Commitment, FixedPointGraph, Separatrix
from .canvas import Width, new_figure, one_panel, whole
from .drawing import error_bars, styled
from .legends import Place, legend_below
from .point_looks import classes_of, draw_fixed, index_color
from .space import Plane, States, dimensions, for_axes, in_plane
from .state_space import draw_background
from .style import BOUNDARY, GRAY, choice_color, ink
from .view import limit_view, number_outside, point_outside, say_what_is_outside

__all__ = ["basins", "commitment", "fixed_point_graph"]

ENDS: dict[str, Any] = {"linestyle": "-", "linewidth": 1.2, "label": "path to a stable point"}
ENDS_NOWHERE: dict[str, Any] = {
    "linestyle": ":",
    "linewidth": 0.7,
    "label": "path that ends at none",
}


@styled
def fixed_point_graph(
    graph: FixedPointGraph,
    activity: States,
    components: Plane = None,
    boundary: Separatrix | None = None,
    *,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw fixed points, the paths that leave unstable points, and the boundary between basins.

    Each path has the color of the fixed point that it leaves. Fixed points that lie far from the
    activity are left out, and the title counts them. In a plane, an arrow points to each of them,
    and if there are at most six, the legend says where they are.

    Parameters
    ----------
    graph
        What `sx.fixed_point_graph` returned.
    activity
        An `Activity`, or states, to draw in the background.
    components
        The axes of the drawing, such as `sx.project(states)[1]`. None means the units themselves.
        With more than three units, give components or `ax`, for which `sx.project` finds
        components.
    boundary
        What `sx.separatrix` returned: points on the boundary between basins. None draws no
        boundary.
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
    >>> graph = sx.fixed_point_graph(system, points)
    >>> figure = sx.figures.fixed_point_graph(graph, states)
    >>> figure.axes[0].get_xlabel()
    'unit 1'
    """
    components = for_axes(components, activity, ax)
    figure, axes = one_panel(6.2, 5.0, ax, width, dimensions(components, activity))
    plane = draw_background(axes, activity, components)
    places = in_plane(components, graph.states)
    at = in_plane(components, graph.states[:0] if boundary is None else boundary.states)
    lines = in_plane(components, graph.paths)
    _draw_paths(axes, graph, lines)
    if len(at):
        axes.plot(*at.T, "x", color=BOUNDARY, markersize=5, label="boundary of basins")
    draw_fixed(axes, places, graph.stability, graph.n_unstable)
    seen = limit_view(axes, plane, np.concatenate([places, at]), components)
    inside, near = np.split(seen, [len(places)])
    say_what_is_outside(
        axes,
        point=int((~inside).sum()),
        path=number_outside(axes, lines),
        boundary_point=int((~near).sum()),
    )
    signs = [sign for sign, seen in zip(_signs(graph), inside, strict=True) if not seen]
    point_outside(axes, places[~inside], signs)
    legend_below(figure, axes, columns=3, ax=ax, legend=legend)
    return whole(figure)


def _draw_paths(
    axes: Axes, graph: FixedPointGraph, lines: Float[np.ndarray, "edge sample axis"]
) -> None:
    """Draw paths in the colors of the points that they leave, by how they end."""
    colors = _colors_of_paths(graph)
    neutral = colors[0] if len(set(colors)) == 1 else ink()  # in the legend
    for line, target, color in zip(lines, graph.target, colors, strict=True):
        look = ENDS if target >= 0 else ENDS_NOWHERE
        axes.plot([], [], color=neutral, **look)
        axes.plot(*line.T, zorder=3, **{**look, "color": color, "label": None})


def _signs(graph: FixedPointGraph) -> list[tuple[str, str]]:
    """Return what each fixed point is called where it is pointed to, and its color."""
    colors = np.full(len(graph.states), GRAY, dtype=object)
    for those in classes_of(graph.stability, graph.n_unstable):
        colors[those.rows] = those.color
    return [(f"point {place}", c) for place, c in zip(graph.places, colors, strict=True)]


def _colors_of_paths(graph: FixedPointGraph) -> list[str]:
    """Return the color of each path, that of the point which it leaves."""
    numbers = np.full(len(graph.states), -1)
    if graph.n_unstable is not None:
        numbers = np.asarray(graph.n_unstable)
    rows = {int(place): row for row, place in enumerate(np.asarray(graph.places))}
    gates = set(np.asarray(graph.saddles).tolist())  # told of older records, too
    return [
        index_color(1 if place in gates else int(numbers[rows[place]]))
        for place in np.asarray(graph.source).tolist()
    ]


@styled
def commitment(
    made: Commitment,
    *,
    num_trials: Count = 60,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the signed distances of states to the boundary over time, and the decision times.

    Parameters
    ----------
    made
        What `sx.commitment` returned.
    num_trials
        The maximum number of trials in the upper panel. They are chosen at equal intervals among
        all trials, and those that end at no attractor are not drawn. The lower panel counts all
        trials with a decision time.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        Two panels: the distances of some trials to the boundary at the top, and a histogram of all
        decision times at the bottom. Times are in ms, or in steps if a step of the map is the unit
        of time.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> pair = sx.Flow(lambda x: x - x**3, size=1, tau=20.0)
    >>> points = sx.find_fixed_points(pair, np.linspace(-1, 1, 9)[:, None])
    >>> walks = np.linspace([0.1, -0.1], [0.9, -0.9], 10).T[:, :, None]       # (trial, time, unit)
    >>> figure = sx.figures.commitment(sx.commitment(pair, walks, points, dt=20.0))
    >>> figure.axes[0].get_ylabel(), figure.axes[1].get_xlabel()
    ('distance to the boundary', 'time of decision (ms)')
    """
    figure = new_figure(6.4, 5.0, figure, width)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    times = (np.arange(made.reached.shape[1]) + 1) * made.dt
    above.axhline(0, color=BOUNDARY, linewidth=1, label="boundary")
    places = np.unique(np.asarray(made.choice)[np.asarray(made.choice) >= 0])
    shown = np.unique(np.linspace(0, len(made) - 1, min(num_trials, len(made))).astype(int))
    for trial in shown:
        choice = int(made.choice[trial])
        if choice >= 0:
            color = choice_color(1 + int(np.searchsorted(places, choice)))
            label = f"ends at point {choice}"
            above.plot(times, made.distance[trial], color=color, linewidth=0.8, label=label)
    above.set_ylabel("distance to the boundary")
    decided = np.asarray(made.decision_time)
    decided = decided[np.isfinite(decided)]
    edges = np.append(times, times[-1] + made.dt) - made.dt / 2
    below.stairs(np.histogram(decided, edges)[0], edges, fill=True, color=GRAY)
    below.set_ylabel("decisions")
    below.set_xlabel(f"time of decision ({made.time_units})")
    legend_below(figure, above, columns=4, legend=legend)
    return whole(figure)


@styled
def basins(record: Basins, *, ax: Axes | None = None, width: Width = None) -> Figure:
    """Draw the fraction of sampled states that end at each attractor, with its interval.

    Parameters
    ----------
    record
        What `sx.basins` returned.
    ax, width
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel, with a dot for each attractor. The error bars are Wilson's intervals at the
        confidence level of `sx.basins`, 95 % by default.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=2)
    >>> states = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    >>> points = sx.find_fixed_points(system, states)
    >>> figure = sx.figures.basins(sx.basins(system, points, states))
    >>> figure.axes[0].get_ylabel()
    'fraction of 50 states'
    """
    figure, axes = one_panel(5.2, 3.2, ax, width)
    place = np.arange(len(record))
    bars = error_bars(*map(np.asarray, (record.fraction, record.low, record.high)))
    axes.errorbar(place, record.fraction, yerr=bars, fmt="o", color=ink(), capsize=3)
    axes.set_xticks(place, [str(int(k)) for k in record.attractor])
    axes.set_xlim(-0.5, len(record) - 0.5)
    axes.set_ylim(0, 1)
    axes.set_xlabel("attractor (place among the points)")
    axes.set_ylabel(f"fraction of {len(record.states)} states")
    axes.set_title(f"not settled: {record.unsettled} of the states", color=GRAY)
    return whole(figure)
