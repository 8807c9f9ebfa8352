"""Sphinx's settings for the site, and what `make docs` adds to it.

Docstrings are Markdown, as the pages are; what autodoc is given is made of them here. Formulas are
MathML, which browsers draw without a script. Inline code that names something public, on any page,
leads to its docstring.
"""

import dataclasses
import functools
import inspect
import re
import sys
from typing import Any, get_type_hints

import jaxtyping
from docs import search_index
from docutils import nodes
from latex2mathml.converter import convert
from sphinx import addnodes
from sphinx.ext.napoleon import Config, NumpyDocstring
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import stringify_annotation

import separatrix
import separatrix._types
from separatrix._names import PUBLIC

project = html_title = "Separatrix"
root_doc = "docs/index"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 6
smartquotes_action = "D"  # dashes; quotation marks stay as they are written
default_role = "code"  # of docstrings, where `x` is code as in Markdown
highlight_language = "none"

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
maximum_signature_line_length = 68
add_module_names = False
toc_object_entries_show_parents = "hide"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "header_links_before_dropdown": 7,
    "footer_start": [],
    "footer_end": [],
    "show_prev_next": True,
}
html_sidebars = {root_doc: []}
html_static_path = ["assets/site.css", "assets/search.js"]
html_css_files = ["site.css"]
html_js_files = ["search.js"]
html_extra_path = ["assets/index.html"]
html_math_renderer = "mathml"
html_copy_source = html_show_copyright = html_show_sphinx = False

for home, name in ((separatrix._types, "Array"), (jaxtyping, "PRNGKeyArray")):
    setattr(home, name, type(name, (), {"__module__": "builtins"}))  # unions, shown by their names
separatrix._types.GivenKey = jaxtyping.PRNGKeyArray
for module in PUBLIC:  # autodoc finds public names as users write them
    name = ".".join(filter(None, ["sx", module]))
    sys.modules[name] = getattr(separatrix, module) if module else separatrix

log = logging.getLogger(__name__)
CODE = re.compile(
    r"""(?msx)
    ^\ *>>>.*?(?=\n\s*\n|\Z)                  # an example
    | ^(\ *)\.\.\ math::.*?(?=\n\1?\S|\Z)     # a formula that is written for Sphinx
    | `[^`]*`
    | \$\$(?P<block>.+?)\$\$
    | \$(?P<inline>[^$]+)\$
    | \|"""
)


def setup(app: Any) -> None:
    """Connect what is below."""
    app.connect("autodoc-process-docstring", prepare)
    app.connect("builder-inited", without_bounds)
    app.connect("autodoc-process-signature", signed)
    app.connect("missing-reference", public_type)
    app.add_post_transform(LinkNames)
    app.connect("build-finished", search_index.write)
    app.connect("html-page-context", with_index)
    app.add_html_math_renderer("mathml", (draw_inline, None), (draw_block, None))


def with_index(app: Any, page: str, *_: Any) -> None:
    """Give the page of the search its index."""
    if page == "search":
        app.add_js_file("sections.js")


def prepare(_app: Any, what: str, _name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    """Turn a docstring into reStructuredText, and add the fields of a record."""
    text = CODE.sub(as_rst, "\n".join(lines))
    sections = [("Attributes", "params_style")]
    config = Config(napoleon_use_rtype=False, napoleon_custom_sections=sections)
    lines[:] = NumpyDocstring(text, config).lines()
    if what == "class" and issubclass(thing, separatrix.records.Record):
        types = {field.name: field.type for field in dataclasses.fields(thing)}
        for field in thing.field_infos():
            units = f", in {field.units}" if field.units not in ("", "1") else ""
            text = CODE.sub(as_rst, field.description + units)
            kind = stringify_annotation(types[field.name], "smart")
            lines += ["", f".. attribute:: {field.name}", f"   :type: {kind}", "", f"   {text}"]


def without_bounds(_app: Any) -> None:
    """Leave out of signatures what `checked` reads beside a type: the texts say it."""
    modules = [sys.modules[".".join(filter(None, ["sx", module]))] for module in PUBLIC]
    for thing in (getattr(module, name) for module in modules for name in dir(module)):
        for function in vars(thing).values() if isinstance(thing, type) else [thing]:
            if hasattr(function, "is_checked"):
                hints = get_type_hints(function)
                function.__annotations__ = inspect.unwrap(function).__annotations__ = hints
        if hasattr(getattr(thing, "__init__", None), "is_checked"):
            thing.__annotations__ = get_type_hints(thing)


def signed(
    _app: Any, what: str, _name: str, thing: Any, _options: Any, _given: Any, _back: Any
) -> tuple[str, str] | None:
    """Leave out the arguments of a record, which no user makes: they are its fields."""
    is_record = what == "class" and issubclass(thing, separatrix.records.Record)
    return ("", "") if is_record else None


def as_rst(found: re.Match[str]) -> str:
    """Return a piece of a docstring in reStructuredText."""
    if formula := found["block"]:
        return f".. math:: {' '.join(formula.split())}"
    if formula := found["inline"]:
        return f":math:`{' '.join(formula.split())}`"
    return r"\|" if found[0] == "|" else found[0]


@functools.cache
def names(env: Any) -> dict[str, Any]:
    """Return what is documented, by its whole name, and from the name of a class on."""
    objects = env.domains.python_domain.objects
    shorter = {re.sub(r"^[a-z.]*\.", "", name): entry for name, entry in objects.items()}
    classes = {name: entry for name, entry in shorter.items() if name[0].isupper()}
    return {**classes, **objects}


def public_type(app: Any, env: Any, node: Any, shown: Any) -> Any:
    """Lead from a type in a signature, where it is defined, to where it is documented."""
    entry = names(env).get(node["reftarget"].rpartition(".")[2])
    if entry is None or not node["reftarget"].startswith("separatrix."):
        return None
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, shown)


class LinkNames(SphinxPostTransform):
    """Leads from inline code that begins with a public name to its docstring."""

    default_priority = 400

    def run(self, **_: Any) -> None:
        """Put a link around each such piece of code that is not in a heading or a link."""
        builder, here = self.app.builder, self.env.docname
        for node in list(self.document.findall(nodes.literal)):
            name = re.match(r"[\w.]*\w(?=$|\()|", node.astext())[0]
            entry = names(self.env).get(name)
            apart = (nodes.reference, nodes.title, addnodes.pending_xref)
            if entry and not isinstance(node.parent, apart):
                link = make_refnode(builder, here, entry.docname, entry.node_id, node.deepcopy())
                node.replace_self(link)


def draw_inline(writer: Any, node: Any) -> None:
    """Write a formula within a line."""
    writer.body.append(mathml(node, "inline"))
    raise nodes.SkipNode


def draw_block(writer: Any, node: Any) -> None:
    """Write a formula that stands alone."""
    writer.body.append(mathml(node, "block"))
    raise nodes.SkipNode


def mathml(node: Any, display: str) -> str:
    """Return a formula of TeX as MathML, and warn of what cannot be translated."""
    drawn = convert(re.sub(r"\\arg\b", r"\\operatorname{arg}", node.astext()), display=display)
    if "\\" in drawn:
        log.warning("cannot draw %s", node.astext(), location=node)
    # As an accent, a dot or a hat is drawn into its letter where a reader has no mathematical font.
    return drawn.replace('<mover accent="true">', "<mover>")
