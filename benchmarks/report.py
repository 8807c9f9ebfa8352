"""Print the figures as Markdown; with ``--write``, put them into benchmarks/README.md.

Run ``python -m benchmarks.report [--write] [--note TEXT]`` from the root of the repository.
"""

import argparse
from pathlib import Path

from .figures import Figure, load

README = Path(__file__).with_name("README.md")
MARKS = {True: "yes", False: "**no**", None: "–"}
SECTIONS = (
    "From a task to a line attractor",
    "Fixed points that can be trusted",
    "Scaling of the search",
    "Ceilings",
)


def main() -> None:
    """Parse the arguments and speak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace the block in README.md")
    parser.add_argument("--note", default="", help="a sentence that stands before the tables")
    given = parser.parse_args()
    text = markdown(given.note)
    if not given.write:
        print(text)
        return
    page = README.read_text(encoding="utf-8")
    README.write_text(with_block(page, "figures", text), encoding="utf-8")


def with_block(page: str, name: str, text: str) -> str:
    """Return a page with another text in the block of that name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = page.split(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}"


def markdown(note: str = "") -> str:
    """Return machine and tables as Markdown."""
    content = load()
    figures = [Figure(**row) for row in content["figures"].values()]
    names = [*SECTIONS, *sorted({f.section for f in figures} - set(SECTIONS))]
    parts = [note] if note else []
    machine = dict(content["machine"])
    if all(figure.processor for figure in figures):  # each section says its own
        machine.pop("processor", None)
    parts.append("\n".join(f"* {name}: {text}" for name, text in machine.items()))
    for name in names:
        rows = sorted((f for f in figures if f.section == name), key=lambda f: (f.order, f.work))
        if rows:
            parts.append(table(name, rows))
    return "\n\n".join(parts)


def table(section: str, rows: list[Figure]) -> str:
    """Return one section as a Markdown table, under a line that says where and when it is from.

    Rows that are not from where most of them are say so themselves.
    """
    origins = [origin(row) for row in rows]
    usual = max(origins, key=origins.count)
    lines = [f"### {section}", ""]
    lines += [f"Measured on {usual}, unless a row says otherwise.", ""] if usual else []
    lines += ["| work | asked | measured | reached |", "|---|---|---|---|"]
    for row, its_own in zip(rows, origins, strict=True):
        work = row.work if its_own in ("", usual) else f"{row.work} ({its_own})"
        lines.append(
            f"| {work} | {row.asked} | {row.measured} | {MARKS.get(row.reached, row.reached)} |"
        )
    return "\n".join(lines)


def origin(row: Figure) -> str:
    """Say on which processor and when a figure was measured, as far as that is known."""
    return ", ".join(part for part in (row.processor, row.when) if part)


if __name__ == "__main__":
    main()
