"""What tells of the package: CITATION.cff and the metadata say the same, and what is asked for."""

import re
import tomllib
from pathlib import Path

import separatrix as sx

ROOT = Path(__file__).parent.parent
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHON = "Programming Language :: Python :: "


def said(key):
    """Return what follows a key of CITATION.cff, until the next one."""
    return re.search(rf"^{key}:(.*?)(?=^\S|\Z)", CITATION, re.MULTILINE | re.DOTALL)[1].strip()


def test_the_citation_has_what_the_standard_asks_for_and_recommends():
    keys = re.findall(r"^([a-z-]+):", CITATION, re.MULTILINE)
    assert {"cff-version", "message", "title", "authors"} <= set(keys)
    assert {"type", "abstract", "keywords", "license", "version"} <= set(keys)
    assert said("cff-version") == "1.2.0"


def test_the_citation_and_the_package_say_the_same():
    assert said("version") == sx.__version__
    assert said("license") == PROJECT["license"]
    assert said("title").lower() == PROJECT["name"]
    assert [f"- {a['name']}" for a in PROJECT["authors"]] == [
        line.replace("name: ", "") for line in said("authors").splitlines()
    ]
    assert re.findall("- (.*)", said("keywords")) == PROJECT["keywords"]


def test_the_classifiers_name_the_versions_of_python_that_are_allowed():
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    named = {c.removeprefix(PYTHON) for c in PROJECT["classifiers"] if c.startswith(PYTHON)}
    expected = {f"3.{minor}" for minor in range(int(low), int(high))}
    assert named == {"3", "3 :: Only", *expected}
