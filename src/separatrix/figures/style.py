"""How all figures look: one palette, one set of sizes, applied without touching global settings."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, cast

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .canvas import hidden, new_figure, tell_pyplot
from .given import require_given

P = ParamSpec("P")

# Okabe & Ito's palette: told apart by readers with any of the common colour deficiencies
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, BLACK = "#56B4E9", "#E69F00", "#000000"
GREY, LIGHT_GREY, INK = "#8A8A8A", "#D2D2D2", "#222222"

CHOICE_COLOURS = (GREY, BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE, BLACK)
"""Colour of each class of answer; class 0, fixation, is grey."""

SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#8F3B00", VERMILLION, "#EDB48C", "#9A9A9A", "#8CC0E2", BLUE, "#00466F"]
)
"""Diverging colours in the hues of choices 1 (positive) and 2 (negative), grey at zero."""

EXCITATION = LinearSegmentedColormap.from_list(
    "excitation", ["#6E2C55", PURPLE, "#EBD0DF", "#F7F7F7", "#BFE3D7", GREEN, "#00513B"]
)
"""Diverging colours of weights, excitation green and inhibition purple: no hues of choices."""

SEQUENTIAL = "viridis"

BOUNDARY = PURPLE
"""Of what separates basins; the colours of points and of choices mean other things."""

PAGE_WIDTH = 7.4
"""The widest in inches that a page shows at full size; letters of wider figures shrink."""

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.5,
    "lines.markersize": 5.0,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",  # text stays text: small files, and a journal can set its own font
    "pdf.fonttype": 42,  # of the usual kind, 3, other programs cannot edit the text
    "svg.hashsalt": "separatrix",  # the same figure gives the same bytes
}


def house_style() -> AbstractContextManager[None]:
    """Return a context with the house style; matplotlib's settings are restored at its end."""
    return mpl.rc_context(cast(Any, STYLE))  # matplotlib's annotation lists all of its settings


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a function that draws under the house style, and leave the settings as they were.

    What it is given is looked at first: `require_given`.
    """

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        require_given(draw, args, kwargs)
        with hidden(), house_style():
            figure = draw(*args, **kwargs)
        tell_pyplot(figure)
        return figure

    return wrapper


def lay_out(figure: Figure) -> None:
    """Give the parts of a figure their places, which else they have when it is drawn.

    Beside a colour bar and above a high legend one pass may leave a title beyond the edge.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        top = figure.bbox.y1
        if any(a.get_title() and a.title.get_window_extent().y1 > top for a in figure.axes):
            engine.execute(figure)


def new_panels(count: int, height: float, margin: float) -> tuple[Figure, int, int]:
    """Return a page-wide figure for panels, three in a row at most, with its rows and columns."""
    columns = min(count, 3)
    rows = -(-count // columns)
    return new_figure(PAGE_WIDTH * max(columns, 2) / 3, margin + height * rows), rows, columns


def labelled(*axes: Axes) -> dict[str, Any]:
    """Return the labelled artists of panels by their labels, the first of each label."""
    handles: dict[str, Any] = {}
    for panel in axes:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    return handles


def legend_below(figure: Figure, *axes: Axes, columns: int = 4, **kwargs: Any) -> None:
    """Put one legend of all labelled artists of `axes` below the figure, clear of the data.

    It has fewer columns than `columns` where those would be wider than the figure.
    """
    handles = labelled(*axes)
    for ncols in range(min(columns, len(handles)), 0, -1):
        legend = figure.legend(
            list(handles.values()),
            list(handles),
            loc="outside lower center",
            ncols=ncols,
            **kwargs,
        )
        if ncols == 1 or legend.get_window_extent().width <= figure.bbox.width:
            show_lines(legend)
            return
        legend.remove()


def show_lines(legend: Legend) -> None:
    """Show lines of a legend thicker and stronger that are thin or faint in the panel."""
    for line in legend.get_lines():
        line.set_linewidth(max(line.get_linewidth(), 1.8))
        line.set_alpha(max(line.get_alpha() or 1.0, 0.6))


def equal_scales(axes: Axes, points: Float[np.ndarray, "... 2"], ratio: float = 1.2) -> None:
    """Show all points, one unit being as long on both axes, in a panel `ratio` as wide as high."""
    flat = points.reshape(-1, 2)
    low, high = flat.min(0), flat.max(0)
    half = 0.55 * max((high - low)[0], ratio * (high - low)[1], np.finfo(float).tiny)
    middle = (low + high) / 2
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] - half / ratio, middle[1] + half / ratio)
    axes.set_aspect("equal", adjustable="box")


def powers_of_ten(axis: Axis, most: int = 7) -> None:
    """Label a logarithmic axis by whole powers of ten, in plain text.

    Matplotlib's own labels are formulas, and setting them takes longer than the whole drawing.
    """
    axis.set_major_locator(LogLocator(numticks=most))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))


def power_of_ten(value: float) -> str:
    """Write a power of ten, such as 10⁻³; another number as it is."""
    exponent = np.log10(value) if value > 0 else np.nan
    if not np.isclose(exponent, np.round(exponent)):
        return f"{value:.2g}"
    digits = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "10" + str(round(float(exponent))).translate(digits)


def choice_colour(choice: int) -> str:
    """Return the colour of a class of answer."""
    return CHOICE_COLOURS[choice % len(CHOICE_COLOURS)]


def choice_name(choice: int) -> str:
    """Return what a class of answer is called; class 0 is the fixation output."""
    return "no choice" if choice == 0 else f"choice {choice}"


def signed(value: float, digits: int = 4) -> str:
    """Return a number with its sign, a true minus, and no sign for zero."""
    return f"{value:+.{digits}g}".replace("-", "−") if value else "0"
