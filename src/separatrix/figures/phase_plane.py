"""The plane of a system of two units: where states go, and where they rest."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._double import double_precision
from .._types import Array, InvalidInputError, real_array
from ..activity import Activity
from ..analysis import FixedPoints
from ..systems import AbstractSystem, DiscreteMap, Flow
from .canvas import Width, is_small, one_panel, whole
from .drawing import styled
from .legends import Place, legend_below
from .points import draw_points, states_of
from .space import States, as_activity
from .state_space import trajectories
from .style import GRAY, GREEN, PURPLE, SKY

__all__ = ["phase_portrait"]

Limits = tuple[tuple[float, float], tuple[float, float]]

FINE, COARSE = 160, 21
"""States along each axis, at which nullclines are looked for and arrows are drawn."""

NULLCLINES = (GREEN, PURPLE)
"""Colors of where the first unit, and the second, does not change."""

ROOT = 1 / 3
"""Power of the speed that the length of an arrow tells, so that slow ones are seen, too."""


@styled
def phase_portrait(
    system: DiscreteMap | Flow,
    points: FixedPoints | Array | None = None,
    states: States | None = None,
    *,
    limits: Limits | None = None,
    field: Literal["streamlines", "arrows", False] | None = None,
    names: tuple[str, str] = ("unit 1", "unit 2"),
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the motion of a system of two units: vector field, nullclines, points and trajectories.

    On the nullcline of a unit, this unit does not change. The nullclines cross at the fixed points.

    Parameters
    ----------
    system
        A `DiscreteMap` or a `Flow` of two units.
    points
        What `sx.find_fixed_points` returned, or plain states `(point, 2)`.
    states
        Trajectories `(trial, time, 2)`, or states `(n, 2)`.
    limits
        The limits ((low, high), (low, high)) of the two units. None means limits that contain the
        points and the states. If neither is given, or all are the same, the limits are those of the
        system's domain.
    field
        "streamlines", "arrows" or False (no vector field). An arrow has the direction of the step
        of a map, or of the velocity of a flow, and is longer where this is larger. None means
        streamlines for a flow and arrows for a map.
    names
        The labels of the axes.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel.

    Raises
    ------
    InvalidInputError
        If the system does not have two units, if `field` has another value, or if there is nothing
        from which to take limits.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=2)
    >>> states = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    >>> points = sx.find_fixed_points(system, states)
    >>> figure = sx.figures.phase_portrait(system, points, names=("left", "right"))
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('left', 'right')
    """
    _require_two_units(system)
    figure, axes = one_panel(5.6, 4.6, ax, width)
    shown = None if states is None else trajectories(as_activity(states), None)
    places = np.zeros((0, 2)) if points is None else states_of(points)
    if places.shape[1] != 2:
        raise InvalidInputError(f"points must have shape (point, 2), got {places.shape}.")
    across, up = _limits(system, places, shown, limits)
    if field is not False:
        is_flow = system.kind == "flow"
        lines = field == "streamlines" or (field is None and is_flow)
        (_draw_lines if lines else _draw_arrows)(axes, system, across, up)
    _draw_nullclines(axes, system, across, up, names)
    if shown is not None:
        _draw_states(axes, shown, states)
    if points is not None:
        draw_points(axes, points, None, brief=ax is not None and is_small(ax))
    axes.set(xlim=across, ylim=up, xlabel=names[0], ylabel=names[1])
    legend_below(figure, axes, columns=2, ax=ax, legend=legend)
    return whole(figure)


def _require_two_units(system: AbstractSystem) -> None:
    if system.size != 2:
        raise InvalidInputError(
            f"a phase portrait needs a system of 2 units, got {system.size} units. For more units, "
            "draw sx.figures.fixed_points along the axes of sx.project. For a low-rank network of "
            "rank 2, give network.latent_at_input(u)."
        )


def _limits(
    system: AbstractSystem, points: np.ndarray, shown: np.ndarray | None, limits: Limits | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return from where to where each unit is drawn."""
    if limits is None:
        seen = np.concatenate([points, np.zeros((0, 2)) if shown is None else shown.reshape(-1, 2)])
        seen = seen[np.isfinite(seen).all(1)]
        if len(seen) > 1 and (np.ptp(seen, axis=0) > 0).any():
            low, high = seen.min(0), seen.max(0)
            margin = np.maximum(0.15 * (high - low), 0.05 * (high - low).max())
            low, high = low - margin, high + margin
        elif system.domain is not None:
            low, high = (np.broadcast_to(np.asarray(end, float), 2) for end in system.domain)
        else:
            low = high = np.full(2, np.nan)
    else:
        ends = real_array(limits, "limits")
        low, high = ends.T if ends.shape == (2, 2) else np.full((2, 2), np.nan)
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
        raise InvalidInputError(
            "say what to show: limits=((low, high), (low, high)) for the two units, or points or "
            f"states that are not all the same; got limits={limits!r:.60}."
        )
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def _grid(
    system: AbstractSystem, across: tuple[float, float], up: tuple[float, float], count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places along both axes, and the velocity at each `(up, across, unit)`.

    Of a map that is how far a step leads. Where it is not finite it is NaN.
    """
    x, y = np.linspace(*across, count), np.linspace(*up, count)
    states = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    with double_precision():
        found = np.asarray(jax.vmap(system.velocity)(jnp.asarray(states)), float)
    found = np.where(np.isfinite(found), found, np.nan)
    return x, y, found.reshape(count, count, 2)


def _draw_lines(
    axes: Axes, system: AbstractSystem, across: tuple[float, float], up: tuple[float, float]
) -> None:
    x, y, velocity = _grid(system, across, up, 2 * COARSE)
    density = 0.6 if is_small(axes) else 1.0
    axes.streamplot(
        x, y, velocity[..., 0], velocity[..., 1], density=density, color=GRAY, linewidth=0.6,
        arrowsize=0.7, zorder=1,
    )  # fmt: skip


def _draw_arrows(
    axes: Axes, system: AbstractSystem, across: tuple[float, float], up: tuple[float, float]
) -> None:
    """Draw arrows no longer than the distance between two of them."""
    count = COARSE // 2 + 2 if is_small(axes) else COARSE
    x, y, velocity = _grid(system, across, up, count)
    part = velocity / [np.ptp(across), np.ptp(up)]  # as it is seen
    length = np.linalg.norm(part, axis=-1, keepdims=True)
    largest = np.nanmax(length, initial=0.0) or 1.0
    unit = part / np.where(length > 0, length, 1.0)
    arrow = unit * (length / largest) ** ROOT * [np.ptp(across), np.ptp(up)] / count
    axes.quiver(
        x, y, arrow[..., 0], arrow[..., 1], angles="xy", scale_units="xy", scale=1.0, color=GRAY,
        width=0.003, headwidth=4, zorder=1,
    )  # fmt: skip


def _draw_nullclines(
    axes: Axes,
    system: AbstractSystem,
    across: tuple[float, float],
    up: tuple[float, float],
    names: tuple[str, str],
) -> None:
    x, y, velocity = _grid(system, across, up, FINE)
    for k, (color, name) in enumerate(zip(NULLCLINES, names, strict=True)):
        part = velocity[..., k]
        if np.nanmin(part, initial=np.inf) < 0 < np.nanmax(part, initial=-np.inf):
            axes.contour(x, y, part, [0.0], colors=[color], linewidths=1.3, zorder=2)
            axes.plot([], [], color=color, linewidth=1.3, label=f"{name} does not change")


def _draw_states(axes: Axes, shown: np.ndarray, states: States | None) -> None:
    """Draw trajectories as lines, from a dot; states of no trials as dots."""
    if states is not None and not isinstance(states, Activity) and np.ndim(states) == 2:
        axes.plot(*shown[0].T, ".", color=SKY, markersize=3, zorder=2.5, label="states")
        return
    for k, path in enumerate(shown):
        label = f"trajectories ({len(shown)})" if k == 0 else None
        axes.plot(*path.T, color=SKY, linewidth=1.0, zorder=2.5, label=label)
        axes.plot(*path[:1].T, ".", color=SKY, markersize=5, zorder=2.5)
