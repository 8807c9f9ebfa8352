"""A reader finds every page and every experiment from the README."""

import importlib.util
import re
from pathlib import Path

import pytest

from separatrix.experiment import experiment_names

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SPEC = importlib.util.spec_from_file_location("check_site", ROOT / "docs" / "check_site.py")
check_site = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_site)
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def links(page):
    found = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    return {(page.parent / link).resolve() for link in found if "://" not in link}


def test_links_lead_to_files():
    assert [link for page in PAGES for link in links(page) if not link.exists()] == []


def test_every_page_can_be_reached():
    reached, new = set(), {ROOT / "README.md"}
    while new:
        reached |= new
        new = {link for page in new for link in links(page) if link.suffix == ".md"} - reached
    assert set(PAGES) <= reached


def test_the_readme_counts_and_names_the_experiments():
    text, names = (ROOT / "README.md").read_text(encoding="utf-8"), experiment_names()
    assert f"{NUMBERS[len(names)].capitalize()} experiments come with the package" in text
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_experiment_has_a_page_that_reproduces_it():
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES[1:])
    assert [n for n in experiment_names() if f"separatrix run {n}" not in pages] == []


def test_prose_is_spelled_as_in_american_english():
    pages = "\n".join(page.read_text("utf-8") for page in PAGES)
    code = r"```.*?```|^    .*?$|`[^`]*`"
    prose = re.sub(code, "", pages, flags=re.DOTALL | re.MULTILINE)
    stems = "recogn|minim|maxim|optim|normal|regular|parametr|linear|initial|general|factor|real"
    other = r"behaviour|neighbour|favour|colour|analys(e|ed|ing)\b|centred?\b|grey\b"
    found = re.finditer(rf"\b({stems})is(e|ing|ation)\w*|\b({other})\w*", prose, re.IGNORECASE)
    assert [match.group() for match in found] == []


SITE = {
    "as it is": ("# A\n\n```python\nx = 1  # one\n```\n\n## B `c`\n", "", []),
    "a fence that is none": (
        "# A\n\n```python no-run\n# x\n```\n",
        "<p><code>python no-run</code></p><h1>x</h1>```",
        ["raw Markdown: '```'", "no code block: '# x'", "not written as a heading: 'x'"],
    ),
    "a link that is none": ("# A\n", "<h1>A</h1><p>see [b](c)</p>", ["raw Markdown: 'see [b](c)'"]),
    "a table that is none": (
        "# A\n\n| a |\n|---|\n| b |\n",
        "<h1>A</h1><p>| a |</p>",
        ["raw Markdown: '| a |'", "0 tables of 1 that are written"],
    ),
    "a heading too few": ("# A\n\n## B\n", "<h1>A</h1>", ["no heading: 'B'"]),
}


@pytest.mark.parametrize("name", SITE)
def test_what_the_site_does_not_show_is_found(name):
    """`make docs` compares all pages; here are some, with what is wrong with them."""
    markdown, shown, wrong = SITE[name]
    shown = shown or (
        '<h1>A<a class="headerlink">¶</a></h1><div><pre><span></span><code>x = 1  # one</code>'
        "</pre></div><h2>B <code>c</code></h2>"
    )
    found = check_site.defects(check_site.read(f"<article>{shown}</article>"), markdown)
    assert set(wrong) <= set(found) and bool(found) == bool(wrong)
