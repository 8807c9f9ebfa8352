"""The index of the site's search: every section and every docstring, with what its words count.

Sphinx finds pages. A page that answers ten questions is then no answer: here a section is what is
found, ranked by BM25 (Robertson & Zaragoza 2009, doi:10.1561/1500000019), where a word in a heading
counts more than one in the text. The sums are made when the site is built; search.js adds them up.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx import addnodes
from sphinx.search.en import SearchEnglish

HEADING, TITLE = 1.5, 0.6
"""How much a heading, and a page's title, count beside the text, if the query has all its words."""
SATURATION, LENGTH = 1.2, 0.6
"""BM25's k1 and b."""
PLACES = (
    (r"docs/how-to/faq", 1.2),
    (r"docs/(how-to|tutorial|explanation)/|docs/(index|benchmark)", 1.0),
    (r"docs/reference/docstrings/", 0.7),
    (r"docs/reference/", 0.85),
    (r"docs/classics/", 0.7),
    (r"", 0.35),
)
"""How much pages count for a reader with a question: those for developers least."""
FIELD = 0.3
"""How much the field of a record counts, beside a function."""

ENGLISH = SearchEnglish({})


class Section(NamedTuple):
    """What a search can find: where it is, what it is called, and its words."""

    page: str
    anchor: str
    title: str
    headings: Counter[str]
    text: Counter[str]
    worth: float


def write(app: Any, failure: Exception | None) -> None:
    """Write the index beside the site's other scripts."""
    if failure is None:
        titles = {page: app.env.titles[page].astext() for page in app.env.found_docs}
        sections = [
            section
            for page in sorted(titles)
            for section in of_page(page, titles[page], app.env.get_doctree(page))
        ]
        found = [
            (page, app.builder.get_target_uri(page) + anchor, shown(titles[page], title))
            for page, anchor, title, *_ in sections
        ]
        index = (
            f"const SECTIONS = {json.dumps(found)};\nconst WORDS = {json.dumps(worth(sections))};\n"
        )
        Path(app.outdir, "_static", "sections.js").write_text(index, encoding="utf-8")


def shown(page: str, title: str) -> str:
    """Return how a section is called among the results."""
    return title if title == page else f"{page} > {title}"


def of_page(page: str, title: str, doctree: Any) -> Iterator[Section]:
    """Yield the page itself, with all of its words, its sections, and what it documents."""
    place = next(factor for pattern, factor in PLACES if re.match(pattern, page))
    above = shared(title, TITLE)
    for node in doctree.findall(nodes.section):
        heading = node.next_node(nodes.title).astext()
        whole = isinstance(node.parent, nodes.document)
        text = words(node.astext() if whole else own_text(node))
        anchor = "" if whole else f"#{node['ids'][0]}"
        headings = shared(heading, HEADING) + above
        yield Section(page, anchor, heading, headings, Counter(text), place)
    for node in doctree.findall(addnodes.desc):
        signature = node.next_node(addnodes.desc_signature)
        if signature["ids"]:
            name = signature["ids"][0]
            factor = FIELD if node["objtype"] in ("attribute", "property") else 1.0
            headings = shared(name.rpartition(".")[2], HEADING) + above
            text = Counter(words(node.astext()))
            yield Section(page, f"#{name}", name, headings, text, place * factor)


def own_text(section: Any) -> str:
    """Return the text of a section, without that of sections within it."""
    return "\n".join(
        each.astext() for each in section.children if not isinstance(each, nodes.section)
    )


def shared(heading: str, weight: float) -> Counter[str]:
    """Return what each word of a heading counts: the less, the more words it has."""
    all_words = set(words(heading))
    return Counter({word: weight / math.sqrt(len(all_words)) for word in all_words})


def words(text: str) -> list[str]:
    """Return the stems of a text's words, and of the parts of its names."""
    parts = re.findall(r"\w+", text.lower())
    each = [piece for part in parts for piece in {part, *part.split("_")}]
    return [ENGLISH.stem(word) for word in each if ENGLISH.word_filter(word)]


def worth(sections: list[Section]) -> dict[str, list[tuple[int, float]]]:
    """Return, for each word, the sections that have it, and how much it counts there."""
    lengths = [sum(section.text.values()) for section in sections]
    mean = sum(lengths) / len(lengths)
    having: dict[str, list[int]] = defaultdict(list)
    for k, section in enumerate(sections):
        for word in section.text | section.headings:
            having[word].append(k)
    index = {}
    for word, found in having.items():
        rare = math.log(1 + (len(sections) - len(found) + 0.5) / (len(found) + 0.5))
        entries = []
        for k in found:
            count, bound = sections[k].text[word], 1 - LENGTH + LENGTH * lengths[k] / mean
            share = count / (count + SATURATION * bound) + sections[k].headings[word]
            entries.append((k, round(sections[k].worth * rare * share, 2)))
        index[word] = entries
    return index
