"""Compare the built site with its pages (a part of `make docs`): `python docs/check_site.py site`.

What Sphinx does not take for Markdown becomes text, without a word, even with `-W`. Here each
fence has to be a code block, each heading a heading, each table a table, and no prose may hold what
is left of Markdown. Only the standard library is needed.
"""

import re
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

DOCS = Path(__file__).parent
FENCE = re.compile(r"(?ms)^( *)(`{3,})[^`\n]*\n(.*?)^\1\2`*[ \t]*$")
INDENTED = re.compile(r"(?m)(?<=\n\n)(?: {4}.*\n(?:\n(?= {4}))*)+")
HEADING = re.compile(r"(?m)^#{1,6} +(.*?)#*$")
TABLE = re.compile(r"(?m)^ *\|(?: *:?-+:? *\|)+ *$")
RAW = re.compile(r"(?m)```|\]\(|\]\[|\*\*|^ *(?:#{1,6} |[*+-] |>|\d+\. |\|.*\|$)")
"""What prose does not hold: fences, links, emphasis, and beginnings of headings, lists, tables."""

NOT_PROSE = {"headerlink", "math", "script", "style", "dt", "strong"}
"""Where no Markdown is looked for; names of arguments may begin with two stars."""

VOID = {"img", "br", "hr", "input", "meta", "link", "source", "wbr"}


@dataclass
class Shown(HTMLParser):
    """What the article of a page shows: its headings, code blocks, number of tables, prose."""

    headings: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    tables: int = 0
    within: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element, and a new entry where it is one of those that are counted."""
        if tag in VOID or not (self.within or tag == "article"):
            return
        mark = "headerlink" if ("class", "headerlink") in attrs else tag
        self.within.append(mark)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append("")
        elif tag == "pre":
            self.blocks.append("")
        elif tag in ("p", "li", "td", "div"):
            self.prose.append("")
        self.tables += tag == "table"

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if self.within and tag not in VOID:
            self.within.pop()

    def handle_data(self, data: str) -> None:
        """Add text to the entry that it belongs to; NOT_PROSE and inline code have none."""
        if not self.within or NOT_PROSE & set(self.within):
            return
        if "pre" in self.within:
            self.blocks[-1] += data
        elif any(re.fullmatch("h[1-6]", tag) for tag in self.within):
            self.headings[-1] += data
        elif "code" not in self.within and self.prose:
            self.prose[-1] += data


def letters(text: str) -> str:
    """Return the letters and digits of a text: a heading without its marks, links and formulas."""
    plain = re.sub(r"\]\([^)]*\)|\]\[[^\]]*\]|\$[^$]*\$", "", text)
    return "".join(c for c in plain if c.isalnum())


def defects(shown: Shown, markdown: str | None) -> list[str]:
    """Say where a page differs from its Markdown, which is None where docstrings are its source."""
    raw = [f"raw Markdown: {text.strip()[:60]!r}" for text in shown.prose if RAW.search(text)]
    if markdown is None:
        return raw
    blocks = [found[3] for found in FENCE.finditer(markdown)]
    rest = FENCE.sub("", markdown)
    blocks += INDENTED.findall(rest)
    pairs = {
        "code block": (blocks, shown.blocks, lambda text: "".join(text.split())),
        "heading": (HEADING.findall(rest), shown.headings, letters),
    }
    for what, (written, seen, plain) in pairs.items():
        left, right = ([plain(text) for text in texts] for texts in (written, seen))
        raw += [f"no {what}: {t.strip()[:60]!r}" for t in written if plain(t) not in right]
        raw += [
            f"not written as a {what}: {t.strip()[:60]!r}" for t in seen if plain(t) not in left
        ]
        if len(left) != len(right):
            raw.append(f"{len(right)} {what}s of {len(left)} that are written")
    tables = len(TABLE.findall(rest)) + rest.count("<!-- questions -->")  # which becomes one
    if tables != shown.tables:
        raw.append(f"{shown.tables} tables of {tables} that are written")
    return raw


def source(page: Path) -> Path | None:
    """Return the Markdown of a page, named by its place in the site, or None where it has none."""
    path = DOCS.parent / page.with_suffix(".md")
    return path if path.exists() else None


def read(html: str) -> Shown:
    """Return what a page shows."""
    shown = Shown()
    shown.feed(html)
    return shown


def main(site: Path) -> int:
    """Print what is wrong in a built site; return how many pages are."""
    wrong = 0
    for path in sorted(site.rglob("*.html")):
        page = path.relative_to(site)
        markdown = source(page)
        text = None if markdown is None else markdown.read_text(encoding="utf-8")
        found = defects(read(path.read_text(encoding="utf-8")), text)
        wrong += bool(found)
        for defect in found:
            print(f"{page}: {defect}")  # noqa: T201
    return wrong


if __name__ == "__main__":
    sys.exit(f"{count} pages are broken" if (count := main(Path(sys.argv[1]))) else 0)
