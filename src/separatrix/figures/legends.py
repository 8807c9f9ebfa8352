"""Legends: below a figure, beside a panel or inside it, and never beyond the edge."""

import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend

from .canvas import grow, inches_across, whole
from .style import paper

ROOM = 0.45
"""Inches that the usual height of a figure leaves for a legend below it."""

BESIDE = 4.5
"""Inches that a figure is wide at least where a legend stands beside its panels."""

BELOW_AXIS = 4.5
"""How far below a panel a legend is that stands clear of its axis, in letters."""

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
    figure: FigureBase, *axes: Axes, columns: int = 4, inside: bool = False, **kwargs: Any
) -> None:
    """Put one legend of all labeled artists of `axes` below the figure, clear of the data.

    It has fewer columns than `columns` where those would be wider than the figure. Where axes were
    given, which may stand beside others, it is `inside` of them: see `_legend_at`.
    """
    handles = labeled(*axes)
    if inside:
        _legend_at(axes[0], handles, **kwargs)
        return
    legend_of(figure, handles, columns, **kwargs)


def _legend_at(panel: Axes, handles: Mapping[str, Any], **kwargs: Any) -> None:
    """Put a legend below the axis of a panel, if the layout of its figure makes room, else into it.

    There it is where it hides least, and what it hides shines through.
    """
    if isinstance(whole(panel.figure).get_layout_engine(), ConstrainedLayoutEngine):
        gap = BELOW_AXIS if panel.name != "3d" else 0.0
        look: dict[str, Any] = {
            "loc": "upper center",
            "bbox_to_anchor": (0.5, 0.0),
            "borderaxespad": gap,
        }
    else:
        look = {"frameon": True, "facecolor": paper(), "framealpha": 0.7, "edgecolor": "none"}
    legend = panel.legend(list(handles.values()), list(handles), **look | kwargs)
    _break_lines(legend, 0.95 * panel.bbox.width)
    show_lines(legend)


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


def legend_beside(figure: FigureBase, *axes: Axes, inside: bool = False, **kwargs: Any) -> None:
    """Put a legend beside each panel, or where there is no room for that one below the figure."""
    if inside or inches_across(figure) < BESIDE:
        legend_below(figure, *axes, inside=inside, **kwargs)
        return
    for panel in axes:
        show_lines(panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), **kwargs))


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
            told = text.get_text()
            text.set_text(textwrap.fill(told, max(SHORTEST, int(len(told) * most / width))))


def show_lines(legend: Legend) -> None:
    """Show lines of a legend thicker and stronger that are thin or faint in the panel."""
    for line in legend.get_lines():
        line.set_linewidth(max(line.get_linewidth(), 1.8))
        line.set_alpha(max(line.get_alpha() or 1.0, 0.6))
