"""Fixed and slow points."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import MaxNLocator

from .._checked import SOME
from .._types import Array, InvalidInputError, counted, real_array
from ..analysis import FixedPoints
from .canvas import WIDE, Width, inches_across, is_small, new_figure, one_panel, panels, whole
from .drawing import styled
from .legends import Place, legend_below
from .point_looks import SIZE, SLOW_SIZE, SMALLEST, draw_fixed, draw_slow, slow_look
from .space import Plane, States, dimensions, for_axes, in_plane
from .state_space import draw_background
from .style import GRAY, GREEN, PAGE_WIDTH, cycle, ink, powers_of_ten
from .view import limit_view, say_what_is_outside

__all__ = ["compare_fixed_points", "fixed_points", "speeds", "tolerance"]


@styled
def fixed_points(
    points: FixedPoints | Array,
    activity: States,
    components: Plane = None,
    *,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw fixed points (by stability) and slow points (by speed) over the activity.

    Three components, or three units, are drawn in three dimensions, seen from the direction in
    which points lie farthest apart. If you pass `ax`, as many components are drawn as these axes
    have dimensions. If you pass `ax` without components, and there are more units than dimensions,
    the components of `sx.project` are drawn.

    Parameters
    ----------
    points
        What `sx.find_fixed_points` returned, or plain states `(point, unit)`, all of which are then
        drawn alike.
    activity
        An `Activity`, or states `(trial, time, unit)` or `(n, unit)`.
    components
        The axes of the drawing, such as `sx.project(states)[1]`. None means the units themselves.
        With more than three units, give components or `ax`, for which `sx.project` finds
        components.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel. Its title says how many points lie outside the view.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=2)
    >>> states = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    >>> points = sx.find_fixed_points(system, states)
    >>> figure = sx.figures.fixed_points(points, states)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['50 states', 'fixed, stable (4)', 'saddle, 1 unstable direction (4)', 'fixed, unstable (1)']
    """
    components = for_axes(components, activity, ax)
    figure, axes = one_panel(6.2, 5.0, ax, width, dimensions(components, activity))
    plane = draw_background(axes, activity, components)
    draw_points(axes, points, components, brief=ax is not None and is_small(ax))
    inside = limit_view(axes, plane, in_plane(components, states_of(points)), components)
    say_what_is_outside(axes, point=int((~inside).sum()))
    legend_below(figure, axes, columns=3, ax=ax, legend=legend)
    return whole(figure)


@styled
def compare_fixed_points(
    networks: Annotated[Mapping[str, tuple[FixedPoints | Array, States, Plane]], SOME],
    *,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the fixed points of several networks side by side, each over its own activity.

    Parameters
    ----------
    networks
        A dictionary from the name of each network to three things: its points, its activity, and
        the axes of the drawing (`components`) or None, as `sx.figures.fixed_points` takes them.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        A panel for each network.

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
    >>> figure = sx.figures.compare_fixed_points({"gain 2": (points, states, None)})
    >>> figure.axes[0].get_title()
    'gain 2: 9 fixed points'
    """
    figure = new_figure(PAGE_WIDTH * max(min(len(networks), 3), 2) / 3, 3.1, figure, width)
    spatial = [dimensions(plane, states) == 3 for _, states, plane in networks.values()]
    drawn = panels(figure, len(networks), spatial=spatial)
    for axes, (name, (points, activity, components)) in zip(drawn, networks.items(), strict=True):
        plane = draw_background(axes, activity, components)
        draw_points(axes, points, components, size=5.5, brief=True)
        places = in_plane(components, states_of(points))
        inside = limit_view(axes, plane, places, components, ratio=1.0)
        say_what_is_outside(axes, point=int((~inside).sum()))
        title = f"{name}: {_how_many(points)}\n{axes.get_title()}"
        axes.set_title(title.strip(), color=ink())
    legend_below(figure, *drawn, columns=3, legend=legend)
    return whole(figure)


def states_of(points: FixedPoints | Array) -> np.ndarray:
    """Return the states of points, which may be nothing else."""
    states = real_array(points.states if isinstance(points, FixedPoints) else points, "points")
    if states.ndim != 2:
        raise InvalidInputError(f"points must have shape (point, unit), got {states.shape}.")
    return states


def _how_many(points: FixedPoints | Array) -> str:
    if not isinstance(points, FixedPoints):
        return counted(len(points), "point")
    slow = int((np.asarray(points.kind) == "slow").sum())
    fixed = counted(len(points) - slow, "fixed point")
    return fixed + (f", {slow} slow" if slow else "")


@styled
def speeds(
    points: FixedPoints,
    *,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the speeds of all points in ascending order, and the speed that rounding can cause.

    Parameters
    ----------
    points
        What `sx.find_fixed_points` returned.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel: speeds per step or per time constant, on a logarithmic axis.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> ghost = sx.Flow(lambda x: (x - 1) * ((x + 1) ** 2 + 1e-4), size=1)
    >>> points = sx.find_fixed_points(ghost, np.linspace(-2, 2, 20)[:, None])
    >>> figure = sx.figures.speeds(points)
    >>> points.kind.tolist(), figure.axes[0].get_yscale()
    (['fixed', 'slow'], 'log')
    """
    figure, axes = one_panel(6.4, 3.4, ax, width, least_share=0.7)
    speed = np.asarray(points.speed, float)
    order = np.argsort(speed, kind="stable")
    level = _rounding_speed(points)
    floor = max(min([level, *speed[speed > 0]]) / 10, SMALLEST)  # where exact zeros are drawn
    rank, height = np.arange(1, len(speed) + 1), np.maximum(speed[order], floor)
    kind = np.asarray(points.kind)[order]
    for name, look in (("slow", slow_look()), ("fixed", {"marker": "o", "color": ink()})):
        here = kind == name
        label = f"{name} ({int(here.sum())})"
        axes.plot(rank[here], height[here], linestyle="", markersize=SLOW_SIZE, label=label, **look)
    axes.axhspan(floor / 10, level, color=GRAY, alpha=0.2, linewidth=0, label="rounding level")
    proved = np.asarray(points.certified)[order] & (kind == "fixed")
    if proved.any():
        label = f"proved to exist ({int(proved.sum())})"
        ring: dict[str, Any] = {
            "markersize": 9,
            "markerfacecolor": "none",
            "markeredgecolor": GREEN,
        }
        axes.plot(rank[proved], height[proved], "o", label=label, zorder=4, **ring)
    axes.set_yscale("log")
    powers_of_ten(axes.yaxis)
    axes.set_ylim(floor / 10, 3 * max([10 * level, *height[np.isfinite(height)]]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("points, by speed" if is_small(axes) else "point, in the order of speed")
    axes.set_ylabel(f"speed ({per_what(points)})")
    legend_below(figure, axes, ax=ax, legend=legend)
    return whole(figure)


@styled
def tolerance(
    points: FixedPoints,
    *,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw how many points would be called fixed, against the tolerance for q = ½ speed².

    Parameters
    ----------
    points
        What `sx.find_fixed_points` returned.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel, with the tolerances on a logarithmic axis.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> ghost = sx.Flow(lambda x: (x - 1) * ((x + 1) ** 2 + 1e-4), size=1)
    >>> points = sx.find_fixed_points(ghost, np.linspace(-2, 2, 20)[:, None])
    >>> figure = sx.figures.tolerance(points)
    >>> figure.axes[0].get_xscale()
    'log'
    """
    figure, axes = one_panel(6.4, 3.0, ax, width, least_share=0.9)
    curve = points.tolerance_curve()
    axes.step(curve.tolerance, curve.count, where="post", color=cycle(2), label="below a tolerance")
    fixed = int((np.asarray(points.kind) == "fixed").sum())
    axes.axhline(fixed, color=ink(), linestyle=":", label=f"fixed, to rounding ({fixed})")
    axes.set_xscale("log")
    powers_of_ten(axes.xaxis, 4 if is_small(axes) else 7)
    axes.set_xlim(float(curve.tolerance[0]), float(curve.tolerance[-1]))
    axes.set_ylim(-0.05 * max(len(points), 1), 1.1 * max(len(points), 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    gap = ", " if inches_across(figure) >= WIDE and not is_small(axes) else ",\n"
    axes.set_xlabel(f"tolerance on q = ½ speed²{gap}speed {per_what(points)}")
    axes.set_ylabel("number of points")
    legend_below(figure, axes, ax=ax, legend=legend)
    return whole(figure)


def per_what(points: FixedPoints) -> str:
    """Return the time in which a speed is the way covered."""
    return "per step" if points.system == "map" else "per time constant"


def _rounding_speed(points: FixedPoints) -> float:
    """Return the speed of a state whose every entry is off by the rounding level."""
    if not len(points):
        return float(np.finfo(float).eps)
    return float(np.median(points.rounding_level) * np.sqrt(points.states.shape[1]))


def draw_points(
    axes: Axes,
    points: FixedPoints | Array,
    components: Plane,
    *,
    size: float = SIZE,
    brief: bool = False,
) -> None:
    """Draw the points in the plane, slow ones below, each kind and stability labeled.

    In `brief`, for a small panel, there are no numbers of points, and no scale of their speeds.
    """
    plane = in_plane(components, states_of(points))
    if not isinstance(points, FixedPoints):
        label = f"points ({len(plane)})"
        axes.plot(*plane.T, "o", color=ink(), markersize=size, zorder=4, label=label)
        return
    slow = np.asarray(points.kind) == "slow"
    if slow.any():
        speed = np.asarray(points.speed, float)[slow]
        draw_slow(axes, plane[slow], speed, per_what(points), brief=brief)
    draw_fixed(
        axes,
        plane,
        points.stability,
        points.n_unstable,
        fixed=~slow,
        size=size,
        counts=not brief,
    )
