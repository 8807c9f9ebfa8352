"""The page: one HTML file that needs nothing but a browser."""

import html
import re
from pathlib import Path
from typing import Any

import numpy as np

from .._checked import checked
from .._files import as_path, written_in_one_piece
from .._types import first_line
from ..store import Run
from ..store.directory import RESULTS
from .answer import details, opening
from .methods import methods
from .pictures import embedded
from .places import MOST
from .points import MAX_POINTS, POINT_COLUMNS, point_rows
from .sections import all_sections
from .statements import statements
from .text_filters import templates


@checked
def write_report(run: Run, path: str | Path, *, figures: str | Path | None = None) -> Path:
    """Write the report of a run to one HTML file and return its path.

    The file contains its pictures and its style, so a browser can open it without an internet
    connection. If the run lacks a record that a figure needs, a sentence at the end of the report
    says so.

    Parameters
    ----------
    run
        What `load_run` returned.
    path
        The path of the file. An existing file is replaced, and never left half written.
    figures
        The folder `figures` in the directory of this run, if `separatrix run` has written it: its
        pictures are then used again. None means that all figures are drawn.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    InvalidInputError
        If the file cannot be written, or if `run` is not a run.

    Examples
    --------
    >>> import tempfile, separatrix as sx
    >>> small = sx.Experiment.named("yang2020").with_changes(
    ...     ["training.steps=4", "network.num_units=8", "analysis.num_trials=4",
    ...      "analysis.test_trials=20", "analysis.num_candidates=4"]
    ... )
    >>> run = sx.run_experiment(small, tempfile.mkdtemp() + "/small", progress=False)
    >>> sx.write_report(run, run.path / "report.html").name
    'report.html'
    """
    import tomli_w

    path = as_path(path)
    points = point_rows(run)
    sections, absent = _sections(run, None if figures is None else Path(figures))
    return write_page(
        path,
        "run.html",
        title=str(run.experiment.get("name", run.path.name)),
        opening=opening(run),
        details=details(run),
        results=[(name, one.summary()) for name, one in run.records.items()],
        statements=statements(run),
        most_states=MOST,
        setup=_setup(run),
        methods=methods(run),
        data=data_of(run),
        sections=sections,
        absent=absent,
        point_columns=POINT_COLUMNS,
        points=points,
        more_points=_left_out(run, len(points)),
        configuration=tomli_w.dumps(run.experiment) if "task" in run.experiment else "",
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
    for section in all_sections():
        view: dict[str, str | int] = {"name": section.name, "title": section.title}
        view["folded"] = section.folded
        try:
            if section.is_shown_in(run):
                text, script = section.caption(run), section.script(run)
                shown = embedded(section, run, directory)
                told.append(view | shown | {"text": text, "alt": _alt(text), "script": script})
            elif (section.of_any or "task" in run.experiment) and (missing := section.missing(run)):
                absent.append(view | {"text": missing})
        except Exception as error:  # the others, and what was computed, are not to be lost
            absent.append(view | {"text": f"This section failed: {first_line(error)}."})
    return told, absent


def data_of(run: Run) -> str:
    """Return the name of the file that holds the records of a run."""
    return RESULTS if "task" in run.experiment else run.path.with_suffix(".nc").name


def _setup(run: Run) -> str:
    """Return what the calls of the page begin with, in words."""
    if "task" not in run.experiment:
        return "run is what sx.make_report returned, and system is the system at that input."
    inputs = run.find("frozen_inputs")
    value = "…" if inputs is None else np.asarray(inputs.values[0]).tolist()
    return (
        "run is what sx.load_run reads from this directory, "
        f"system = run.network.at_input({value}), and key is a random key, on which counts of "
        "trials depend."
    )


def _alt(text: str) -> str:
    """Return the first two sentences of a caption, without tags, which say what is seen."""
    plain = re.sub(r"<dl>.*?</dl>|<[^>]+>", "", html.unescape(text), flags=re.S)
    return " ".join(re.split(r"(?<=[.!?]) ", plain)[:2])


def _left_out(run: Run, shown: int) -> int:
    return 0 if shown < MAX_POINTS else len(run.fixed_points) - shown


def _origin(run: Run) -> list[tuple[str, str]]:
    """Return where the run comes from: seed, date, machine, versions."""
    rows = [("seed", str(run.experiment["seed"]))] if "seed" in run.experiment else []
    names = {"created": "date (UTC)"}
    return rows + [(names.get(key, key), text) for key, text in run.provenance.items()]
