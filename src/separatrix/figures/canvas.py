"""Canvas of a figure: a new one, given axes, or a part of a figure; and who shows it.

A new figure belongs to whoever asked for it. A notebook shows one that is the last line of a cell,
whether or not pyplot was ever imported; where it was, `plt.show()` shows the figures, too.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Annotated, Any, Literal, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends import BackendFilter, backend_registry
from matplotlib.figure import Figure, FigureBase
from matplotlib.layout_engine import ConstrainedLayoutEngine

from .._checked import Bounds
from .._types import InvalidInputError
from .files import png_bytes

LEAST, MOST = 1.5, 40.0
"""Inches that a figure may be wide."""

Inches = Annotated[float, Bounds(least=LEAST, most=MOST, unit="inches")]
Width = Literal["column", "page"] | Inches | None
"""Of a new figure: inches, "column" (85 mm) or "page" (180 mm) of a journal; None: the usual."""

WIDTHS = {"column": 85 / 25.4, "page": 180 / 25.4}
"""In inches."""

NARROWEST = 2.0
"""Inches that a panel needs beside another one."""

WIDE = 4.5
"""Inches that a figure is wide at least where long names stand at its axes."""

SMALL = 2.2
"""Inches that a panel is wide where there is room for a scale of colors and for long names."""

LETTERING = 0.9
"""Inches of the height of a figure that its letters take, however wide it is."""

_HIDDEN: ContextVar[bool] = ContextVar("hidden", default=False)
"""Whether new figures are kept from pyplot: within others, and in reports."""

_SHOWN_DPI = 100
"""Dots per inch at which a notebook shows a figure when pyplot does not."""


class NewFigure(Figure):
    """A figure that a notebook shows once."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Return the picture and its size on the page; IPython asks where pyplot has not."""
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


def new_figure(
    width: float,
    height: float,
    figure: FigureBase | None = None,
    wanted: Width = None,
    least_share: float = 0.75,
) -> FigureBase:
    """Return the figure that was given, or an empty one whose parts keep clear of one another.

    `width` and `height` are its usual size in inches. Of another width that is `wanted` it is as
    much lower or higher, but for what its letters need, and not below a share of its usual height.
    """
    if figure is not None:
        _refuse_width(wanted, "figure")
        return figure
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    if wanted is None:
        return NewFigure(figsize=(width, height), layout=layout)
    inches = WIDTHS[wanted] if isinstance(wanted, str) else wanted
    share = max(inches / width, least_share)
    return NewFigure(figsize=(inches, LETTERING + (height - LETTERING) * share), layout=layout)


def one_panel(
    width: float,
    height: float,
    ax: Axes | None,
    wanted: Width,
    dimensions: int = 2,
    least_share: float = 0.3,
) -> tuple[FigureBase, Any]:
    """Return the axes that were given and their figure, or axes in a new figure of a usual size."""
    if ax is not None:
        _refuse_width(wanted, "ax")
        return ax.figure, ax
    figure = new_figure(width, height, None, wanted, least_share)
    return figure, figure.add_subplot(projection="3d" if dimensions == 3 else None)


def panels(
    figure: FigureBase,
    count: int,
    across: int = 3,
    spatial: Sequence[bool] = (),
    **kwargs: Any,
) -> list[Any]:
    """Return panels, `across` in a row at most, or as many as there is room for.

    Of several rows each is about as high as the figure is before. Those in `spatial` are in space.
    """
    columns = max(1, min(count, across, int(inches_across(figure) / NARROWEST)))
    cells = np.full((-(-count // columns), columns), -1)
    cells.ravel()[:count] = np.arange(count)
    grow(figure, (len(cells) - 1) * (height_of(figure) - LETTERING / 2))
    space = {k: {"projection": "3d"} for k, is_space in enumerate(spatial) if is_space}
    options: dict[str, Any] = {"empty_sentinel": -1, "per_subplot_kw": space, **kwargs}
    return list(figure.subplot_mosaic(cells.tolist(), **options).values())


def whole(figure: FigureBase) -> Figure:
    """Return the figure that this is, or is a part of."""
    return cast(Figure, figure.figure)


def inches_across(figure: FigureBase) -> float:
    """Return the width of a figure, or of a part of one, in inches."""
    return float(cast(Any, figure).bbox.width / whole(figure).dpi)


def panel_size(axes: Axes) -> tuple[float, float]:
    """Return the width and height in inches of a panel, before a layout makes room for letters."""
    spec, figure = axes.get_subplotspec(), cast(FigureBase, axes.figure)
    place = axes.get_position() if spec is None else spec.get_position(cast(Any, figure))
    return float(place.width) * inches_across(figure), float(place.height) * height_of(figure)


def is_small(axes: Axes) -> bool:
    """Whether a panel that was given is one of three on a page or so, and has no room to spare."""
    return bool(panel_size(axes)[0] < SMALL)


def height_of(figure: FigureBase) -> float:
    """Return the height of a figure, or of a part of one, in inches."""
    return float(cast(Any, figure).bbox.height / whole(figure).dpi)


def grow(figure: FigureBase, inches: float) -> None:
    """Make a figure higher, if its size is no one else's affair."""
    if isinstance(figure, NewFigure) and inches > 0:
        figure.set_figheight(figure.get_figheight() + inches)


def _refuse_width(wanted: Width, given: str) -> None:
    if wanted is not None:
        raise InvalidInputError(
            f"width is the width of a new figure: give {given} or width, not both."
        )


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
