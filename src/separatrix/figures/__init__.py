"""Figures: functions that draw records or plain arrays with matplotlib. Nothing is computed here.

A function that draws a single panel takes axes to draw in, `ax=`. A function that draws several
panels takes a figure or a part of one, `figure=`. Without these, a new figure is made. The width of
a new figure, `width=`, is a number of inches, or a journal's "column" (85 mm) or "page" (180 mm).
`legend=` is "inside", "outside" or False; None puts the legend where there is room. A function that
is given the wrong kind of record raises `InvalidInputError`. `save` writes figures to files.

No function imports pyplot or changes matplotlib's settings, so figures can be made in any program
and in any order. If pyplot was imported and can show figures, it shows the new figures, too.
Matplotlib is imported when the first figure is drawn.

One figure needs more than a record: a phase portrait evaluates the system that it is given. Figures
of the state space project states on a few directions, `components=`, such as those that
`sx.project` returns. If there are only two or three units, you may leave `components` out: then the
units are the directions. If there are more units, give `components`, or pass `ax=`: in given axes,
None means the directions of `sx.project`.
"""

import functools
from typing import Any

from .._names import modules_of, show_public_names

DPI = 150
"""Dots per inch of the PNG files."""

MOST_LINES = 8
"""With more channels than this a picture of them is easier to read than lines."""


@functools.cache
def _functions() -> dict[str, Any]:
    """Return the functions of all modules, which this imports: those that their `__all__` lists.

    A module bears another name than a function, which it would hide.
    """
    return {
        name: getattr(module, name)
        for module in modules_of("figures", "classics.figures")
        for name in getattr(module, "__all__", ())
    }


def __getattr__(name: str) -> Any:
    return sorted(_functions()) if name == "__all__" else _functions()[name]


show_public_names(__name__)
