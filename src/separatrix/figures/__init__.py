"""Figures: functions from records or plain arrays to matplotlib; nothing is computed here.

A single panel is drawn in given axes, `ax=`. Several panels are drawn in a figure or a part of one,
`figure=`. Without these, a new figure has a `width=` in inches, or a journal's "column" (85 mm) or
"page" (180 mm). `legend=` is "inside", "outside" or False. None puts it where there is room. A
record of another kind than a function describes is refused with an `InvalidInputError`. `save`
writes figures.

No function imports pyplot or changes matplotlib's settings, so figures can be made in any program
and in any order; where pyplot was imported and can show figures, it learns of new ones. Matplotlib
is imported when the first figure is asked for.

A phase portrait evaluates the system that it is given, as a plot of a function does. If no
components are chosen, they are those of `sx.project`.
"""

import functools
import importlib
import pkgutil
from typing import Any

from .._names import show_public_names

DPI = 150
"""Dots per inch of the PNG files."""

MOST_LINES = 8
"""With more channels than this a picture of them is easier to read than lines."""


@functools.cache
def _functions() -> dict[str, Any]:
    """Return the functions of all modules, which this imports: those that their `__all__` lists.

    A module bears another name than a function, which it would hide.
    """
    names = (module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f".{name}", __name__) for name in names]
    return {
        name: getattr(module, name) for module in modules for name in getattr(module, "__all__", ())
    }


def __getattr__(name: str) -> Any:
    return sorted(_functions()) if name == "__all__" else _functions()[name]


show_public_names(__name__)
