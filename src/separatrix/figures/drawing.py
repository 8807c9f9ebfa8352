"""The house style of every function that draws."""

import functools
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, cast

import matplotlib as mpl
import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from .._checked import checked
from .canvas import WIDE, NewFigure, hidden, tell_pyplot
from .style import SCALED, house_style, lay_out

P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a function that draws under the house style, and leave the settings as they were."""

    @checked
    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        given: Any = kwargs.get("ax") or kwargs.get("figure")
        wide, large = map(_enlargement, SCALED)
        is_scaled = not wide == large == 1
        before = _marks(given.figure.figure) if is_scaled and given is not None else []
        with hidden(), house_style():
            figure = draw(*args, **kwargs)
            in_space = any(axes.name == "3d" for axes in figure.axes)
            if isinstance(figure, NewFigure) and (in_space or figure.get_figwidth() < WIDE):
                lay_out(figure)  # one pass is not enough where letters take much of the room
        if is_scaled:
            _scale(set(_marks(figure)).difference(before), wide, large)
        tell_pyplot(figure)
        return figure

    return wrapper


def _marks(figure: Figure) -> list[Any]:
    """Return the lines, and what is drawn like them, of all panels and legends."""
    panels = [mark for axes in figure.axes for mark in (*axes.lines, *axes.collections)]
    legends = [axes.get_legend() for axes in figure.axes] + figure.findobj(Legend)
    return panels + [line for legend in legends if legend for line in legend.get_lines()]


def _enlargement(setting: str) -> float:
    """Return how much larger a setting of lines or markers is than the usual one."""
    now, usual = cast(dict, mpl.rcParams), cast(dict, mpl.rcParamsDefault)
    return now[setting] / usual[setting]


def _scale(marks: Iterable[Any], wide: float, large: float) -> None:
    """Make lines so much wider, and markers so much larger."""
    for mark in marks:
        if isinstance(mark, Line2D):
            mark.set_linewidth(wide * mark.get_linewidth())
            mark.set_markersize(large * mark.get_markersize())
            continue
        mark.set_linewidth(wide * np.asarray(mark.get_linewidth()))
        if isinstance(mark, PathCollection):
            mark.set_sizes(large**2 * mark.get_sizes())


def error_bars(value: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return how far an interval goes below and above a value, as `Axes.errorbar` takes it."""
    return np.maximum([value - low, high - value], 0)
