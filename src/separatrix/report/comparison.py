"""The page that sets the runs of one experiment's variants side by side."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..store import Run
from ..store.directory import FIGURES, REPORT
from .page import embedded, write_page
from .sections import SECTIONS
from .story import Story
from .tables import key_numbers, summary

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

    It holds its pictures, and links to the report of each run, in the folder of its name beside it.

    Parameters
    ----------
    title, description
        What the experiment is called and what it shows.
    runs
        The runs by name; where their figures have been drawn, those are taken.
    path
        Where to write; a file that is there is replaced in one piece.
    missing
        Variants that have no run, which the page says.

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
        reports={name: f"{name}/{REPORT}" for name in stories},
        summaries={name: summary(story) for name, story in stories.items()},
        rows=list(_rows(runs)),
        sections=list(_sections(stories)),
    )


def _rows(runs: Mapping[str, Run]) -> Iterator[tuple[str, list[str]]]:
    """Yield every key number that any run has, with its value in each."""
    numbers = {name: dict(key_numbers(run)) for name, run in runs.items()}
    for what in dict.fromkeys(what for rows in numbers.values() for what in rows):
        yield what, [rows.get(what, "–") for rows in numbers.values()]


def _sections(stories: Mapping[str, Story]) -> Iterator[dict[str, Any]]:
    """Yield the pictures of every section that any run has."""
    for section in SECTIONS:
        seen: dict[str | int, dict[str, Any]] = {}
        for name, story in stories.items():
            if not section.is_told_by(story):
                continue
            view = embedded(section, story, story.run.path / FIGURES)
            if view["picture"] in seen:  # one network in all variants, say
                seen[view["picture"]]["variant"] += f", {name}"
            else:
                basis = round(READABLE * int(view["width"]))
                seen[view["picture"]] = {"variant": name, "basis": basis, **view}
        if seen:
            yield {"name": section.name, "title": section.title, "pictures": list(seen.values())}
