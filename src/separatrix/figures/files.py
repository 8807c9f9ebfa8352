"""Writing figures, each file in one piece: the same figure gives the same bytes.

The canvases are asked to print by themselves: `Figure.savefig` draws every figure that has had a
layout engine twice.
"""

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .._checked import checked
from .._files import as_path, written_in_one_piece
from .._types import InvalidInputError
from . import DPI
from .style import house_style, lay_out

__all__ = ["save"]


def _print_png(figure: Figure, file: io.BytesIO) -> None:
    # level 1 packs in half the time of the usual level 6, to 5 % more bytes
    options: dict[str, Any] = {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 1}}
    FigureCanvasAgg(figure).print_png(file, **options)


def _print_svg(figure: Figure, file: io.BytesIO) -> None:
    FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None})


def _print_pdf(figure: Figure, file: io.BytesIO) -> None:
    from matplotlib.backends.backend_pdf import FigureCanvasPdf  # brings fontTools, slow to import

    without = dict.fromkeys(("CreationDate", "Creator", "Producer"))
    FigureCanvasPdf(figure).print_pdf(file, metadata=without)


PRINTERS: dict[str, Callable[[Figure, io.BytesIO], None]] = {
    "png": _print_png,
    "svg": _print_svg,
    "pdf": _print_pdf,
}
"""They leave out dates and versions of matplotlib, which would make equal figures differ."""

USUAL = ("png", "svg")


@checked
def save(
    figure: Figure,
    directory: str | Path,
    name: str | None = None,
    formats: Iterable[str] = USUAL,
) -> list[Path]:
    """Write a figure as `directory/name.png` (150 dots per inch) and `.svg`; return the paths.

    In SVG and PDF files, text is not converted to outlines, so other programs can edit it. An
    existing file is replaced, and never left half written.

    Parameters
    ----------
    figure
        A figure, as the functions of `sx.figures` return it.
    directory
        The folder. If `name` is not given, this is the path of the file itself, such as
        "figure.pdf". Its ending is the format, and only this file is written.
    name
        The name of the files, without an ending such as `.png`.
    formats
        The formats to write if `name` is given: one or more of "png", "svg" and "pdf".

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    InvalidInputError
        If `figure` is not a figure, if a format is unknown, or if the files cannot be written.

    Examples
    --------
    >>> import tempfile, separatrix as sx
    >>> figure = sx.figures.trials(sx.tasks.FlipFlop())
    >>> [path.name for path in sx.figures.save(figure, tempfile.mkdtemp(), "flip-flop")]
    ['flip-flop.png', 'flip-flop.svg']
    """
    folder = as_path(directory)
    extensions = [folder.suffix[1:].lower()] if name is None else list(formats)
    require_formats(extensions)
    if name is None:
        folder, name = folder.parent, folder.stem
    paths = []
    with _as_printed(figure):
        for extension in extensions:
            path = as_path(folder / f"{name}.{extension}")
            content = _printed(figure, extension)
            with written_in_one_piece(path) as temporary:
                temporary.write_bytes(content)
            paths.append(path)
    return paths


def require_formats(formats: Iterable[str]) -> None:
    """Raise InvalidInputError for a format that figures are not written in."""
    for extension in formats:
        if extension not in PRINTERS:
            raise InvalidInputError(f"formats are {', '.join(PRINTERS)}; got {extension!r:.60}.")


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as the bytes that `save` writes to its PNG file."""
    with _as_printed(figure):
        return _printed(figure, "png")


def _printed(figure: Figure, extension: str) -> bytes:
    buffer = io.BytesIO()
    figure.set_dpi(DPI)  # in SVG and PDF, of the parts that are drawn as pixels
    PRINTERS[extension](figure, buffer)
    return buffer.getvalue()


@contextlib.contextmanager
def _as_printed(figure: Figure) -> Iterator[None]:
    """Find the layout once: every format would find it again, at the cost of the drawing itself.

    Afterwards the figure is as it was: it may be shown on a screen, or changed.
    """
    canvas, dpi, engine = figure.canvas, figure.get_dpi(), figure.get_layout_engine()
    with house_style():
        lay_out(figure)
        figure.set_layout_engine("none")
        try:
            yield
        finally:
            figure.set_canvas(canvas)
            figure.set_dpi(dpi)
            figure.set_layout_engine(engine or "none")
