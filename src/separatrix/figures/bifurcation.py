"""Branches of fixed points, and of cycles, against their parameter."""

import dataclasses
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .._types import InvalidInputError
from ..analysis import Branches, CycleBranch
from ..analysis.checks import axis_of
from .canvas import Width, one_panel, whole
from .drawing import styled
from .legends import Place, legend_below
from .point_looks import FIXED_MARKERS, PointClass, classes_of
from .space import States, as_activity
from .style import GRAY, GREEN, LIGHT_GRAY, PURPLE, SKY, ink
from .view import MARGIN, say_what_is_outside

__all__ = ["bifurcation_diagram"]

LINES: dict[str, dict[str, Any]] = {
    "stable": {"linestyle": "-", "linewidth": 1.8},
    "saddle": {"linestyle": "--", "linewidth": 1.2},
    "unstable": {"linestyle": ":", "linewidth": 1.5},
    "kink": {"linestyle": "-.", "linewidth": 1.2},
}
"""How a piece of a branch is drawn, in the color of its points; a marginal one is drawn as its
neighbors are."""

THIN = 0.6
"""How much thinner lines of cycles are than those of fixed points, which may stand beside them."""

UNKNOWN: dict[str, Any] = {"color": GRAY, "linestyle": "-.", "label": "stability not known"}
"""Of a branch all of whose points are marginal."""

UNKNOWN_MARK: dict[str, Any] = {"linestyle": "", "color": GRAY, **FIXED_MARKERS["unknown"]}

SPECIAL_SIZE = 6.5
"""Of the markers of special points, in points."""

SHORTEST = 2 * SPECIAL_SIZE
"""A shorter piece is hidden for the larger part by the special points at its ends."""

MARK_SIZE = 4.2
"""Of what marks a piece that cannot be seen: it lies on the special points beside it."""

MARKERS: dict[str, tuple[str, str]] = {
    "fold": ("D", GREEN),
    "pitchfork": ("o", PURPLE),
    "transcritical": ("X", PURPLE),
    "branch point": ("P", PURPLE),
    "flip": ("^", LIGHT_GRAY),
    "Neimark–Sacker": ("s", SKY),
    "Hopf": ("s", SKY),
    "several modes": ("*", GRAY),
    "border collision": ("v", GRAY),
}


@dataclasses.dataclass
class _Kind:
    """Pieces of one stability: the entry of the legend, the looks of lines and marks, the lines."""

    entry: Line2D
    look: dict[str, Any]
    mark: dict[str, Any]
    pieces: list[Line2D] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class _Drawn:
    """Branches as they are drawn: states and the directions of lines; of cycles, the extremes."""

    record: Branches | CycleBranch
    states: Float[np.ndarray, "point coordinate"]
    special_states: Float[np.ndarray, "special coordinate"]
    lines: Float[np.ndarray, "coordinate line"]

    @property
    def of_cycles(self) -> bool:
        """Whether they are branches of cycles."""
        return isinstance(self.record, CycleBranch)

    def rows(self) -> list[Bool[np.ndarray, " point"]]:
        """Return which points are of each branch."""
        if isinstance(self.record, CycleBranch):
            return [np.ones(len(self.states), bool)]
        return [np.asarray(self.record.branch) == k for k in range(self.record.n_branches)]

    def special(self, k: int) -> np.ndarray:
        """Return the special points of a branch."""
        if isinstance(self.record, CycleBranch):
            return np.arange(len(self.special_states))
        return np.flatnonzero(np.asarray(self.record.special_branch) == k)


@styled
def bifurcation_diagram(
    branches: Branches | CycleBranch,
    direction: Float[np.ndarray, " unit"] | None = None,
    *,
    period: bool = False,
    label: str | None = None,
    activity: States | None = None,
    ax: Axes | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw branches of fixed points or cycles by stability, and their special points by type.

    A branch of cycles is drawn as two lines: the minimum and the maximum over a period. If you pass
    the axes (`ax`) of a diagram of fixed points, the lines are added to this diagram.

    Parameters
    ----------
    branches
        What `sx.continue_fixed_points` or `sx.continue_cycles` returned.
    direction
        The direction `(unit,)` of the vertical axis, such as a row of the readout. None means the
        mean over units, or the unit itself if there is only one.
    period
        True draws the period of the cycles on the vertical axis, instead of states.
    label
        The label of the vertical axis.
    activity
        An `Activity`, or states. The vertical axis is limited to the range of these states and a
        margin, and the title says how many branches lie outside. None means no limit.
    ax, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One panel, with the parameter on the horizontal axis.

    Examples
    --------
    >>> import separatrix as sx
    >>> branches = sx.continue_fixed_points(
    ...     lambda w: sx.Flow(lambda x: w * x - x**3, size=1), [[0.0]], (-1.0, 1.0), name="w"
    ... )
    >>> figure = sx.figures.bifurcation_diagram(branches)
    >>> figure.axes[0].get_xlabel(), branches.special_type.tolist()
    ('w', ['pitchfork'])
    """
    size = branches.states.shape[-1]
    along = np.full(size, 1 / size) if direction is None else axis_of(size, direction, "direction")
    drawn = _drawn(branches, along, period)
    figure, axes = one_panel(6.2, 4.2, ax, width)
    kinds = _draw_branches(axes, drawn)
    _draw_special(axes, drawn)
    # all of what was asked: where no branch is, no fixed point was found
    low, high = sorted((branches.parameter_from, branches.parameter_to))
    axes.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    axes.autoscale_view(scalex=False)  # now, because it is measured what can be seen
    if activity is not None:
        _keep_to(axes, as_activity(activity).flat_states @ along, drawn)
    axes.set_xlabel(branches.name)
    default = ("unit 1" if drawn.of_cycles else "fixed point") if size == 1 else "mean over units"
    default = default if direction is None else "along the direction"
    axes.set_ylabel(label or ("period (ms)" if period else default))
    for kind in kinds:
        _mark_hidden(axes, kind)
    legend_below(figure, axes, columns=3, ax=ax, legend=legend)
    return whole(figure)


def _drawn(branches: Branches | CycleBranch, along: np.ndarray, period: bool) -> _Drawn:
    states, special = np.asarray(branches.states), np.asarray(branches.special_states)
    if isinstance(branches, Branches):
        if period:
            raise InvalidInputError("period=True is for cycles: fixed points have no period.")
        return _Drawn(branches, states, special, along[:, None])
    if period:
        times = np.asarray(branches.period), np.asarray(branches.special_period)
        return _Drawn(branches, times[0][:, None], times[1][:, None], np.eye(1))
    of_points, of_special = (
        np.stack([(x @ along).min(1), (x @ along).max(1)], 1) for x in (states, special)
    )
    return _Drawn(branches, of_points, of_special, np.eye(2))


def _keep_to(axes: Axes, active: np.ndarray, drawn: _Drawn) -> None:
    """Show what branches have in the range of the activity, and as much again on either side."""
    low, high = float(active.min()), float(active.max())
    span = MARGIN * (high - low)
    heights, rows = drawn.states @ drawn.lines, drawn.rows()
    seen = [bool(((heights[r] >= low - span) & (heights[r] <= high + span)).any()) for r in rows]
    if not any(seen):
        return
    near = heights[(heights >= low - span) & (heights <= high + span)]
    edge = 0.05 * max(float(np.ptp(near)), high - low) or 1.0
    axes.set_ylim(near.min() - edge, near.max() + edge)
    say_what_is_outside(axes, curve=seen.count(False))


def _draw_branches(axes: Axes, drawn: _Drawn) -> list[_Kind]:
    """Draw every run of pieces of one stability, which changes at the special points between."""
    branches, rows = drawn.record, drawn.rows()
    classes = [
        c for c in classes_of(branches.stability, branches.n_unstable) if c.stability in LINES
    ]
    numbers = np.full(len(branches), -1)
    for number, those in enumerate(classes):
        numbers[those.rows] = number
    lines = [_polyline(drawn, k, here, numbers) for k, here in enumerate(rows)]
    seen = np.unique(np.concatenate([pieces for _, _, pieces in lines]))
    kinds = {}
    for number in [*seen[seen >= 0], *seen[seen < 0]]:  # as in the legends of all figures
        look = _line(classes[number], drawn.of_cycles) if number >= 0 else UNKNOWN
        mark = classes[number].look if number >= 0 else UNKNOWN_MARK
        kinds[number] = _Kind(axes.plot([], [], **look)[0], look, mark)
    for parameters, states, pieces in lines:
        edges = [0, *(np.flatnonzero(pieces[1:] != pieces[:-1]) + 1), len(pieces)]
        for first, last in pairwise(edges):
            piece, kind = slice(first, last + 1), kinds[pieces[first]]
            kind.pieces += axes.plot(parameters[piece], states[piece] @ drawn.lines, **kind.look)
    return list(kinds.values())


def _line(those: PointClass, of_cycles: bool) -> dict[str, Any]:
    look = {"color": those.color, "label": those.name, **LINES[those.stability]}
    if of_cycles:
        look |= {"label": f"cycle, {those.stability}", "linewidth": THIN * look["linewidth"]}
    return look


def _mark_hidden(axes: Axes, kind: _Kind) -> None:
    """Mark the pieces of a kind none of which is long enough to be seen, in the legend, too."""
    # the panel is about as large before it is laid out
    paths = [axes.transData.transform(line.get_xydata()) for line in kind.pieces]
    ways = [np.append(0, np.linalg.norm(np.diff(p, axis=0), axis=1).cumsum()) for p in paths]
    if max(way[-1] for way in ways) * 72 / axes.figure.dpi >= SHORTEST:
        return
    mark = {**kind.mark, "markersize": MARK_SIZE, "markeredgewidth": 0.8}
    for path, way in zip(paths, ways, strict=True):
        halfway = [np.interp(way[-1] / 2, way, xy) for xy in path.T]
        axes.plot(*axes.transData.inverted().transform(halfway), zorder=5, **mark)
    del mark["linestyle"]  # the legend shows the line with the mark on it
    kind.entry.set(**{**mark, "color": kind.entry.get_color()})


def _polyline(
    drawn: _Drawn, k: int, here: np.ndarray, kinds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the points of a branch, `here`, with its special points in their places.

    Parameters (place,), states (place, coordinate), and the kind of the piece from each place on,
    one less than places.
    """
    branches = drawn.record
    parameters, states = np.asarray(branches.parameters)[here], drawn.states[here]
    kinds = _without_marginal(kinds[here], np.asarray(branches.stability)[here] == "kink")
    own = drawn.special(k)
    if len(parameters) < 2 or not len(own):
        return parameters, states, kinds[:-1]
    scale = np.append(np.ptp(parameters), np.ptp(states, axis=0).max())
    scale = np.where(scale > 0, scale, 1.0)
    on_branch = np.column_stack([parameters / scale[0], states / scale[1]])
    values, places = np.asarray(branches.special_parameters), drawn.special_states
    special = np.column_stack([values[own] / scale[0], places[own] / scale[1]])
    away = np.linalg.norm(special[:, None] - on_branch, axis=2)
    pieces = np.linalg.norm(np.diff(on_branch, axis=0), axis=1)
    after = (away[:, :-1] + away[:, 1:] - pieces).argmin(1)  # the least detour
    order = np.lexsort((away[np.arange(len(own)), after], after))
    own, after = own[order], after[order]
    last = np.append(after[1:] != after[:-1], True)
    # Between two special points of one piece nothing is known: the stability before them is kept.
    following = np.where(last, kinds[after + 1], kinds[after])
    return (
        np.insert(parameters, after + 1, values[own]),
        np.insert(states, after + 1, places[own], axis=0),
        np.insert(kinds, after + 1, following)[:-1],
    )


def _without_marginal(kinds: np.ndarray, kink: np.ndarray) -> np.ndarray:
    """Replace −1, of points that linearization cannot tell, by the kind of the point before it.

    So with a single point on a kink, where the branch goes from one region into another.
    """
    in_a_row = kink & (np.append(False, kink[:-1]) | np.append(kink[1:], False))
    known = (kinds >= 0) & (~kink | in_a_row)
    if not known.any():
        return kinds
    place = np.where(known, np.arange(len(kinds)), -1)
    before = np.maximum.accumulate(place)
    return kinds[np.where(before < 0, np.flatnonzero(known)[0], before)]


def _draw_special(axes: Axes, drawn: _Drawn) -> None:
    branches, heights = drawn.record, drawn.special_states @ drawn.lines
    for k, kind in enumerate(map(str, branches.special_type)):
        marker, color = MARKERS[kind]
        name, criticality = f"{kind} of cycles", ""
        if isinstance(branches, Branches):
            name, criticality = branches.special_names[k], str(branches.special_criticality[k])
        axes.plot(
            np.full(len(heights[k]), branches.special_parameters[k]),
            heights[k],
            marker,
            color=color,
            markeredgecolor=ink(),
            markeredgewidth=0.5,
            markersize=SPECIAL_SIZE,
            fillstyle="none" if criticality == "subcritical" else "full",
            zorder=4,
            label=name,
        )
