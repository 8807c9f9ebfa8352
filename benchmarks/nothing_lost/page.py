"""Tables and pictures of docs/benchmark.md, from the figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ..report import with_block
from .figures import GROUPS, OURS, PEERS, TUNING, Figures

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "benchmark.md"
ALL, SOME = "#BFE3D7", LinearSegmentedColormap.from_list("some", ["#F0B37E", "#FBF0DC"])
NOTHING = "#E4E4E4"
"""Where all known points are found, and from none to nearly all."""
HEAD = """| finder, setting | rows | found | false | if q < 10⁻⁹ | certified | complete | time |
|---|---|---|---|---|---|---|---|"""


def write(figures: Figures) -> None:
    """Write all blocks of the page, and the pictures."""
    page = PAGE.read_text(encoding="utf-8")
    for name, text in blocks(figures).items():
        page = with_block(page, name, text)
    PAGE.write_text(page, encoding="utf-8")
    for group in GROUPS:
        picture(figures, group).savefig(DOCS / "assets" / f"benchmark-{group}.png")


def blocks(figures: Figures) -> dict[str, str]:
    """Return what the page says of the figures, by the name of the block."""
    names = {group: [n for n, r in figures.rows.items() if r["group"] == group] for group in GROUPS}
    return {
        "machine": machine(figures),
        "all": table(figures, list(figures.rows)),
        **{group: table(figures, rows) for group, rows in names.items()},
        "missed": missed(figures),
        "tried": tried(figures),
    }


def shown(figures: Figures) -> list[tuple[str, str]]:
    """Return finders with their settings: the defaults, and the best of the others once it has been
    measured on all rows."""
    pairs = []
    for method, (first, *others) in figures.results.items():
        best = figures.best(method, others, TUNING)
        measured = figures.results[method]
        everywhere = best is not None and measured[best].keys() >= measured[first].keys()
        pairs += [(method, first)] + ([(method, best)] if everywhere else [])
    return pairs


def machine(figures: Figures) -> str:
    said = figures.machine
    without = [peer for peer in PEERS if peer not in figures.results]
    return (
        f"Measured on one core of {said['processor']}, which other programs used, too. Therefore "
        f"the times are medians of processor time. There are {len(figures.rows)} rows, and the "
        f"limit is {said['limit']} s of processor time for each row and setting. Versions: "
        f"{said['packages']}." + (f" Not measured yet: {', '.join(without)}." if without else "")
    )


def table(figures: Figures, rows: Sequence[str]) -> str:
    """Return the sums over some rows, a line for each finder and setting."""
    lines = [HEAD]
    for method, setting in shown(figures):
        measured = [r for r in rows if figures.results[method][setting].get(r)]
        if not measured:
            continue
        results = figures.of(method, setting, measured)
        known = sum(figures.rows[row]["known"] for row in measured)
        sums = {key: sum(r[key] for r in results) for key in results[0] if key != "processor"}
        proofs = [f"{sums['certified']:,}", f"{sums['complete']}"] if method == OURS else ["–"] * 2
        cells = [
            f"**{method}**, {setting}",
            f"{len(measured)}",
            f"{sums['found']:,} of {known:,}",
            f"{sums['false']:,}",
            f"{sums['still_found']:,}, {sums['still_false']:,}",
            *proofs,
            f"{median(r['processor'] for r in results):.2g} s"
            + (f", {sums['cut']} cut" if sums["cut"] else ""),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def missed(figures: Figures) -> str:
    """Return the rows where ours does not find all, and points that nobody knew."""
    (setting,) = figures.results[OURS]
    lines = ["| row | found of known | why |", "|---|---|---|"]
    for row, result in figures.results[OURS][setting].items():
        known = figures.rows[row]["known"]
        if result["found"] < known:
            limit = f"the search did not end within {figures.machine['limit']} s"
            why = limit if result["cut"] else "the search does not reach the others"
            lines.append(f"| `{row}` | {result['found']} of {known} | {why} |")
    new = {
        row: f"`{row}` ({result['new']}, {method}, {setting})"
        for method, settings in figures.results.items()
        for setting, results in settings.items()
        for row, result in results.items()
        if result and result["new"]
    }
    outside = "; ".join(new.values()) or "none"
    said = (
        f"Fixed points that a finder found and that are not on the list of known points: {outside}."
    )
    return "\n".join([*lines, "", said])


def tried(figures: Figures) -> str:
    """Return all settings, on the rows that they were tried on."""
    lines = [
        "| finder | setting | rows | found of known | false | found, false if q < 10⁻⁹ |",
        "|---|---|---|---|---|---|",
    ]
    for method, settings in figures.results.items():
        if method == OURS:
            continue
        best = figures.best(method, list(settings)[1:], TUNING)
        for setting in settings:
            measured = [r for r in TUNING if settings[setting].get(r)]
            if not measured or not all(figures.has(method, setting, row) for row in TUNING):
                continue
            results = figures.of(method, setting, measured)
            known = sum(figures.rows[row]["known"] for row in measured)
            name = f"**{setting}**" if setting == best else setting
            found, false, *still = (
                f"{sum(r[k] for r in results):,}"
                for k in ("found", "false", "still_found", "still_false")
            )
            counts = [f"{found} of {known}", false, ", ".join(still)]
            lines.append(f"| {method} | {name} | {len(measured)} | {' | '.join(counts)} |")
    return "\n".join(lines)


def picture(figures: Figures, group: str) -> Figure:
    """Draw a table: rows of a group, finders at their best setting; what is lost, what is false."""
    rows = [name for name, row in figures.rows.items() if row["group"] == group]
    last = {  # the best of the others stands after the defaults
        method: setting
        for method, setting in shown(figures)
        if any(figures.results[method][setting].get(row) for row in rows)
    }
    height = 0.155 * len(rows) + 0.75
    figure = Figure(figsize=(7.4, height), dpi=140)
    axes = figure.add_axes((0.2, 0.02, 0.79, 1 - 0.75 / height))
    for y, row in enumerate(rows):
        for x, (method, setting) in enumerate(last.items()):
            cell(axes, x, y, figures.results[method][setting].get(row), figures.rows[row]["known"])
    names = [f"{m}\n{_folded(s)}" for m, s in last.items()]
    axes.set_xticks(range(len(last)), names, fontsize=5.2)
    axes.set_yticks(range(len(rows)), rows, fontsize=6)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.set(xlim=(-0.5, len(last) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.spines[:].set_visible(False)
    return figure


def cell(axes: Axes, x: int, y: int, result: dict[str, Any] | None, known: int) -> None:
    """Draw how many of the known points are found, and the false ones."""
    if result is None:
        return
    color = ALL if result["found"] == known else SOME(result["found"] / known)
    if result["cut"] and not result["reported"]:
        color = NOTHING
    axes.fill_between([x - 0.49, x + 0.49], y - 0.46, y + 0.46, color=color, linewidth=0)
    text = f"{result['found']}/{known}" + ("…" if result["cut"] else "")
    axes.text(x - 0.12, y, text, ha="right", va="center", fontsize=5.5, color="#222222")
    if result["false"]:
        false = f"+{result['false']} false"
        axes.text(
            x - 0.07, y, false, ha="left", va="center", fontsize=5.5, color="#A33C00", weight="bold"
        )


def _folded(text: str, width: int = 24) -> str:
    """Return a text in short lines."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
