"""The pages of the site, written into a folder: `python docs/pages.py FOLDER`.

The pages stay readable as they are, in a repository's browser. In the folder
* they, and what they link to, lie as in the repository, so that their links stay as they are;
* pictures are drawn by the code of the pages that show them (pictures.py);
* the lists of docs/index.md become the navigation: a page for each section with several pages;
* each topic of reference/api.md becomes a page with the whole docstrings of its names, to which
  come the tasks and the networks;
* the questions of an experiment's file are put in a table.
"""

import functools
import inspect
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from pictures import drawn_by

import separatrix
from separatrix.experiment import all_questions

DOCS = Path(__file__).parent
ROOT = DOCS.parent
INDEX = DOCS / "index.md"
NAMES = DOCS / "reference" / "api.md"
DOCSTRINGS = NAMES.parent / "docstrings"
LISTED = {"Tasks": "sx.tasks.", "Networks": "sx.networks."}
"""Topics with a page of their own, whose first table lists more names, without this prefix."""

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAME = re.compile(r"(?m)^\| `([\w.]+)` \| (.*) \|$")


def main(folder: Path) -> None:
    """Write the pages, and what they show and link to."""
    shutil.rmtree(folder, ignore_errors=True)
    files = {path: path for path in reached()}
    for page in DOCS.rglob("*.md"):
        for name, picture in drawn_by(page).items():
            if files.setdefault(page.parent / name, picture) != picture:
                raise FileExistsError(f"{page.name} draws {name}, which another page draws, too.")
    for path, source in files.items():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    for path, text in written().items():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")


def reached() -> set[Path]:
    """Return the pages, and all files that they link to, and those that these link to."""
    found: set[Path] = set()
    new = set(DOCS.rglob("*.md"))
    while new:
        found |= new
        new = {to for path in new if path.suffix == ".md" for to in targets(path)} - found
    return found


def targets(page: Path) -> list[Path]:
    """Return the files of the repository that a page links to."""
    links = LINK.findall(page.read_text(encoding="utf-8"))
    paths = [(page.parent / link).resolve() for link in links if "://" not in link]
    return [path for path in paths if path.is_file() and path.is_relative_to(ROOT)]


def written() -> dict[Path, str]:
    """Return the texts that are not those of the repository."""
    texts, entries = {}, []
    for title, text in parts(INDEX):
        pages = [link for link in LINK.findall(text) if link.endswith(".md")]
        if not re.search(r"(?m)^\* \[", text):  # not a list of pages
            continue
        name = title.lower().replace(" ", "-")
        entries.append(f"{title} <{pages[0] if len(pages) == 1 else name}>")
        if len(pages) > 1:
            texts[DOCS / f"{name}.md"] = f"# {title}\n{text}\n{navigation(pages)}"
    texts[INDEX] = INDEX.read_text("utf-8") + navigation(entries)
    topics = {title.lower().replace(" ", "-"): (title, text) for title, text in parts(NAMES)}
    texts[NAMES] = NAMES.read_text("utf-8") + navigation([f"docstrings/{name}" for name in topics])
    for name, topic in topics.items():
        texts[DOCSTRINGS / f"{name}.rst"] = docstrings(*topic)
    file = DOCS / "reference" / "experiment-file.md"
    texts[file] = file.read_text("utf-8").replace("<!-- questions -->", questions())
    return texts


def parts(page: Path) -> list[tuple[str, str]]:
    """Return the headings of a page, each with its text."""
    found = re.split(r"(?m)^## (.*)$", page.read_text(encoding="utf-8"))[1:]
    return list(zip(found[::2], found[1::2], strict=True))


def navigation(entries: list[str]) -> str:
    """Return the entries below a page in the navigation."""
    return "\n".join(["", "```{toctree}", ":hidden:", "", *entries, "```", ""])


def docstrings(topic: str, text: str) -> str:
    """Return the page of a topic, for autodoc to fill."""
    rows = NAME.findall(text)
    if topic in LISTED:
        page = (NAMES.parent / f"{topic.lower()}.md").read_text("utf-8").partition("\n## ")[0]
        rows += [(LISTED[topic] + name, "") for name in re.findall(r"(?m)^\| `(\w+)` \|", page)]
    begin = f"{topic}\n{'=' * len(topic)}\n\nIn one line each: :doc:`the public names <../api>`."
    return "\n\n".join([begin, *(directive(name, line) for name, line in rows)]) + "\n"


def directive(name: str, line: str) -> str:
    """Return what autodoc is asked for a public name; a constant has its line alone."""
    thing = functools.reduce(getattr, name.split(".")[1:], separatrix)
    if inspect.ismodule(thing):
        return f".. automodule:: {name}"
    if inspect.isclass(thing):
        return f".. autoclass:: {name}\n   :members: {', '.join(members(thing))}"
    if inspect.isroutine(thing):
        return f".. autofunction:: {name}"
    return f".. data:: {name}\n\n   {line}"


def members(kind: type) -> list[str]:
    """Return what is documented of a class: what it has of its own, or from bases of ours."""
    public = {id(getattr(separatrix.records, name)) for name in separatrix.records.__all__}
    ours = [base for base in kind.__mro__ if base.__module__.startswith("separatrix.")]
    homes = [base for base in ours if base is kind or id(base) not in public]
    parts = [(*vars(home), *inspect.get_annotations(home)) for home in homes]
    names = dict.fromkeys(name for part in parts for name in part)
    return [name for name in names if not name.startswith(("_", "model_"))]  # pydantic's own


def questions() -> str:
    """Return a table of the questions: what each gives, does and needs, as its docstring says."""
    rows = ["| name | gives | what it does | needs |", "|---|---|---|---|"]
    for name, question in all_questions().items():
        text = inspect.getdoc(question) or ""
        needs = " ".join(text.partition("\n\nNeeds ")[2].split()).rstrip(".")
        gives: Any = inspect.signature(question).return_annotation
        rows.append(f"| `{name}` | `{gives.__name__}` | {text.splitlines()[0]} | {needs} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
