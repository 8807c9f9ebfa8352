"""Legends: below a figure, below a panel that was given, or inside panels."""

import textwrap
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.legend import Legend

from .canvas import grow, height_of, inches_across, is_small, panel_size, whole
from .style import lay_out, letters, paper

Place = Literal["inside", "outside", False] | None
"""Place of a legend: in the panel, below it, nowhere; None: below where there is room."""

ROOM = 0.45
"""Inches that the usual height of a figure leaves for a legend below it."""

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

LETTER, SIGN, SMALL_SIGN = 0.51, 9, 5
"""Width of a letter in sizes of letters, and of an entry's sign with its margins in letters."""

SHORTEST = 8
"""Letters of a line into which a long entry is broken, at least."""


def labeled(*axes: Axes) -> dict[str, Any]:
    """Return the labeled artists of panels by their labels, the first of each label."""
    pairs = [
        pair for panel in axes for pair in zip(*panel.get_legend_handles_labels(), strict=True)
    ]
    return dict.fromkeys(x for _, x in pairs) | {label: handle for handle, label in pairs[::-1]}


def legend_below(
    figure: FigureBase,
    *axes: Axes,
    columns: int = 4,
    ax: Axes | None = None,
    legend: Place = None,
    handles: Mapping[str, Any] | None = None,
    **look: Any,
) -> None:
    """Put one legend of all labeled artists of `axes` below the figure, clear of the data.

    It has fewer columns than `columns` where those would be wider than the figure. Where `ax` was
    given, which may stand beside others, it is that panel's own.
    """
    handles = labeled(*axes) if handles is None else handles
    if legend is False or not handles:
        return
    if ax is not None or legend == "inside":
        made = _of_panel(axes[0], handles, legend, columns, look)
    else:
        below = {"loc": "outside lower center"} | look
        entries = _entries(handles, columns, inches_across(figure), letters(8.5), SIGN)
        made = figure.legend(**entries, **below)
        grow(figure, made.get_window_extent().height / whole(figure).dpi - ROOM)
    for line in made.get_lines():
        line.set_linewidth(1.8)  # thin ones of a panel would hardly be seen


def legend_each(*panels: Axes, legend: Place, **place: Any) -> None:
    """Give each panel its own legend, at a place, or where in it least is hidden."""
    for panel in panels:
        if legend is not False and labeled(panel):
            panel.legend(**({} if legend == "inside" else place))


def _of_panel(
    panel: Axes, handles: Mapping[str, Any], where: Place, columns: int, look: dict[str, Any]
) -> Legend:
    """Put a legend below the axis of a panel, unless that leaves too little of it; else into it.

    There it is where it hides least, and what it hides shines through.
    """
    width, height = panel_size(panel)
    size, sign = (letters(7.0), SMALL_SIGN) if is_small(panel) else (letters(8.5), SIGN)
    look = look | {"title_fontsize": size} | (COMPACT if is_small(panel) else {})
    below = _entries(handles, columns, 1.1 * width, size, sign)
    name = panel.xaxis.label
    gap = 1.3 * float(name.get_fontsize()) * (2 + name.get_text().count("\n")) + 8
    rows = sum(1 + label.count("\n") for label in below["labels"]) / below["ncols"]
    needed = (gap + 1.4 * size * (np.ceil(rows) + ("title" in look))) / 72
    is_laid_out = whole(panel.figure).get_layout_engine() is not None
    high = MARGINS * height if is_laid_out else panel.get_position().y1 * height_of(panel.figure)
    if where == "inside" or (where is None and high - needed < LEAST_HEIGHT):
        shines = {"frameon": True, "facecolor": paper(), "framealpha": 0.7, "edgecolor": "none"}
        return panel.legend(**_entries(handles, 1, 0.95 * width, size, sign), **look, **shines)
    if not is_laid_out:
        x, bottom, wide, high = panel.get_position().bounds
        lift = min(max(needed / height_of(panel.figure) - bottom, 0.0), 0.8 * high)
        panel.set_position((x, bottom + lift, wide, high - lift))
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0)}
    made = panel.legend(borderaxespad=gap / size, **place, **below, **look)
    lay_out(panel.figure)  # one pass is not enough where scales are equal
    return made


def _entries(
    handles: Mapping[str, Any], most: int, inches: float, size: float, sign: int
) -> dict[str, Any]:
    """Return the entries of a legend in as many columns as fit, long ones broken into lines."""
    room = int(72 * inches / (LETTER * size))
    labels = [textwrap.fill(label, max(SHORTEST, room - sign)) for label in handles]
    lengths = [sign + max(map(len, label.split("\n"))) for label in labels]
    fits = [n for n in range(2, min(most, len(labels)) + 1) if _width(lengths, n) <= room]
    found = {"handles": list(handles.values()), "labels": labels}
    return {**found, "ncols": max(fits, default=1), "fontsize": size}


def _width(lengths: list[int], columns: int) -> int:
    """Return how wide entries of such lengths are in columns, as matplotlib fills them."""
    return sum(int(part.max()) for part in np.array_split(lengths, columns))
