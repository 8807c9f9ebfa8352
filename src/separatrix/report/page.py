"""The page: one HTML file that needs nothing but a browser."""

from pathlib import Path
from typing import Any

from .._files import written_in_one_piece
from ..store import Run
from .answer import sentences
from .pictures import embedded
from .points import MAX_POINTS, POINT_COLUMNS, point_rows
from .sections import SECTIONS
from .text_filters import templates


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

    path = Path(path)
    points = point_rows(run)
    sections, absent = _sections(run, None if figures is None else Path(figures))
    return write_page(
        path,
        "run.html",
        title=str(run.experiment.get("name", run.path.name)),
        sentences=sentences(run),
        results=[(name, one.summary()) for name, one in run.records.items()],
        sections=sections,
        absent=absent,
        point_columns=POINT_COLUMNS,
        points=points,
        more_points=_left_out(run, len(points)),
        configuration=tomli_w.dumps(run.experiment),
        origin=_origin(run),
    )


def write_page(path: Path, template: str, **content: Any) -> Path:
    """Fill one of the templates beside this file, write the page in one piece, return its path."""
    page = templates().get_template(template).render(**content)
    with written_in_one_piece(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _sections(
    run: Run, directory: Path | None
) -> tuple[list[dict[str, str | int]], list[dict[str, str | int]]]:
    """Return what the template needs of every section that is shown, and of those that are not.

    A section with nothing to say of what it lacks is left out: a question that was not asked.
    """
    told, absent = [], []
    for section in SECTIONS:
        view: dict[str, str | int] = {"name": section.name, "title": section.title}
        if section.is_shown_in(run):
            view |= embedded(section, run, directory)
            told.append(view | {"text": section.caption(run)})
        elif missing := section.missing(run):
            absent.append(view | {"text": missing})
    return told, absent


def _left_out(run: Run, shown: int) -> int:
    return 0 if shown < MAX_POINTS else len(run.fixed_points) - shown


def _origin(run: Run) -> list[tuple[str, str]]:
    """Return where the run comes from: seed, date, machine, versions."""
    rows = [("seed", str(run.experiment["seed"]))] if "seed" in run.experiment else []
    names = {"created": "date (UTC)"}
    return rows + [(names.get(key, key), text) for key, text in run.provenance.items()]
