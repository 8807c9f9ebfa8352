"""The page: one HTML file that needs nothing but a browser."""

from pathlib import Path
from typing import Any

from .._files import written_in_one_piece
from ..store import Run
from .answer import sentences
from .numbers import key_numbers, origin
from .pictures import embedded
from .points import MAX_POINTS, POINT_COLUMNS, point_rows
from .sections import SECTIONS
from .story import Story
from .words import templates


def write_report(run: Run, path: str | Path, *, figures: str | Path | None = None) -> Path:
    """Write the report of a run to one HTML file and return its path.

    The file holds its pictures and its style, so it opens from the file system, without a network.
    Where the run lacks what a figure needs, a sentence at the end says so.

    Parameters
    ----------
    run
        What `load_run` returned.
    path
        Where to write; a file that is there is replaced in one piece.
    figures
        The folder of figures that `write_figures` has just written for this run, to save drawing
        them again. None draws them.

    Raises
    ------
    InvalidInputError
        When the file cannot be written.
    """
    import tomli_w

    story, path = Story(run), Path(path)
    points = point_rows(story)
    sections, absent = _sections(story, None if figures is None else Path(figures))
    return write_page(
        path,
        "run.html",
        title=story.name,
        sentences=sentences(story),
        key_numbers=key_numbers(run),
        sections=sections,
        absent=absent,
        point_columns=POINT_COLUMNS,
        points=points,
        more_points=_left_out(story, len(points)),
        configuration=tomli_w.dumps(run.experiment),
        origin=origin(story),
    )


def write_page(path: Path, template: str, **content: Any) -> Path:
    """Fill one of the templates beside this file, write the page in one piece, return its path."""
    page = templates().get_template(template).render(**content)
    with written_in_one_piece(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _sections(
    story: Story, directory: Path | None
) -> tuple[list[dict[str, str | int]], list[dict[str, str | int]]]:
    """Return what the template needs of every section that is shown, and of those that are not.

    A section with nothing to say of what it lacks is left out: a question that was not asked.
    """
    told, absent = [], []
    for section in SECTIONS:
        view: dict[str, str | int] = {"name": section.name, "title": section.title}
        if section.is_shown_in(story):
            view |= embedded(section, story, directory)
            told.append(view | {"text": section.caption(story)})
        elif missing := section.missing(story):
            absent.append(view | {"text": missing})
    return told, absent


def _left_out(story: Story, shown: int) -> int:
    return 0 if story.points is None or shown < MAX_POINTS else len(story.points) - shown
