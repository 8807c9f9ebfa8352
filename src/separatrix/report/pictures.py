"""The figures of a run, as files and within its report."""

import base64
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from .. import figures
from .._files import as_path, cannot_write
from .._stopping import stop_if_asked
from ..store import Run
from ..store.directory import FIGURES
from .section import Figure, Section
from .sections import shown_sections

SHOWN_PIXELS_PER_INCH = 108
"""Makes letters of 9 points in a figure about as large as those of its caption."""


def write_figures(
    run: Run,
    directory: str | Path,
    *,
    formats: Collection[str] = ("png", "svg"),
) -> list[Path]:
    """Write every figure that a run has the records for, as PNG and SVG; return the paths.

    They go to the folder `figures` of `directory`, as in a run directory. `formats` may be others,
    such as "pdf". Raises InvalidInputError when the folder cannot be made or written, or for an
    unknown format.
    """
    from ..figures.canvas import hidden
    from ..figures.files import require_formats

    require_formats(formats)
    folder = as_path(directory) / FIGURES
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    paths: list[Path] = []
    for section in shown_sections(run):
        stop_if_asked()
        with hidden():
            figure = section.draw(run)
        paths += figures.save(figure, folder, section.name, formats)
    return paths


def embedded(section: Section, run: Run, directory: Path | None) -> dict[str, str | int]:
    """Return a section's picture as an address that holds it, and the width to show it at."""
    return shown(_picture(section, run, directory))


def shown(png: bytes) -> dict[str, str | int]:
    """Return a PNG file as an address that holds it, and the width to show it at."""
    encoded = base64.b64encode(png).decode("ascii")
    return {"picture": f"data:image/png;base64,{encoded}", "width": _shown_width(png)}


def _picture(section: Section, run: Run, directory: Path | None) -> bytes:
    """Return a section's figure as a PNG file."""
    drawn = None if directory is None else directory / f"{section.name}.png"
    if drawn is not None and drawn.is_file():
        return drawn.read_bytes()
    return png_of(section.draw, run)


def png_of(draw: Callable[..., Figure], *given: Any) -> bytes:
    """Draw a figure of what is given, which no window shows, and return it as a PNG file."""
    from ..figures.canvas import hidden
    from ..figures.files import png_bytes

    with hidden():
        return png_bytes(draw(*given))


def _shown_width(png: bytes) -> int:
    """Return a width in CSS pixels at which the letters of all figures have one size."""
    pixels = int.from_bytes(png[16:20], "big")  # where every PNG file says its width
    return round(pixels / figures.DPI * SHOWN_PIXELS_PER_INCH)
