"""The sentences that a user reads: of pages, docstrings, errors and the report's captions."""

import ast
import inspect
import re
from operator import attrgetter
from pathlib import Path

import separatrix as sx
from separatrix import _names

ROOT = Path(__file__).parents[1]
ROOT_PAGES = ("README.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md")
PAGES = [*map(ROOT.joinpath, ROOT_PAGES), *sorted((ROOT / "docs").rglob("*.md"))]
SOURCE = Path(sx.__file__).parent
SECTIONS = (SOURCE / "report" / "sections", SOURCE / "classics" / "sections")

CODE = re.compile(
    r"(?ms)^( *)(`{3,}).*?^\1\2`*[ \t]*$"  # fences
    r"|(?<=\n\n)(?: {4}.*?\n(?:\n(?= {4}))*)+"  # indented output
    r"|<!--.*?-->|</?\w[^>]*>"
)
INLINE = re.compile(r"(?s)(`+)[^`].*?\1|\$\$.*?\$\$|\$[^$\s][^$]*\$")
"""Code and formulas: a word each."""
LINK = re.compile(r"(!?)\[([^]]*)\](?:\([^)]*\)|\[[^]]*\])")
ITEM = re.compile(r"(?m)^\s*(?:#+ |[*+-] |\d+\. |> ?)")
END = re.compile(r"(?<=[.!?])[\"”’)*_]*\s+(?=[^\sa-z])")


def sentences(paragraph):
    """Return the sentences of a paragraph, without its marks."""
    plain = " ".join(re.sub(r"\*+|\\", "", paragraph).split())
    return [sentence for sentence in END.split(plain) if sentence]


def words(sentence):
    """Return how many words a sentence has."""
    return sum(bool(re.search(r"\w", word)) for word in sentence.split())


def of_markdown(text):
    """Yield the paragraphs of a page: also headings, entries of lists and cells of tables."""
    text = INLINE.sub("Code", CODE.sub("\n\n", text))
    text = LINK.sub(lambda link: f"\n\n{link[2]}\n\n" if link[1] else link[2], text)
    text = re.sub(r"(?m)^ *\|.*$", lambda row: re.sub(r"(?<!\\)\|", "\n\n", row[0]), text)
    text = re.sub(r"(?m)^(#+ .*)$", r"\1\n", ITEM.sub(lambda mark: "\n" + mark[0], text))
    for paragraph in re.split(r"\n\s*\n", text):
        if re.search(r"[a-z]", plain := ITEM.sub("", paragraph).strip()):
            yield plain


def of_docstring(text):
    """Yield the paragraphs of a docstring, without examples, references, names and tables."""
    text = re.sub(r"(?ms)^References\n-+\n.*?(?=^\w+\n-+\n|\Z)", "", text)
    text = re.sub(r"(?ms)^=+ =.*^=+ =[= ]*$", "", text)  # tables
    text = re.sub(r"(?m)^ *>>>.*\n(?:.*\S.*\n?)*", "\n", text)
    head, *sections = re.split(r"(?m)^\w[\w ]*\n-+\n", text)
    named = [re.sub(r"(?m)^\S.*$", "\n", section) for section in sections]
    for part in (head, *named):
        yield from of_markdown(inspect.cleandoc(part))


def public():
    """Yield (full name, object) of all public names, and of the methods of their classes."""
    for home in _names.PUBLIC:
        module = attrgetter(home)(sx) if home else sx
        yield module.__name__, module
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) and thing.__module__.startswith("separatrix"):
                for member, value in vars(thing).items():
                    if member.startswith(("_", "model_")):  # pydantic's own
                        continue
                    if callable(value) or type(value) is property:
                        yield f"{module.__name__}.{name}.{member}", value
            if callable(thing):
                yield f"{module.__name__}.{name}", thing


def said(node):
    """Return what an expression of strings says: any value in it is a word."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(said, parts))
        case ast.BinOp(left=left, right=right):
            return said(left) + said(right)
        case ast.IfExp(body=body, orelse=orelse):
            return max(said(body), said(orelse), key=len)
        case ast.FormattedValue(value=ast.Constant() | ast.IfExp() | ast.JoinedStr() as value):
            return said(value)
    return "X"


def errors():
    """Yield (place, message) of each error that the source raises."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Raise(exc=ast.Call(func=kind, args=texts)) if "Error" in ast.unparse(kind):
                    place = f"{path.relative_to(SOURCE)}:{node.lineno}"
                    yield place, "\n\n".join(map(said, texts))


def captions():
    """Yield (place, text) of the words below the report's figures, a value being a word."""
    for path in sorted(path for home in SECTIONS for path in home.glob("*.html")):
        text = re.sub(r"\{% el.*?%\}", "\n\n", path.read_text(encoding="utf-8"))
        yield path.name, re.sub(r"\{%.*?%\}", " ", re.sub(r"(?s)\{\{.*?\}\}", "X", text))
    for path in sorted(path for home in SECTIONS for path in home.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        about = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        strings = {n for n in ast.walk(tree) if isinstance(n, ast.Constant | ast.JoinedStr)}
        yield path.name, "\n\n".join(text for n in strings - about if " " in (text := said(n)))


def paragraphs():
    """Yield (kind, place, paragraph) of all prose."""
    for page in PAGES:
        for paragraph in of_markdown(page.read_text(encoding="utf-8")):
            yield "page", str(page.relative_to(ROOT)), paragraph
    for place, thing in public():
        for paragraph in of_docstring(inspect.getdoc(thing) or ""):
            yield "docstring", place, paragraph
    for place, text in errors():
        for paragraph in of_markdown(text):
            yield "error", place, paragraph
    for place, text in captions():
        for paragraph in of_markdown(text):
            yield "caption", place, paragraph
