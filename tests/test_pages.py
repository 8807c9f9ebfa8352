"""A reader finds every page and every experiment from the README."""

import re

from prose import PAGES, ROOT

from separatrix.experiment import experiment_names

NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
]


def links(page):
    found = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    return {(page.parent / link).resolve() for link in found if "://" not in link}


def test_links_lead_to_files():
    dead = [(page, link) for page in PAGES for link in links(page) if not link.exists()]
    assert [(p, link) for p, link in dead if not is_drawn_by(p, link)] == []


def is_drawn_by(page, picture):
    """Whether a page saves a picture itself, which the site is built with."""
    return f'"{picture.name}")' in page.read_text(encoding="utf-8")


def test_every_page_can_be_reached():
    reached, new = set(), {ROOT / "README.md"}
    while new:
        reached |= new
        new = {link for page in new for link in links(page) if link.suffix == ".md"} - reached
    assert set(PAGES) <= reached


def test_the_readme_counts_the_experiments_and_a_page_reproduces_each():
    readme, *pages = (page.read_text(encoding="utf-8") for page in PAGES)
    names = experiment_names()
    assert f"{NUMBERS[len(names)].capitalize()} experiments come with the package" in readme
    for name in names:
        assert f"`{name}`" in readme and f"separatrix run {name}" in "".join(pages)


def test_the_readme_shows_the_cube():
    picture = "docs/assets/flipflop-cube.png"
    assert f"]({picture})" in (ROOT / "README.md").read_text(encoding="utf-8")
    data = (ROOT / picture).read_bytes()
    assert data.startswith(b"\x89PNG") and 20_000 < len(data) < 200_000
