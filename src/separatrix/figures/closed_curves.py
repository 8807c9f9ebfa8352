"""Cycles: the closed curves, and what units do in a period."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from .._tables import describe_duration
from .._types import InvalidInputError, counted
from ..activity import project
from ..analysis import Cycles
from .canvas import LETTERING, NARROWEST, Width, grow, height_of, inches_across, new_figure, whole
from .drawing import styled
from .legends import Place, legend_below
from .space import Plane, States, axis_names, in_plane, label_plane
from .state_space import draw_background
from .style import GRAY, PAGE_WIDTH, cycle as color_of, paper

__all__ = ["cycle"]

MOST = 6
"""Cycles with a color and an entry of the legend of their own."""

LINES = {"stable": "-", "saddle": "--", "unstable": "--"}
"""Of the stability of a cycle; dotted where that is not known."""

FEW_STEPS = 24
"""Of a cycle of a map, between which lines are drawn."""


@styled
def cycle(
    cycles: Cycles,
    states: States | None = None,
    components: Plane = None,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw cycles as closed curves, and their coordinates over a period.

    The left panel shows the curves; a cycle of a map has a dot for each step, and an invariant
    circle is a line. The panels on the
    right show the two coordinates over time if there is one cycle, and over the phase if there are
    several. Lines of stable cycles are solid, lines of saddles and of unstable cycles are dashed,
    and lines of marginal cycles, whose stability is not known, are dotted. If the system has a
    single unit, the left panel shows its value one step later against its value, and there is one
    panel on the right.

    Parameters
    ----------
    cycles
        What `sx.find_cycles` returned.
    states
        An `Activity`, or states, to draw in the background.
    components
        The axes of the drawing. None means the units if there are two units, and otherwise the
        principal components of the cycles.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        The curves on the left, and a panel for each coordinate over time or phase on the right.

    Raises
    ------
    InvalidInputError
        If there is no cycle.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> van_der_pol = lambda x: jnp.stack([x[1], (1 - x[0] ** 2) * x[1] - x[0]])
    >>> cycles = sx.find_cycles(sx.Flow(van_der_pol, size=2, tau=10.0), np.eye(2))
    >>> figure = sx.figures.cycle(cycles)
    >>> round(float(cycles.period[0]), 1), figure.axes[0].get_xlabel()
    (66.6, 'unit 1')
    """
    if not len(cycles):
        raise InvalidInputError(
            "there is no cycle to draw: cycles.reasons says how the search from each start ended."
        )
    single = cycles.states.shape[2] == 1
    figure = new_figure(PAGE_WIDTH, 3.4, figure, width, least_share=1.0)
    left, *right = _panels(figure, 1 if single else 2)
    orbits = [cycles.orbit(k) for k in range(len(cycles))]
    if single:
        curves = [np.append(orbit, np.roll(orbit, -1, axis=0), axis=1) for orbit in orbits]
        left.set(xlabel="unit 1", ylabel="unit 1, a step later")
        names = ["unit 1"]
    else:
        components = _plane(orbits, components)
        curves = [in_plane(components, orbit) for orbit in orbits]
        label_plane(left, components)
        names = axis_names(components)[:2]
        if states is not None:
            draw_background(left, states, components)
    for k, curve in enumerate(curves):
        _draw_curve(left, cycles, k, curve)
        for axes, values in zip(right, curve.T, strict=False):
            _draw_course(axes, cycles, k, values)
    for axes, name in zip(right, names, strict=True):
        axes.set_ylabel(name)
    figure.align_ylabels(right)
    is_one = len(cycles) == 1
    right[-1].set_xlabel(f"time ({cycles.time_units})" if is_one else "phase (part of the period)")
    legend_below(figure, left, columns=3, legend=legend)
    return whole(figure)


def _panels(figure: FigureBase, count: int) -> list[Any]:
    """Return a panel for the curves, and beside or below it one for each coordinate over time."""
    beside = inches_across(figure) / 2 >= NARROWEST
    if not beside:
        grow(figure, 0.7 * (height_of(figure) - LETTERING))
    rows = ["AB", "AC"][:count] if beside else ["A", "A", "B", "C"][: count + 2]
    drawn = list(figure.subplot_mosaic([list(row) for row in rows]).values())
    for axes in drawn[1:-1]:
        axes.sharex(drawn[-1])
        axes.tick_params(labelbottom=False)
    return drawn


def _plane(orbits: list[np.ndarray], components: Plane) -> Plane:
    """Return two components to draw along; none where there are two units."""
    if components is not None:
        return components[:2]
    return None if orbits[0].shape[1] == 2 else project(np.concatenate(orbits), num=2)[1]


def _look(cycles: Cycles, k: int) -> dict[str, Any]:
    color = color_of(k) if k < MOST else GRAY
    return {"color": color, "linestyle": LINES.get(str(cycles.stability[k]), ":")}


def _called(cycles: Cycles, k: int) -> str | None:
    """Return the entry of a cycle in the legend; None where it has none of its own."""
    if k >= MOST:
        return counted(len(cycles) - MOST, "other cycle") if k == MOST else None
    steps = f"{int(cycles.length[k])} steps" if cycles.length[k] else "invariant circle"
    parts = [steps] if cycles.system == "map" else []
    if cycles.time_units != "steps" or not cycles.length[k]:
        parts.append(describe_duration(float(cycles.period[k]), cycles.time_units))
    name = f"cycle {k}: " if len(cycles) > 1 else ""
    return name + ", ".join([str(cycles.stability[k]), *parts])


def _draw_curve(axes: Axes, cycles: Cycles, k: int, curve: np.ndarray) -> None:
    """Draw a closed curve, of a flow or an invariant circle, or the steps of a map's cycle."""
    around, look, label = np.append(curve, curve[:1], 0), _look(cycles, k), _called(cycles, k)
    if cycles.system == "map" and cycles.length[k]:
        few = len(curve) <= FEW_STEPS
        if few:
            axes.plot(*around.T, linewidth=0.6, zorder=3, **look)
        dot: dict[str, Any] = {"markeredgecolor": paper(), "markeredgewidth": 0.4 if few else 0.0}
        size = 5 if few else 3
        axes.plot(*curve.T, "o", color=look["color"], markersize=size, label=label, zorder=4, **dot)
        return
    axes.plot(*around.T, linewidth=1.5, label=label, zorder=3, **look)
    fastest = int(np.linalg.norm(np.diff(around, axis=0), axis=1).argmax())
    axes.annotate(
        "", tuple(around[fastest + 1]), xytext=tuple(around[fastest]), zorder=4,
        arrowprops={"arrowstyle": "-|>", "color": look["color"], "mutation_scale": 11},
    )  # fmt: skip


def _draw_course(axes: Axes, cycles: Cycles, k: int, values: np.ndarray) -> None:
    """Draw a coordinate over one period: the first state again at the end."""
    around = np.append(values, values[:1])
    times = np.linspace(0, float(cycles.period[k]) if len(cycles) == 1 else 1.0, len(around))
    few = cycles.system == "map" and len(values) <= FEW_STEPS
    axes.plot(times, around, marker="o" if few else "", markersize=3, linewidth=1.2,
              **_look(cycles, k))  # fmt: skip
