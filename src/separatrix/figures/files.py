"""Writing figures: the same figure gives the same bytes."""

import io
from collections.abc import Iterable
from pathlib import Path

from matplotlib.figure import Figure

from .._types import InvalidInputError
from .style import house_style

FORMATS = ("png", "svg")
DPI = 150
METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
"""Dates and versions of matplotlib would make equal figures differ."""


def save(
    figure: Figure, directory: str | Path, name: str, formats: Iterable[str] = FORMATS
) -> list[Path]:
    """Write a figure as `directory/name.png` (150 dots per inch) and `.svg`; return the paths.

    Raises InvalidInputError for an unknown format or when the files cannot be written.
    """
    paths = []
    with house_style():
        _fix_layout(figure)
        for extension in formats:
            if extension not in METADATA:
                raise InvalidInputError(f"formats are {', '.join(FORMATS)}; got {extension!r}.")
            path = Path(directory) / f"{name}.{extension}"
            try:
                figure.savefig(path, dpi=DPI, metadata=METADATA[extension])
            except OSError as error:
                raise InvalidInputError(
                    f"cannot write {path}: {error.strerror or error}."
                ) from error
            paths.append(path)
    return paths


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as the bytes that `save` writes to its PNG file."""
    buffer = io.BytesIO()
    with house_style():
        _fix_layout(figure)
        figure.savefig(buffer, format="png", dpi=DPI, metadata=METADATA["png"])
    return buffer.getvalue()


def _fix_layout(figure: Figure) -> None:
    """Find the layout once: every format would find it again, at the cost of the drawing itself."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
