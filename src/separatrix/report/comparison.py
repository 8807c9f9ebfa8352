"""The page that sets a few runs side by side, such as those of an experiment's variants."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ..store import Run
from ..store.directory import FIGURES, REPORT
from .answer import sentences
from .numbers import key_numbers
from .page import write_page
from .pictures import embedded, shown
from .section import Section
from .sections import SECTIONS
from .story import Story

READABLE = 0.72
"""The fraction of its size down to which a picture can be read; it never gets less room."""


def write_comparison(
    title: str,
    description: str,
    runs: Mapping[str, Run],
    path: str | Path,
    missing: Sequence[str] = (),
) -> Path:
    """Write one HTML file with the key numbers and the figures of several runs, side by side.

    It holds its pictures, and links to the report of each run.

    Parameters
    ----------
    title, description
        What the experiment is called and what it shows.
    runs
        The runs by name; where their figures have been drawn, those are taken.
    path
        Where to write; a file that is there is replaced in one piece.
    missing
        The names of those that have no run, which the page says.

    Raises
    ------
    InvalidInputError
        When the file cannot be written.
    """
    stories = {name: Story(run) for name, run in runs.items()}
    return write_page(
        Path(path),
        "comparison.html",
        title=title,
        description=description,
        missing=", ".join(missing),
        names=list(stories),
        reports={name: _link(run.path / REPORT, Path(path)) for name, run in runs.items()},
        summaries={name: sentences(story) for name, story in stories.items()},
        rows=list(_rows(runs)),
        sections=list(_sections(stories)),
    )


def _link(file: Path, page: Path) -> str:
    return os.path.relpath(file, page.parent)


def _rows(runs: Mapping[str, Run]) -> Iterator[tuple[str, list[str]]]:
    """Yield every key number that any run has, with its value in each."""
    numbers = {name: dict(key_numbers(run)) for name, run in runs.items()}
    for what in dict.fromkeys(what for rows in numbers.values() for what in rows):
        yield what, [rows.get(what, "–") for rows in numbers.values()]


def _sections(stories: Mapping[str, Story]) -> Iterator[dict[str, Any]]:
    """Yield the pictures of every section that any run has: one of all runs, or one of each."""
    for section in SECTIONS:
        told = {name: story for name, story in stories.items() if section.is_shown_in(story)}
        if not told:
            continue
        together = _together(section, told)
        pictures = [together] if together else _one_by_one(section, told)
        yield {"name": section.name, "title": section.title, "pictures": pictures}


def _together(section: Section, stories: Mapping[str, Story]) -> dict[str, Any] | None:
    """Return one picture of all runs, where the section has one and they are not all the same."""
    if section.compare is None:
        return None
    same: dict[tuple[bytes, ...], list[str]] = {}
    for name, story in stories.items():
        same.setdefault(_content(section, story), []).append(name)
    if len(same) < 2:
        return None
    from ..figures.canvas import hidden
    from ..figures.files import png_bytes

    distinct = {", ".join(names): stories[names[0]] for names in same.values()}
    with hidden():
        return _view(", ".join(stories), shown(png_bytes(section.compare(distinct))))


def _content(section: Section, story: Story) -> tuple[bytes, ...]:
    """Return the bytes of all that a section draws of a run."""
    records = [story.get(needed) for needed in section.needs]
    return tuple(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(records))


def _one_by_one(section: Section, stories: Mapping[str, Story]) -> list[dict[str, Any]]:
    """Return a picture of each run; what is the same in several is shown once."""
    seen: dict[str | int, dict[str, Any]] = {}
    for name, story in stories.items():
        view = embedded(section, story, story.run.path / FIGURES)
        if view["picture"] in seen:  # one network in all variants, say
            seen[view["picture"]]["variant"] += f", {name}"
        else:
            seen[view["picture"]] = _view(name, view)
    return list(seen.values())


def _view(variant: str, picture: Mapping[str, str | int]) -> dict[str, Any]:
    return {"variant": variant, "basis": round(READABLE * int(picture["width"])), **picture}
