"""Legends: below a figure, beside a panel or inside it, and never beyond the edge."""

import textwrap
from collections.abc import Mapping
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.legend import Legend

from .canvas import grow, height_of, inches_across, is_small, panel_size, whole
from .style import lay_out, letters, paper

Place = Literal["inside", "outside", False] | None
"""Place of a legend: in the panel, beside or below it, nowhere; None: where there is room."""

ROOM = 0.45
"""Inches that the usual height of a figure leaves for a legend below it."""

BESIDE = 4.5
"""Inches that a figure is wide at least where a legend stands beside its panels."""

LEAST_HEIGHT = 0.9
"""Inches of height that a legend below a panel leaves it at least; else it stands inside."""

MARGINS = 1.3
"""How much higher than a panel the part of a figure is that it shares with its labels."""

COMPACT: dict[str, Any] = {
    "labelspacing": 0.25,
    "handletextpad": 0.5,
    "handlelength": 1.3,
    "columnspacing": 1.0,
    "borderpad": 0.2,
    "markerscale": 0.7,
}
"""Of legends of small panels."""

SHORTEST = 8
"""Letters of a line into which a long entry is broken, at least."""


def labeled(*axes: Axes) -> dict[str, Any]:
    """Return the labeled artists of panels by their labels, the first of each label."""
    handles: dict[str, Any] = {}
    for panel in axes:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    return handles


def legend_below(
    figure: FigureBase,
    *axes: Axes,
    columns: int = 4,
    ax: Axes | None = None,
    legend: Place = None,
    **kwargs: Any,
) -> None:
    """Put one legend of all labeled artists of `axes` below the figure, clear of the data.

    It has fewer columns than `columns` where those would be wider than the figure. Where `ax` was
    given, which may stand beside others, it is that panel's own.
    """
    handles = labeled(*axes)
    if legend is False or not handles:
        return
    if ax is not None or legend == "inside":
        _legend_of_panel(axes[0], handles, legend, columns, **kwargs)
        return
    legend_of(figure, handles, columns, **kwargs)


def _legend_of_panel(
    panel: Axes, handles: Mapping[str, Any], where: Place, columns: int, **kwargs: Any
) -> None:
    """Put a legend below the axis of a panel, unless that leaves too little of it; else into it.

    There it is where it hides least, and what it hides shines through.
    """
    look = kwargs | (COMPACT | {"fontsize": letters(7)} if is_small(panel) else {})
    if "title" in look and "fontsize" in look:
        look["title_fontsize"] = look["fontsize"]
    if where != "inside":
        legend = _of_most_columns(panel, handles, columns, 1.1, loc="upper center", **look)
        gap = _height_of_labels(panel)
        legend.borderaxespad = gap / float(legend.get_texts()[0].get_fontsize())
        legend.set_bbox_to_anchor((0.5, 0.0), panel.transAxes)
        height = gap / 72 + legend.get_window_extent().height / whole(panel.figure).dpi
        if where == "outside" or _height_above(panel) - height >= LEAST_HEIGHT:
            _make_room(panel, height)
            return
        legend.remove()
    shines = {"frameon": True, "facecolor": paper(), "framealpha": 0.7, "edgecolor": "none"}
    _of_most_columns(panel, handles, 1, 0.95, **look | shines)


def _of_most_columns(
    panel: Axes, handles: Mapping[str, Any], columns: int, share: float, **look: Any
) -> Legend:
    """Put a legend at a panel, in as many columns as there is room for, a share of its width."""
    room = share * panel_size(panel)[0] * whole(panel.figure).dpi
    for ncols in range(min(columns, len(handles)), 0, -1):
        legend = panel.legend(list(handles.values()), list(handles), ncols=ncols, **look)
        if ncols == 1 or legend.get_window_extent().width <= room:
            break
    _break_lines(legend, room)
    show_lines(legend)
    return legend


def _height_of_labels(panel: Axes) -> float:
    """Return how high the numbers and the name of the axis below a panel are, in points."""
    if panel.name == "3d":
        return letters(12)  # a direction may reach out of the panel
    name = panel.xaxis.label
    return 1.3 * float(name.get_fontsize()) * (2 + name.get_text().count("\n")) + 8


def _height_above(panel: Axes) -> float:
    """Return how high a panel and what stands below it may be, in inches."""
    if whole(panel.figure).get_layout_engine() is None:
        return float(panel.get_position().y1) * height_of(panel.figure)
    return MARGINS * panel_size(panel)[1]


def _make_room(panel: Axes, height: float) -> None:
    """Make a panel end higher above what is below it: by its figure's layout, or by hand."""
    if whole(panel.figure).get_layout_engine() is not None:
        lay_out(panel.figure)  # one pass is not enough where scales are equal
        return
    x, bottom, width, high = panel.get_position().bounds
    lift = min(max(height / height_of(panel.figure) - bottom, 0.0), 0.8 * high)
    panel.set_position((x, bottom + lift, width, high - lift))


def legend_of(figure: FigureBase, handles: Mapping[str, Any], columns: int, **kwargs: Any) -> None:
    """Put a legend of artists, by their labels, below a figure, in as many columns as fit."""
    look = {"loc": "outside lower center", **kwargs}
    for ncols in range(min(columns, len(handles)), 0, -1):
        legend = figure.legend(list(handles.values()), list(handles), ncols=ncols, **look)
        if ncols == 1 or legend.get_window_extent().width <= _room(figure):
            fit(figure, legend)
            show_lines(legend)
            return
        legend.remove()


def legend_beside(
    figure: FigureBase,
    *axes: Axes,
    ax: Axes | None = None,
    legend: Place = None,
    **kwargs: Any,
) -> None:
    """Put a legend beside each panel, or where there is no room for that one below the figure."""
    if legend is False:
        return
    if legend == "inside":
        for panel in axes:
            legend_below(figure, panel, legend=legend, **kwargs)
        return
    if ax is not None or inches_across(figure) < BESIDE:
        legend_below(figure, *axes, ax=ax, legend=legend, **kwargs)
        return
    for panel in filter(labeled, axes):
        show_lines(panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), **kwargs))


def legend_each(*axes: Axes, legend: Place, **below: Any) -> None:
    """Give each panel its own legend, placed as `below` says, or where in it least is hidden."""
    for panel in axes:
        if legend is not False and labeled(panel):
            panel.legend(**({} if legend == "inside" else below))


def _room(figure: FigureBase) -> float:
    """Return the width of a figure in pixels."""
    return inches_across(figure) * whole(figure).dpi


def fit(figure: FigureBase, legend: Legend) -> None:
    """Keep a legend of a figure within its width, and make room for its height."""
    _break_lines(legend, _room(figure) - 4)
    grow(figure, legend.get_window_extent().height / whole(figure).dpi - ROOM)


def _break_lines(legend: Legend, room: float) -> None:
    """Break those entries into lines that make a legend of one column wider than there is room."""
    over = legend.get_window_extent().width - room
    if over <= 0:
        return
    widths = [text.get_window_extent().width for text in legend.get_texts()]
    most = 0.95 * max(max(widths) - over, 1)
    for text, width in zip(legend.get_texts(), widths, strict=True):
        if width > most:
            label = text.get_text()
            text.set_text(textwrap.fill(label, max(SHORTEST, int(len(label) * most / width))))


def show_lines(legend: Legend) -> None:
    """Show lines of a legend thicker and stronger that are thin or faint in the panel."""
    for line in legend.get_lines():
        line.set_linewidth(max(line.get_linewidth(), 1.8))
        line.set_alpha(max(line.get_alpha() or 1.0, 0.6))
