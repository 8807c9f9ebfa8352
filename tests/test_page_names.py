"""The names that pages write as code, such as `activity.pca(2).components[0]`, are there."""

import ast
import dataclasses
import inspect
import re
from types import SimpleNamespace

import page_code

import separatrix as sx

PAGES = [page_code.ROOT / "README.md", *sorted((page_code.ROOT / "docs").rglob("*.md"))]
STANDS_FOR = {
    "sx": sx,
    "activity": sx.records.Activity,
    "boundary": sx.records.Separatrix,
    "branches": sx.records.Branches,
    "curve": sx.records.SlowCurve,
    "cycles": sx.records.Cycles,
    "fit": sx.records.Training,
    "graph": sx.records.FixedPointGraph,
    "network": sx.networks.AbstractNetwork,
    "points": sx.records.FixedPoints,
    "run": SimpleNamespace(  # as its records are attributes
        network=sx.networks.AbstractNetwork,
        task=sx.tasks.AbstractTask,
        activity=sx.records.Activity,
        linearization=sx.records.Linearization,
        verdict=sx.records.Verdict,
        analyses=None,
        find=None,
    ),
    "system": sx.DiscreteMap,
    "task": sx.tasks.AbstractTask,
    "topology": sx.records.FixedPointTopology,
    "vanilla": sx.records.FixedPointTopology,
    "trials": sx.tasks.Trials,
}
"""What a variable of such a name is, on every page: a class stands for an object of it."""

HOMES = (sx.records, sx)
"""Where a class is found that an annotation names."""

FILES = ("py", "toml", "html", "png")


def written(page):
    """Yield the inline code of a page that begins with one of the names."""
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text):
        name, dot, rest = code.partition(".")
        is_setting = re.fullmatch(r"[\w.]+ ?= ?[\w.]+", code)  # of an experiment's file
        is_other = rest in FILES or "NAME" in code or is_setting
        if dot and name in STANDS_FOR and not is_other:
            yield code


def resolve(code):
    """Look up the attributes in a piece of code; raise AttributeError for one that is missing."""
    try:
        tree = ast.parse(code.replace("…", "..."), mode="eval")
    except SyntaxError:
        tree = ast.parse(re.match(r"[\w.]*\w", code)[0], mode="eval")
    for node in (node for node in ast.walk(tree) if isinstance(node, ast.Attribute)):
        what_is(node)


def what_is(node):
    """Return the object, or the class of it, that an expression is; None where nothing tells."""
    if isinstance(node, ast.Name):
        return STANDS_FOR.get(node.id)
    if isinstance(node, ast.Call):
        called = what_is(node.func)
        return called if called is None or inspect.isclass(called) else given_by(called)
    if not isinstance(node, ast.Attribute) or (owner := what_is(node.value)) is None:
        return None
    if inspect.isclass(owner) and dataclasses.is_dataclass(owner):
        types = {field.name: field.type for field in dataclasses.fields(owner)}
        if node.attr in types:
            return ours(types[node.attr])
    found = getattr(owner, node.attr)
    return given_by(found.fget) if isinstance(found, property) else found


def given_by(function):
    return ours(inspect.signature(function).return_annotation)


def ours(annotation):
    """Return a class of the package, also by its name; None for anything else."""
    if isinstance(annotation, str):
        return next((getattr(m, annotation) for m in HOMES if annotation in dir(m)), None)
    known = inspect.isclass(annotation) and annotation.__module__.startswith("separatrix")
    return annotation if known else None


def test_inline_code_names_what_is_there():
    for page in PAGES:
        for code in written(page):
            resolve(code)
