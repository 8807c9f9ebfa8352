"""A reader finds every page and every experiment from the README."""

import importlib.util
import re
from pathlib import Path

import pytest

from separatrix.analysis.completeness import assess
from separatrix.experiment import experiment_names
from separatrix.solvers import BranchAndPrune

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SPEC = importlib.util.spec_from_file_location("check_site", ROOT / "docs" / "check_site.py")
check_site = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_site)
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def links(page):
    found = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    return {(page.parent / link).resolve() for link in found if "://" not in link}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    assert [link for link in links(page) if not link.exists()] == []


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


@pytest.mark.parametrize("name", experiment_names())
def test_every_experiment_has_a_page_that_reproduces_it(name):
    pages = [page.read_text(encoding="utf-8") for page in PAGES[1:]]
    assert any(f"separatrix run {name}" in text for text in pages)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_prose_is_spelled_as_in_american_english(page):
    prose = re.sub(
        r"```.*?```|^    .*?$|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    stems = "recogn|minim|maxim|optim|normal|regular|parametr|linear|initial|general|factor|real"
    other = r"behaviour|neighbour|favour|colour|analys(e|ed|ing)\b|centred?\b|grey\b"
    found = re.finditer(rf"\b({stems})is(e|ing|ation)\w*|\b({other})\w*", prose, re.IGNORECASE)
    assert [match.group() for match in found] == []


def test_where_an_exhaustive_search_gives_up_is_said_as_it_is():
    page = (ROOT / "docs" / "explanation" / "fixed-points.md").read_text(encoding="utf-8")
    for text in (page, assess.__doc__):
        told = re.findall(r"gives up after\s+([\d,]+) boxes", text)
        assert told == [f"{BranchAndPrune().max_boxes:,}"]


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


def test_the_readme_shows_the_cube():
    picture = "docs/assets/flipflop-cube.png"
    assert f"]({picture})" in (ROOT / "README.md").read_text(encoding="utf-8")
    data = (ROOT / picture).read_bytes()
    assert data.startswith(b"\x89PNG") and 20_000 < len(data) < 200_000
