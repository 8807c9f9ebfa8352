"""Writing figures, each file in one piece: the same figure gives the same bytes.

The canvases are asked to print by themselves: `Figure.savefig` draws every figure that has had a
layout engine twice.
"""

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .._files import written_in_one_piece
from .._types import InvalidInputError, require_kind
from . import DPI
from .style import house_style, lay_out


def _print_png(figure: Figure, file: io.BytesIO) -> None:
    figure.set_dpi(DPI)
    # level 1 packs in half the time of the usual level 6, to 5 % more bytes
    options: dict[str, Any] = {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 1}}
    FigureCanvasAgg(figure).print_png(file, **options)


def _print_svg(figure: Figure, file: io.BytesIO) -> None:
    figure.set_dpi(DPI)  # of the parts that are drawn as pixels
    FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None})


PRINTERS: dict[str, Callable[[Figure, io.BytesIO], None]] = {"png": _print_png, "svg": _print_svg}
"""They leave out dates and versions of matplotlib, which would make equal figures differ."""


def save(
    figure: Figure, directory: str | Path, name: str, formats: Iterable[str] = tuple(PRINTERS)
) -> list[Path]:
    """Write a figure as `directory/name.png` (150 dots per inch) and `.svg`; return the paths.

    A file that is there is replaced in one piece. Raises InvalidInputError for what is no figure,
    for an unknown format, or when the files cannot be written.
    """
    require_kind(figure, Figure, "figure", "what a function of sx.figures gives")
    paths = []
    with house_style():
        _fix_layout(figure)
        for extension in formats:
            if extension not in PRINTERS:
                raise InvalidInputError(f"formats are {', '.join(PRINTERS)}; got {extension!r}.")
            path = Path(directory) / f"{name}.{extension}"
            content = _printed(figure, extension)
            with written_in_one_piece(path) as temporary:
                temporary.write_bytes(content)
            paths.append(path)
    return paths


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as the bytes that `save` writes to its PNG file."""
    with house_style():
        _fix_layout(figure)
        return _printed(figure, "png")


def _printed(figure: Figure, extension: str) -> bytes:
    buffer = io.BytesIO()
    PRINTERS[extension](figure, buffer)
    return buffer.getvalue()


def _fix_layout(figure: Figure) -> None:
    """Find the layout once: every format would find it again, at the cost of the drawing itself."""
    lay_out(figure)
    figure.set_layout_engine("none")
