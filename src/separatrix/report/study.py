"""The report of several runs: what the networks have in common, and in what they differ."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from .. import figures
from .._files import as_path
from ..analysis.boundaries.fractions import wilson
from ..analysis.topology.topology import SHAPES
from ..store import Run
from ..store.directory import FIGURES, REPORT
from ..studies import StudyResults, compare
from .answer import summary
from .page import write_page
from .pictures import embedded, png_of, shown
from .section import Section
from .sections import all_sections
from .sections.fixed_point_topology import SECTION as TOPOLOGY

if TYPE_CHECKING:
    import pandas as pd

MEASURES = {
    "score": "score",
    "fixed_points": "fixed points",
    "stable": "stable fixed points",
    "saddles": "saddles",
    "slow_points": "slow points",
    "slowest_time_constant": "slowest time constant\n(ms; negative: of growth)",
    "drift": "drift of what is held",
    "participation_ratio": "participation ratio",
    "largest_exponent": "largest Lyapunov exponent",
}
MOST_GROUPS = 12
MOST_CLASSES = 6
"""Classes of topology that are shown with a picture."""
MOST_ON_MAP = 60
"""Networks whose map is drawn."""
READABLE = 0.72
"""The fraction of its size down to which a picture can be read; it never gets less room."""


def write_study_report(results: StudyResults, path: str | Path) -> Path:
    """Write the report of a study to one HTML file and return its path.

    Where networks differ in their variant alone, it also sets the figures of their runs side by
    side; those that have been drawn are taken.

    Parameters
    ----------
    results
        What `load_study` returned.
    path
        Where to write; an existing file is replaced in one piece.

    Raises
    ------
    InvalidInputError
        When the file cannot be written.
    """
    groups = _groups(results)
    beside = dict(results.runs) if results.varied == ["variant"] else {}
    return write_page(
        as_path(path),
        "study.html",
        title=results.title,
        description="" if results.study is None else results.study.description,
        states=_counts(results.table["state"]),
        answers=[] if beside else list(_answers(groups)),
        summaries={name: summary(run) for name, run in beside.items()},
        sections=list(_sections(beside)),
        independent=results.is_independent,
        groups=[name or "all networks" for name in groups],
        numbers=list(_numbers(groups)),
        classes=list(_classes(results)),
        map=_map(results),
        pictures=list(_pictures(results, groups)),
        failed=[(key, row.state, row.error) for key, row in results.failed.iterrows()],
        columns=list(results.table),
        rows=[(key, [_text(v) for v in row]) for key, row in results.table.iterrows()],
        runs={key: _links(results, key) for key in results.done.index},
    )


def _links(results: StudyResults, key: str) -> dict[str, str]:
    """Return the folder of a network, its page where it is drawn, and the command that draws it."""
    place = results.path_of(key)
    folder = place.relative_to(results.path).as_posix()
    page = f"{folder}/{REPORT}" if (place / REPORT).exists() else ""
    asked = ["report", str(results.path), "--row", key] if results.study else ["report", str(place)]
    return {"folder": folder, "page": page, "command": shlex.join(["separatrix", *asked])}


def _groups(results: StudyResults) -> dict[str, pd.DataFrame]:
    """Return the networks of each variant that are done; where none differ so, all without a name.

    Variants may have different tasks, of which no mean says anything.
    """
    if "variant" not in results.varied:
        return {"": results.done}
    by = results.done.groupby("variant", sort=False)
    return {str(name): rows for name, rows in by}


def _counts(values: pd.Series) -> str:
    return ", ".join(f"{number} {value}" for value, number in values.value_counts().items())


def _answers(groups: dict[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """Yield what is found of the networks of each group."""
    for name, rows in groups.items():
        yield {
            "group": name,
            "verdicts": list(_shares(rows, "held")),
            "cubes": _cubes(rows),
            "sums": next((s for s in _shares(rows, "index_sum") if float(s["what"]) == 1), None),
        }


def _cubes(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Return how many networks have the cube of their bits, and what that is called."""
    found = next((s for s in _shares(rows, "cube") if s["what"]), None)
    if found is None:
        return None
    bits = {str(counts).count("+") for counts in rows["topology"][rows["cube"] == True]}  # noqa: E712
    return found | {"shape": SHAPES.get(min(bits), "hypercube") if len(bits) == 1 else "cube"}


def _shares(done: pd.DataFrame, column: str) -> Iterator[dict[str, Any]]:
    """Yield each value of a column, how many networks have it, and of how many it is not known."""
    if column not in done:
        return
    known = done[column].dropna()
    unknown = len(done) - len(known)
    for value, number in known.value_counts().items():
        share = {"what": value, "unknown": unknown}
        yield share | _share(int(number), len(done), unknown)


def _share(number: int, of: int, unknown: int = 0) -> dict[str, float]:
    """Return a share with its interval (Wilson 1927): whatever the unknown ones are, it holds."""
    low = wilson(np.array([number / of]), np.array([of]))[0]
    high = wilson(np.array([(number + unknown) / of]), np.array([of]))[1]
    return {"number": number, "of": of, "low": float(low[0]), "high": float(high[0])}


def _numbers(groups: dict[str, pd.DataFrame]) -> Iterator[tuple[str, list[str]]]:
    """Yield each measure, and of each group its median and its range."""
    for column, name in MEASURES.items():
        known = [_known(rows, column) for rows in groups.values()]
        if any(len(values) for values in known):
            yield name, [_median_and_range(values) for values in known]


def _known(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return the numbers of a column, which may not be there."""
    return rows.reindex(columns=[column])[column].dropna().astype(float)


def _median_and_range(values: pd.Series) -> str:
    if not len(values):
        return "–"
    spread = f" ({values.min():.4g} to {values.max():.4g})" if len(values) > 1 else ""
    return f"{values.median():.4g}{spread}"


def _classes(results: StudyResults) -> Iterator[dict[str, Any]]:
    """Yield the classes of topology, with the picture of a member of each."""
    if "cube" not in results.done:
        return
    found = compare(results, "topology")
    keys = {name: key for key, name in results.names.items()}
    classes = {keys[name]: n for name, n in zip(found.names, found.cluster.tolist(), strict=True)}
    for number in sorted(set(classes.values()), key=lambda n: (n < 0, n)):
        members = [key for key, each in classes.items() if each == number]
        view: dict[str, Any] = {"picture": "", **_share(len(members), len(classes))}
        view["number"], view["members"] = number + 1, len(members)
        if number >= 0:
            view |= _member(results, members, number < MOST_CLASSES)
        yield view


def _member(results: StudyResults, members: list[str], drawn: bool) -> dict[str, Any]:
    """Return the counts of a class, by the first member whose run holds them, and its picture."""
    run = next((run for run in map(results.run, members) if run.find("topology")), None)
    if run is None:
        return {"counts": "none", "member": members[0], "shape": ""}
    view: dict[str, Any] = {"counts": " + ".join(map(str, run.topology.counts))}
    shape = run.topology.shape if run.topology.is_cube is True else ""
    view |= {"member": run.path.name, "shape": shape}
    return view | (shown(png_of(TOPOLOGY.draw, run)) if drawn and TOPOLOGY.is_shown_in(run) else {})


def _map(results: StudyResults) -> dict[str, Any]:
    """Return the map of the networks by the eigenvalues at their fixed points, and mean distances.

    Nothing where there are too few of them, or so many that a report would take long.
    """
    by = next((name for name in results.varied if name != "seed"), None)
    if not 3 <= len(results.done) <= MOST_ON_MAP or "fixed_points" not in results.done:
        return {}
    found = compare(results, "spectrum", by=by)
    if not np.nansum(found.distances):
        return {}
    means = [
        (" and ".join(dict.fromkeys(pair)) if by else "all", said)
        for pair, said in found.means_in_words.items()
    ]
    picture = shown(png_of(figures.comparison, found))
    return {"by": by, "means": means, "unknown": found.num_unknown, **picture}


def _pictures(results: StudyResults, groups: dict[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """Yield pictures of the measures: by variant, and of each group by each other setting."""
    if "" not in groups:
        yield from _picture(results.done, "variant", "By variant")
    settings = [name for name in results.varied if name not in ("seed", "variant")]
    for setting in settings:
        for name, rows in groups.items():
            yield from _picture(rows, setting, f"{name}: by {setting}" if name else f"By {setting}")
    if "" in groups and not settings:
        yield from _picture(results.done, "", "All networks")


def _picture(done: pd.DataFrame, setting: str, title: str) -> Iterator[dict[str, Any]]:
    """Yield a picture of all measures that differ, by the values of a setting, unless too many."""
    measures = {c: name for c, name in MEASURES.items() if c in done and done[c].nunique() > 1}
    labels = done[setting].map(_text) if setting else done["state"].map(lambda _: "all")
    names = list(dict.fromkeys(labels))
    if not measures or len(names) > MOST_GROUPS:
        return
    values = {
        name: {label: done[column][labels == label].astype(float).to_numpy() for label in names}
        for column, name in measures.items()
    }
    yield {"title": title, **shown(png_of(figures.populations, values))}


def _sections(runs: Mapping[str, Run]) -> Iterator[dict[str, Any]]:
    """Yield the pictures of every section that any run has: one of all runs, or one of each."""
    for section in all_sections():
        told = {name: run for name, run in runs.items() if section.is_shown_in(run)}
        if told:
            pictures = _together(section, told) or _one_by_one(section, told)
            yield {"name": section.name, "title": section.title, "pictures": pictures}


def _together(section: Section, runs: Mapping[str, Run]) -> list[dict[str, Any]]:
    """Return one picture of all runs, where the section has one and they are not all the same."""
    if section.compare is None:
        return []
    same: dict[tuple[bytes, ...], list[str]] = {}
    for name, run in runs.items():
        leaves = jax.tree.leaves([run.records[needed] for needed in section.needs])
        same.setdefault(tuple(np.asarray(leaf).tobytes() for leaf in leaves), []).append(name)
    if len(same) < 2:
        return []
    distinct = {", ".join(names): runs[names[0]] for names in same.values()}
    return [_view(", ".join(runs), shown(png_of(section.compare, distinct)))]


def _one_by_one(section: Section, runs: Mapping[str, Run]) -> list[dict[str, Any]]:
    """Return a picture of each run; what is the same in several is shown once."""
    seen: dict[str | int, dict[str, Any]] = {}
    for name, run in runs.items():
        view = embedded(section, run, run.path / FIGURES)
        if view["picture"] in seen:  # one network in all variants, say
            seen[view["picture"]]["variant"] += f", {name}"
        else:
            seen[view["picture"]] = _view(name, view)
    return list(seen.values())


def _view(variant: str, picture: Mapping[str, str | int]) -> dict[str, Any]:
    return {"variant": variant, "basis": round(READABLE * int(picture["width"])), **picture}


def _text(value: Any) -> str:
    """Write a value of the table."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, dict):
        return ", ".join(
            f"{_text(v)}" if k == "name" else f"{k} {_text(v)}" for k, v in value.items()
        )
    return f"{value:.5g}" if isinstance(value, float) else str(value)
