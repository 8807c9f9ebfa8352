"""What the building of the site adds to MkDocs: docstrings, files outside docs/, formulas.

The pages stay readable as they are, in a repository's browser. Here
* each topic of reference/api.md becomes a page with the whole docstrings of its names, to which
  come the tasks and the networks, each of which has a page;
* what a page links to outside docs/, such as CONTRIBUTING.md, becomes a page or a file of the site;
* pictures are drawn by the code of the pages that show them (pictures.py);
* the questions of an experiment's file are put in a table;
* formulas become MathML, which browsers draw without a script.
"""

import functools
import html
import inspect
import logging
import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

import separatrix
from separatrix.experiment import QUESTIONS

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))
from pictures import drawn_by  # noqa: E402 - which stands beside this file

ROOT = DOCS.parent
NAMES = "reference/api.md"
WITHOUT_PREFIX = {"reference/tasks.md": "sx.tasks.", "reference/networks.md": "sx.networks."}
"""Pages whose tables begin with names that lack it; the first table lists them all."""
OF_TOPIC = {"Tasks": "reference/tasks.md", "Networks": "reference/networks.md"}

LINK = re.compile(r"\]\(([^)#\s]+)((?:#[^)]*)?)\)")
NAME = re.compile(r"(?m)^\| `([\w.]+)` \|")
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
log = logging.getLogger("mkdocs.hooks")


def on_config(config: Any) -> Any:
    """Put the pages of docstrings below "Reference"."""
    reference = next(part["Reference"] for part in config.nav if "Reference" in part)
    reference.append({"Docstrings": [uri for uri, _ in topics().values()]})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of docstrings, and the files outside docs/ that pages link to."""
    for topic, (uri, names) in topics().items():
        files.append(File.generated(config, uri, content=docstrings(topic, names)))
    for page in sorted(DOCS.rglob("*.md")):
        for name, path in drawn_by(page).items():
            uri = (page.parent / name).relative_to(DOCS).as_posix()
            if files.get_file_from_path(uri) is not None:
                raise FileExistsError(f"{page.name} draws {uri}, which another page draws, too.")
            files.append(File.generated(config, uri, abs_src_path=str(path)))
    for path in sorted(outside()):
        files.append(File.generated(config, uri_of(path), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Mend links and tables, and link names to their docstrings."""
    uri = page.file.src_uri
    if page.file.abs_src_path:
        markdown = with_links(markdown, Path(page.file.abs_src_path), uri)
    if uri == NAMES or uri in WITHOUT_PREFIX:
        prefix = WITHOUT_PREFIX.get(uri, "")
        markdown = NAME.sub(lambda found: linked(found[0], found[1], prefix), markdown)
    markdown = markdown.replace("<!-- questions -->", questions())
    return re.sub(r"(?m)^\|.*$", lambda row: without_bars(row[0]), markdown)


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Turn formulas into MathML."""
    uri = page.file.src_uri
    return FORMULA.sub(lambda found: mathml(found[2], found[1] == "div", uri), content)


@functools.cache
def topics() -> dict[str, tuple[str, list[str]]]:
    """Return the topics of the public names, each with its page and its names."""
    parts = sections(NAMES)[1:]
    return {
        topic: (
            f"reference/docstrings/{topic.lower().replace(' ', '-')}.md",
            [*NAME.findall(text), *listed_on(OF_TOPIC.get(topic))],
        )
        for topic, text in zip(parts[::2], parts[1::2], strict=True)
    }


def listed_on(uri: str | None) -> list[str]:
    """Return the public names in the first table of a page that lists tasks or networks."""
    return [WITHOUT_PREFIX[uri] + name for name in NAME.findall(sections(uri)[0])] if uri else []


def sections(uri: str) -> list[str]:
    """Return what stands above the first heading of a page, then each heading and its text."""
    return re.split(r"(?m)^## (.*)$", (DOCS / uri).read_text(encoding="utf-8"))


def docstrings(topic: str, names: list[str]) -> str:
    """Return the page of a topic, for mkdocstrings to fill."""
    parts = [f"# {topic}\n\nIn one line each: [the public names](../api.md).\n"]
    for name in names:
        options = ["options:", f"  heading: {name}", f"  toc_label: {name.rpartition('.')[2]}"]
        if inspect.ismodule(resolve(name)):
            options.append("  members: false")
        elif inspect.isclass(resolve(name)):
            options.append(f"  inherited_members: {from_private_bases(resolve(name))}")
        parts.append("\n    ".join([f"::: {place(name)}", *options]))
    return "\n\n".join(parts) + "\n"


def questions() -> str:
    """Return a table of the questions: what each gives, does and needs, as its docstring says."""
    rows = ["| name | gives | what it does | needs |", "|---|---|---|---|"]
    for name, question in QUESTIONS.items():
        text = inspect.getdoc(question)
        needs = " ".join(text.partition("\n\nNeeds ")[2].split()).rstrip(".")
        gives = inspect.signature(question).return_annotation.__name__
        rows.append(f"| `{name}` | `{gives}` | {text.splitlines()[0]} | {needs} |")
    return "\n".join(rows)


def resolve(name: str) -> Any:
    """Return what a public name such as "sx.train" names."""
    return functools.reduce(getattr, name.split(".")[1:], separatrix)


def place(name: str) -> str:
    """Return where the docstring of a public name is found without running anything."""
    thing = resolve(name)
    if inspect.ismodule(thing):
        return thing.__name__
    if inspect.isclass(thing) or inspect.isfunction(thing):
        return f"{thing.__module__}.{thing.__qualname__}"
    return f"separatrix.{name.partition('.')[2]}"


def from_private_bases(kind: type) -> list[str]:
    """Return what a class has from bases of ours that have no docstring on these pages."""
    public = [resolve(name) for _, names in topics().values() for name in names]
    private = [base for base in kind.__mro__[1:] if base not in public]
    ours = [base for base in private if base.__module__.startswith("separatrix.")]
    return sorted({name for base in ours for name in vars(base) if not name.startswith("_")})


def linked(row: str, name: str, prefix: str) -> str:
    """Return the beginning of a table's row with a link to the docstring of its name."""
    known = {name for _, names in topics().values() for name in names}
    if prefix + name not in known:
        return row
    return f"| [`{name}`][{place(prefix + name)}] |"


@functools.cache
def outside() -> frozenset[Path]:
    """Return the files outside docs/ that its pages lead to, and those that these lead to."""
    reached: set[Path] = set()
    new = set(DOCS.rglob("*.md"))
    while new:
        reached |= new
        pages = [path for path in new if path.suffix == ".md"]
        new = {target for page in pages for target in targets(page)} - reached
    return frozenset(path for path in reached if not path.is_relative_to(DOCS))


def targets(page: Path) -> list[Path]:
    """Return the files of the repository that a page links to."""
    found = [link for link, _ in LINK.findall(page.read_text(encoding="utf-8"))]
    paths = [(page.parent / link).resolve() for link in found if "://" not in link]
    return [path for path in paths if path.is_file() and path.is_relative_to(ROOT)]


def uri_of(path: Path) -> str:
    """Return the place of a file in the site."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    return f"repository/{path.relative_to(ROOT).as_posix()}"


def with_links(markdown: str, path: Path, uri: str) -> str:
    """Return a page with links that lead to where their targets are in the site."""

    def moved(found: re.Match[str]) -> str:
        target = (path.parent / found[1]).resolve()
        if not (target.is_file() and target.is_relative_to(ROOT)):
            return found[0]
        return f"]({posixpath.relpath(uri_of(target), posixpath.dirname(uri))}{found[2]})"

    return LINK.sub(moved, markdown)


def without_bars(row: str) -> str:
    r"""Return a table's row with formulas in which \| is no longer the escape of its bar."""
    return re.sub(r"\$[^$]+\$", lambda formula: formula[0].replace(r"\|", r"\vert "), row)


def mathml(formula: str, block: bool, uri: str) -> str:
    """Return a formula of TeX as MathML, and warn of what cannot be translated."""
    tex = re.sub(r"\\arg\b", r"\\operatorname{arg}", html.unescape(formula))
    drawn = convert(tex, display="block" if block else "inline")
    if "\\" in drawn:
        log.warning("%s: cannot draw %s", uri, formula)
    # As an accent, a dot or a hat is drawn into its letter where a reader has no mathematical font.
    return drawn.replace('<mover accent="true">', "<mover>")
