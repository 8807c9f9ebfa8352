"""The points and ends of every period of a trial, and mean trajectories through them."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analysis.verdicts.claims import Known
from ..evaluation import TrialPeriods
from .canvas import Width, one_panel, whole
from .drawing import styled
from .legends import Place, legend_below
from .point_looks import FIXED_MARKERS, SIZE
from .space import Plane, for_axes, in_plane, label_plane
from .style import GRAY, cycle, ink, paper
from .view import limit_view, say_what_is_outside

__all__ = ["trial_periods"]

_STYLES = ("-", "--", ":", "-.")


@styled
def trial_periods(
    periods: TrialPeriods,
    components: Plane = None,
    *,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the fixed points of every period, marks where trials would end, and mean trajectories.

    Each period has a color, in which its fixed points and the parts of the mean trajectories during
    this period are drawn. A ring marks a point at which trials would end if the period lasted
    forever. Slow points are left out.

    Parameters
    ----------
    periods
        What `sx.trial_periods` returned.
    components
        The axes of the drawing, such as `sx.project(periods.averages)[1]`. None means the first two
        units if there are at most three. With more units, give components or `ax`, for which
        `sx.project` finds components.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 16, 3, dt=task.dt, key=jax.random.key(0))
    >>> periods = sx.trial_periods(net, task, num_trials=20)
    >>> figure = sx.figures.trial_periods(periods, sx.project(periods.averages)[1])
    >>> [text.get_text() for text in figure.legends[0].get_texts()][:3]
    ['fixation', 'stimulus', 'decision']
    """
    averages = np.asarray(periods.averages, float)
    components = for_axes(components, averages, ax)
    figure, axes = one_panel(6.2, 5.0, ax, width)
    plane = in_plane(components, averages)[..., :2]
    for k, path in enumerate(plane):
        of_period = np.asarray(periods.average_period)[k]
        _draw_path(axes, path, of_period, _STYLES[k % len(_STYLES)])
    fixed = np.asarray(periods.point_kind) == "fixed"
    places = in_plane(components, np.asarray(periods.point_states, float)[fixed])[..., :2]
    ends = np.asarray(periods.end_known) != str(Known.WATCHED)  # of ends, only stable points are
    rings = in_plane(components, np.asarray(periods.end_states, float)[ends])[..., :2]
    for row, name in enumerate(periods.period):
        mine = np.asarray(periods.point_period)[fixed] == row
        axes.plot([], [], "o", color=cycle(row), label=str(name))
        for stability in np.unique(np.asarray(periods.point_stability)[fixed][mine]):
            here = mine & (np.asarray(periods.point_stability)[fixed] == stability)
            look: dict[str, Any] = {
                **FIXED_MARKERS[str(stability)],
                "color": cycle(row),
                "markerfacecoloralt": paper(),
            }
            axes.plot(*places[here].T, linestyle="", markersize=SIZE, zorder=4, **look)
    ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": ink()}
    axes.plot(*rings.T, "o", markersize=SIZE + 5, zorder=3, label="trials end here", **ring)
    for k, name in enumerate(periods.average_names):
        axes.plot([], [], _STYLES[k % len(_STYLES)], color=GRAY, label=str(name))
    label_plane(axes, components)
    shown = np.concatenate([plane[np.isfinite(plane).all(-1)], rings])
    inside = limit_view(axes, shown, places, components)
    say_what_is_outside(axes, point=int((~inside).sum()))
    legend_below(figure, axes, columns=4, ax=ax, legend=legend)
    return whole(figure)


def _draw_path(axes: Axes, path: np.ndarray, of_period: np.ndarray, style: str) -> None:
    """Draw a trajectory, each step in the color of its period; a square where it begins."""
    for row in np.unique(of_period[of_period >= 0]):
        steps = np.flatnonzero(of_period == row)
        first = max(steps[0] - 1, 0)  # from where the period before left it
        part = path[first : steps[-1] + 1]
        axes.plot(*part.T, style, color=cycle(int(row)), linewidth=1.0, zorder=2)
    axes.plot(*path[:1].T, "s", color=ink(), markersize=3, zorder=3)
