"""The linear dynamics near one point: its eigenvalues and its line attractor."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._types import Array, InvalidInputError, is_whole
from ..analysis import FixedPoints, Linearization
from .canvas import Width, is_small, one_panel, whole
from .drawing import styled
from .legends import Place, legend_below
from .mode_choice import describe_number, describe_time, integrating_mode
from .points import draw_points, states_of
from .space import Plane, States, dimensions, direction_in_plane, for_axes, in_plane
from .state_space import draw_background
from .style import GRAY, GREEN, PURPLE, cycle, equal_scales, ink
from .view import limit_view, point_outside, say_what_is_outside

__all__ = ["line_attractor", "spectrum"]

ZERO = 1e-9
"""An eigenvalue of this size is drawn at 0, and counted there."""


@styled
def spectrum(
    linearization: Linearization,
    index: int = 0,
    *,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the Jacobian's eigenvalues at one point, and the boundary of stability.

    The panel is the complex plane. The boundary is the unit circle for a map, and the imaginary
    axis for a flow. Two modes are marked with their time constants. The integrating mode has the
    eigenvalue nearest to μ = 1 (map) or to λ = 0 (flow). The leading mode has the largest |μ| or
    Re λ, and is marked if it is a different mode.

    Parameters
    ----------
    linearization
        What `sx.linearize` returned.
    index
        The index of the point in `linearization`.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel.

    Raises
    ------
    InvalidInputError
        If there is no point `index`.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=2)
    >>> states = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    >>> points = sx.find_fixed_points(system, states)
    >>> figure = sx.figures.spectrum(sx.linearize(system, points))
    >>> figure.axes[0].get_xlabel()
    'Re μ'
    """
    index = _checked(linearization, index)
    values = np.asarray(linearization.eigenvalues)[index]
    figure, axes = one_panel(5.4, 5.0, ax, width)
    axes.axhline(0, color=GRAY, linewidth=0.5)
    axes.axvline(0, color=GRAY, linewidth=0.5)
    _boundary(axes, linearization.system, values)
    axes.plot(
        values.real, values.imag, "o", color=cycle(0), markersize=4.5, label=_how_many(values)
    )
    integrating = integrating_mode(linearization, index)
    if np.isfinite(values).all():
        _mark(axes, linearization, index, integrating, "integrating", GREEN, 9)
        if values[0] not in (values[integrating], values[integrating].conj()):
            _mark(axes, linearization, index, 0, "leading", PURPLE, 13)
    symbol = "μ" if linearization.system == "map" else "λ τ"
    axes.set_xlabel(f"Re {symbol}")
    axes.set_ylabel(f"Im {symbol}")
    _limit_spectrum(axes, linearization.system, values)
    legend_below(figure, axes, columns=1, ax=ax, legend=legend, labelspacing=0.7)
    return whole(figure)


@styled
def line_attractor(
    points: FixedPoints | Array,
    linearization: Linearization,
    index: int,
    activity: States,
    components: Plane = None,
    *,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the integrating mode's right eigenvector through point `index` over the activity.

    The integrating mode is the mode whose eigenvalue is nearest to μ = 1 (map) or to λ = 0 (flow).
    A displacement along this mode changes less than a displacement of the same size along any other
    mode. If there is a line attractor through the point, this is its direction. The legend says how
    much of the eigenvector's length lies in the drawn plane.

    Parameters
    ----------
    points
        What `sx.find_fixed_points` returned, or plain states `(point, unit)`.
    linearization
        What `sx.linearize` returned for these points.
    index
        The index of the point in `linearization`.
    activity
        An `Activity`, or states, to draw in the background.
    components
        The axes of the drawing, such as `sx.project(states)[1]`. None means the units themselves.
        With more than three units, give components or `ax`, for which `sx.project` finds
        components.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel.

    Raises
    ------
    InvalidInputError
        If there is no point `index`.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> W = np.array([[0.0, -0.99], [-0.99, 0.0]])
    >>> system = sx.Flow(lambda r: W @ r + 1 - r, size=2, tau=10.0)
    >>> states = np.random.default_rng(0).uniform(0, 1, (50, 2))
    >>> points = sx.find_fixed_points(system, states)
    >>> figure = sx.figures.line_attractor(points, sx.linearize(system, points), 0, states)
    >>> figure.legends[0].get_texts()[1].get_text()
    'integrating mode (100 % of it in this plane)'
    """
    index = _checked(linearization, index)
    units, size = states_of(points).shape[1], np.asarray(linearization.states).shape[1]
    if units != size:
        raise InvalidInputError(
            f"points must have the units of the linearization, {size}, got {units}."
        )
    components = for_axes(components, activity, ax)
    figure, axes = one_panel(6.2, 5.2, ax, width, dimensions(components, activity))
    plane = draw_background(axes, activity, components)
    center = in_plane(components, np.asarray(linearization.states)[index])
    vector = np.asarray(linearization.right)[index, :, integrating_mode(linearization, index)]
    direction = direction_in_plane(components, vector.real / np.linalg.norm(vector.real))
    share = float(np.linalg.norm(direction))
    if share > 0:
        reach = _reach(plane, center, direction / share)
        line = center + reach[:, None] * direction / share
        where = "plane" if len(center) == 2 else "space"
        label = f"integrating mode ({100 * share:.0f} % of it in this {where})"
        axes.plot(*line.T, color=GREEN, linewidth=2.2, zorder=3.5, label=label)
    draw_points(axes, points, components, brief=ax is not None and is_small(ax))
    label = "where it was linearized"
    axes.plot(*center, "o", markersize=13, markerfacecolor="none", color=GREEN, label=label)
    places = in_plane(components, states_of(points))
    inside = limit_view(axes, plane, np.append(places, [center], 0), components)
    say_what_is_outside(axes, point=int((~inside[:-1]).sum()))
    point_outside(axes, center[None][~inside[-1:]], [("linearized", GREEN)])
    legend_below(figure, axes, columns=2, ax=ax, legend=legend)
    return whole(figure)


def _checked(linearization: Linearization, index: int) -> int:
    if not is_whole(index) or not -len(linearization) <= index < len(linearization):
        raise InvalidInputError(
            f"point {index!r:.40} is out of range: the linearization has "
            f"{len(linearization)} points."
        )
    return index % len(linearization)


def _how_many(values: np.ndarray) -> str:
    """Count the eigenvalues, and those that lie on one spot: silent units have exact zeros."""
    zeros = int((np.abs(values) < ZERO).sum())
    return f"{len(values)} eigenvalues" + (
        f", {zeros} of them at\N{NO-BREAK SPACE}0" if zeros > 1 else ""
    )


def _boundary(axes: Axes, kind: str, values: np.ndarray) -> None:
    if kind == "map":
        angle = np.linspace(0, 2 * np.pi, 361)
        circle = np.cos(angle), np.sin(angle)
        axes.plot(
            *circle, color=ink(), linestyle="--", linewidth=1.0, label="|μ| = 1: stable inside"
        )
    else:
        label = "Re λ = 0: stable to the left"
        axes.axvline(0, color=ink(), linestyle="--", linewidth=1.0, label=label)


def _limit_spectrum(axes: Axes, kind: str, values: np.ndarray) -> None:
    """Show all finite eigenvalues and the boundary, both axes to one scale."""
    corners = np.array([[-1.0, -1.0], [1.0, 1.0]]) if kind == "map" else np.zeros((1, 2))
    shown = np.stack([values.real, values.imag], 1)
    equal_scales(axes, np.concatenate([corners, shown[np.isfinite(shown).all(1)]]), ratio=1.0)


def _mark(
    axes: Axes,
    linearization: Linearization,
    index: int,
    mode: int,
    name: str,
    color: str,
    size: float,
) -> None:
    """Ring a mode, and its conjugate where it has one, and give its numbers in the legend."""
    value = complex(np.asarray(linearization.eigenvalues)[index, mode])
    time = float(np.asarray(linearization.time_constants)[index, mode])
    decay = describe_time(time, linearization.time_units)
    symbol = "μ" if linearization.system == "map" else "λ τ"
    label = f"{name} mode: {symbol} = {describe_number(value)}, {decay}"
    axes.plot(
        [value.real] * 2,
        [value.imag, -value.imag],
        "o",
        markersize=size,
        markerfacecolor="none",
        markeredgecolor=color,
        markeredgewidth=1.6,
        label=label,
    )


def _reach(flat: np.ndarray, center: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return how far the line goes both ways: as far as the activity does along it."""
    along = (flat - center) @ direction
    span = np.ptp(along)
    return np.array([min(along.min(), -0.15 * span), max(along.max(), 0.15 * span)])
