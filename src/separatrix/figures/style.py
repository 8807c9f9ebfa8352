"""How all figures look: one palette, one set of sizes, applied without touching global settings."""

from contextlib import AbstractContextManager
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from cycler import cycler
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

# Okabe & Ito's palette: told apart by readers with any of the common color deficiencies
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, BLACK = "#56B4E9", "#E69F00", "#000000"
GRAY, LIGHT_GRAY, INK = "#8A8A8A", "#D2D2D2", "#222222"

CHOICE_COLORS = (GRAY, BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE, BLACK)
"""Color of each class of answer; class 0, fixation, is gray."""

SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#8F3B00", VERMILLION, "#EDB48C", "#9A9A9A", "#8CC0E2", BLUE, "#00466F"]
)
"""Diverging colors in the hues of choices 1 (positive) and 2 (negative), gray at zero."""

EXCITATION = LinearSegmentedColormap.from_list(
    "excitation", ["#6E2C55", PURPLE, "#EBD0DF", "#F7F7F7", "#BFE3D7", GREEN, "#00513B"]
)
"""Diverging colors of weights, excitation green and inhibition purple: no hues of choices."""

BOUNDARY = PURPLE
"""Of what separates basins; the colors of points and of choices mean other things."""

PAGE_WIDTH = 7.4
"""The widest in inches that a page shows at full size; letters of wider figures shrink."""

SCALED = {"lines.linewidth": 1.5, "lines.markersize": 5.0}
"""Widths of lines and sizes of markers where a figure sets no others; see `_scale`."""

SIZES = {
    "axes.titlesize": 9.5 / 9,
    "axes.labelsize": 1.0,
    "xtick.labelsize": 8.5 / 9,
    "ytick.labelsize": 8.5 / 9,
    "legend.fontsize": 8.5 / 9,
}
"""Of letters, in those of `font.size`."""

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 9.0,
    "axes.prop_cycle": cycler(color=[BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE]),
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    **SCALED,
    "svg.fonttype": "none",  # text stays text: small files, and a journal can set its own font
    "pdf.fonttype": 42,  # of the usual kind, 3, other programs cannot edit the text
    "svg.hashsalt": "separatrix",  # the same figure gives the same bytes
}


def house_style() -> AbstractContextManager[None]:
    """Return a context with the house style; matplotlib's settings are restored at its end.

    What whoever asks for a figure has changed of matplotlib's settings stays: by `rcParams`, by a
    style, or by a file. Lines and markers are drawn in the house's sizes, and `_scale` them.
    """
    # as dictionaries, for matplotlib's annotation lists all of its settings
    now, usual = cast(dict, mpl.rcParams), cast(dict, mpl.rcParamsDefault)
    changed = {key for key in STYLE if now[key] != usual[key]} - SCALED.keys()
    if now["font.sans-serif"] != usual["font.sans-serif"]:
        changed.add("font.family")
    base = now["font.size"] if "font.size" in changed else STYLE["font.size"]
    sizes = {key: share * base for key, share in SIZES.items() if now[key] == usual[key]}
    kept = {key: value for key, value in STYLE.items() if key not in changed}
    return mpl.rc_context(cast(Any, kept | sizes))


def ink() -> str:
    """Return the color of letters, of which lines are that mean nothing else."""
    return to_hex(mpl.rcParams["text.color"])


def paper() -> str:
    """Return the color of what is drawn on."""
    face = mpl.rcParams["axes.facecolor"]
    return mpl.rcParams["figure.facecolor"] if face == "none" else face


def tint(color: str, share: float) -> str:
    """Return the paper's color with a share of another one."""
    mixed = (1 - share) * np.array(to_rgb(paper())) + share * np.array(to_rgb(color))
    return to_hex((mixed[0], mixed[1], mixed[2]))


def cycle(number: int) -> str:
    """Return a color that only tells one thing from another: one of the style's, in turn."""
    return to_hex(f"C{number}")


def sequential() -> Colormap:
    """Return the colors of values that are more or less."""
    return mpl.colormaps[mpl.rcParams["image.cmap"]]


def letters(size: float) -> float:
    """Return a size of letters, which is `size` where letters have their usual size."""
    return size / STYLE["font.size"] * mpl.rcParams["font.size"]


def lay_out(figure: FigureBase) -> None:
    """Give the parts of a figure their places, which else they have when it is drawn.

    Beside a color bar and above a high legend one pass may leave a title beyond the edge.
    """
    figure = cast(Figure, figure.figure)  # which it may be a part of
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        top = figure.bbox.y1
        if any(a.get_title() and a.title.get_window_extent().y1 > top for a in figure.axes):
            engine.execute(figure)


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


def shades_of(values: Float[np.ndarray, " value"]) -> np.ndarray:
    """Return a diverging color for each signed value, by its rank among all of their sizes.

    Levels of evidence are often powers of two: their ranks spread over the colors.
    """
    strength = np.abs(values)
    ranks = np.sign(values) * np.searchsorted(np.unique(np.append(strength, 0)), strength)
    return SIGNED(0.5 + 0.5 * ranks / max(1, np.abs(ranks).max(initial=0)))


def choice_color(choice: int) -> str:
    """Return the color of a class of answer."""
    return CHOICE_COLORS[choice % len(CHOICE_COLORS)]


def choice_name(choice: int) -> str:
    """Return what a class of answer is called; class 0 is the fixation output."""
    return "no choice" if choice == 0 else f"choice {choice}"


def signed(value: float, digits: int = 4) -> str:
    """Return a number with its sign, a true minus, and no sign for zero."""
    return f"{value:+.{digits}g}".replace("-", "−") if value else "0"
