"""Context-dependent integration: trials, slow curve and selection vectors along targeted axes."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D

from ..._checked import SOME
from ..._types import InvalidInputError
from ...figures.canvas import NARROWEST, Width, inches_across, new_figure, panels, whole
from ...figures.drawing import styled
from ...figures.legends import Place, legend_below
from ...figures.style import GRAY, GREEN, PAGE_WIDTH, ink, shades_of, signed
from ..averages import TargetedAverages
from ..gating import InputGating

__all__ = ["context_gating"]

ARROWS = 5
"""Selection vectors that are drawn along the line."""

OVERLAP_LOOKS: tuple[dict[str, Any], ...] = (
    {"linestyle": "-", "marker": "o"},
    {"linestyle": "--", "marker": "s", "markerfacecolor": "none"},
    {"linestyle": ":", "marker": "^"},
)
"""Lines by input, all in the color of the selection vector: the other colors are evidence."""

Colors = dict[float, Any]
"""Of each signed strength of the evidence: one scale for the whole figure."""


@styled
def context_gating(
    contexts: Annotated[Mapping[str, tuple[InputGating, TargetedAverages]], SOME],
    *,
    source_names: Mapping[str, str] | None = None,
    evidence_units: str = "",
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw, for each context, trials along the axis of each input, and which input is selected.

    Each context has a row of panels. For each input, one panel shows the plane of the choice axis
    and the axis of this input. This panel shows the mean trajectory for each signed strength of the
    input, the slow curve, and the selection vector at some states of the curve. The panel on the
    right shows the overlap of the selection vectors with the inputs.

    Parameters
    ----------
    contexts
        A dictionary from the name of each context to a pair: what `sx.classics.input_gating` and
        `sx.classics.targeted_averages` returned.
    source_names
        A dictionary from the names of the inputs in `contexts` to their labels in the figure.
    evidence_units
        The units in which the strengths of the inputs are given, such as "%".
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        A row of panels for each context.

    Raises
    ------
    InvalidInputError
        If there is no context, or if averages lack the axis of the choice or of an input.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> B, names = np.eye(3)[:, 1:], ("motion", "color")
    >>> A = np.array([[1.0, 0.5, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]])    # it selects motion
    >>> system = sx.DiscreteMap(lambda x, u: A @ x + B @ u, size=3, input=np.zeros(2))
    >>> lin = sx.linearize(system, np.linspace([-1, 0, 0], [1, 0, 0], 5))
    >>> gating = sx.classics.input_gating(lin, np.eye(2), sources=names)
    >>> shown = np.array([[-0.1, -0.1], [-0.1, 0.1], [0.1, -0.1], [0.1, 0.1]])  # (trial, channel)
    >>> path = np.append(shown[:, :1], shown, 1)[:, None] * np.linspace(0, 1, 8)[:, None]
    >>> labels, along = dict(zip(names, shown.T)), ("choice", *names)
    >>> averages = sx.classics.targeted_averages(path, np.eye(3), labels, names=along, dt=20.0)
    >>> figure = sx.figures.context_gating({"motion counts": (gating, averages)})
    >>> abs(gating.drive[0]).round(12).tolist()
    [1.0, 0.0]
    """
    names = dict(source_names or {})
    each = 1 + max(len(gating.sources) for gating, _ in contexts.values())
    figure = new_figure(max(PAGE_WIDTH, 2.2 * each), 3.5, figure, width)
    fits = inches_across(figure) / NARROWEST
    across = max(k for k in range(1, each + 1) if k == 1 or (each % k == 0 and k <= fits))
    rows = np.reshape(panels(figure, len(contexts) * each, across), (len(contexts), each))
    strengths = np.unique([np.asarray(a.value, float) for _, a in contexts.values()])
    colors = dict(zip(strengths.tolist(), shades_of(strengths), strict=True))
    for row, (name, (gating, averages)) in zip(rows, contexts.items(), strict=True):
        if averages.positions.shape[2] <= len(gating.sources):
            raise InvalidInputError(
                f"{name}: the averages need an axis of the choice and one for each input, "
                f"{len(gating.sources) + 1}; they have {averages.positions.shape[2]}."
            )
        for k in range(len(gating.sources)):
            _plane(row[k], gating, averages, k, colors, names)
        _name_row(row[0], name)
        _overlaps(row[-1], gating, names)
    scale = {signed(x): Line2D([], [], color=c, marker="o", ms=4.5) for x, c in colors.items()}
    title = "mean trajectories by signed evidence" + f" ({evidence_units})" * bool(evidence_units)
    above: dict[str, Any] = {"loc": "outside upper center", "title": title}
    inside = {"title": "evidence"} if legend == "inside" else above
    legend_below(figure, rows[0, 0], columns=8, legend=legend, handles=scale, **inside)
    legend_below(figure, rows[0, 1], *rows.flat, columns=3, legend=legend)
    return whole(figure)


def _plane(
    axes: Axes,
    gating: InputGating,
    averages: TargetedAverages,
    source: int,
    colors: Colors,
    names: Mapping[str, str],
) -> None:
    """Draw the plane of the choice and of one input."""
    shown = averages.by(gating.sources[source])
    places = [0, source + 1]
    for value, path in zip(np.asarray(shown.value), np.asarray(shown.positions), strict=True):
        color = colors[float(value)]
        axes.plot(*path[:, places].T, color=color, linewidth=1.3, marker=".", markersize=2.5)
        axes.plot(*path[-1, places], "o", color=color, markersize=4.5)
    axes.update_datalim(np.asarray(averages.positions)[..., places].reshape(-1, 2))  # of all labels
    axes.margins(0.15)
    _line(axes, gating, averages, places)
    counts = source == gating.relevant
    name = gating.sources[source]
    axes.set_title(
        f"by {names.get(name, name)}: {'counts' if counts else 'to be ignored'}",
        fontweight="bold" if counts else "normal",
    )
    axes.set_xlabel(f"along the {averages.names[0]} (a.u.)")
    axis = averages.names[places[1]]
    axes.set_ylabel(f"along {names.get(axis, axis)} (a.u.)")


def _name_row(axes: Axes, name: str) -> None:
    """Write the name of a context to the left of its row."""
    axes.annotate(
        name,
        (0, 0.5),
        xycoords=axes.yaxis.label,
        xytext=(-5, 0),
        textcoords="offset points",
        rotation=90,
        fontweight="bold",
        horizontalalignment="right",
        verticalalignment="center",
    )


def _line(axes: Axes, gating: InputGating, averages: TargetedAverages, places: list[int]) -> None:
    """Draw the slow curve, and at some states of it the selection vector in this plane.

    The arrows have one scale for both of their parts, and for all panels, unlike the axes.
    """
    line = averages.project(gating.states)[:, places]
    low, high = np.transpose([axes.get_xlim(), axes.get_ylim()])
    seen = line[((line > low) & (line < high)).all(1)]
    axes.plot(*seen.T, "x", color=ink(), markersize=3.5, label="slow curve", zorder=3)
    left = np.asarray(gating.selection).real
    length = np.linalg.norm(left, axis=1, keepdims=True)
    unit = averages.project_direction(left / np.where(length > 0, length, 1))[:, places]
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
        color=GREEN,
        width=0.012,
        zorder=4,
    )
    axes.plot([], [], color=GREEN, linewidth=2.5, label="selection vector")


def _overlaps(axes: Axes, gating: InputGating, names: Mapping[str, str]) -> None:
    """Draw the overlap of the selection vector with each input along the line."""
    overlap = np.asarray(gating.overlap)
    positions = np.asarray(gating.positions)
    known = np.isfinite(positions).all()
    for k, name in enumerate(gating.sources):
        axes.plot(
            positions if known else np.arange(len(overlap)),
            overlap[:, k],
            markersize=3.5,
            markevery=3,
            linewidth=1.2,
            color=GREEN,
            label=f"overlap with {names.get(name, name)}",
            **OVERLAP_LOOKS[k % len(OVERLAP_LOOKS)],
        )
    axes.axhline(gating.chance_overlap, color=GRAY, linestyle=":", label="overlap at random")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("choice readout (a.u.)" if known else "point")
    axes.set_ylabel("|cos| with selection vector")
    ratio = gating.median_ratio
    axes.set_title("median ratio " + (f"{ratio:.3g}" if np.isfinite(ratio) else "not known"))
