"""Where a figure is drawn: in a new one, in given axes, or in a part of a figure; and who shows it.

A new figure belongs to whoever asked for it. A notebook shows one that is the last line of a cell,
whether or not pyplot was ever imported; where it was, `plt.show()` shows the figures, too.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from matplotlib.backends import BackendFilter, backend_registry
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

_HIDDEN: ContextVar[bool] = ContextVar("hidden", default=False)
"""Whether new figures are kept from pyplot: within others, and in reports."""

_SHOWN_DPI = 100
"""Dots per inch at which a notebook shows a figure when pyplot does not."""


class NewFigure(Figure):
    """A figure that a notebook shows once."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Return the picture and its size on the page; IPython asks where pyplot has not."""
        from .files import png_bytes

        width, height = self.get_size_inches()
        size = {"width": round(_SHOWN_DPI * width), "height": round(_SHOWN_DPI * height)}
        return png_bytes(self), size

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Add nothing, but let pyplot forget a figure that is being shown as a value.

        Its inline backend would show the same picture again at the end of the cell.
        """
        plt = sys.modules.get("matplotlib.pyplot")
        if plt is not None and "inline" in plt.get_backend():
            plt.close(self)
        return {}


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches whose parts keep clear of one another."""
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    return NewFigure(figsize=(width, height), layout=layout)


@contextlib.contextmanager
def hidden() -> Iterator[None]:
    """Keep the figures that are made within from pyplot, which would hold and show them."""
    token = _HIDDEN.set(True)
    try:
        yield
    finally:
        _HIDDEN.reset(token)


def tell_pyplot(figure: Figure) -> None:
    """Let `plt.show()` show a new figure, where pyplot was imported and can show anything.

    A backend that only writes files would but keep every figure in memory.
    """
    plt: Any = sys.modules.get("matplotlib.pyplot")
    if plt is None or _HIDDEN.get() or not isinstance(figure, NewFigure):
        return
    if threading.current_thread() is not threading.main_thread():
        return  # windows belong to the main thread
    if plt.get_backend().lower() in backend_registry.list_builtin(BackendFilter.NON_INTERACTIVE):
        return
    try:
        plt.figure(figure)
    except ValueError:  # matplotlib before 3.11 takes no figure that it has not made
        number = max(plt.get_fignums(), default=0) + 1
        manager = plt._get_backend_mod().new_figure_manager_given_figure(number, figure)
        plt._pylab_helpers.Gcf._set_new_active_manager(manager)
