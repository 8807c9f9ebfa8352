"""What tells of the package: CITATION.cff, .zenodo.json and the metadata say the same."""

import json
import tomllib
from pathlib import Path

import yaml
from packaging.version import Version

import separatrix as sx

ROOT = Path(__file__).parent.parent
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
ZENODO = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_a_release_is_cited_by_its_version():
    """Between releases, the version counts commits, which the citation does not."""
    released = sx.__version__ != "0.0" and not Version(sx.__version__).is_devrelease
    assert CITATION["version"] == sx.__version__ or not released


def test_the_citation_and_the_package_say_the_same():
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["title"].lower() == PROJECT["name"]
    assert CITATION["authors"] == PROJECT["authors"]
    assert CITATION["keywords"] == PROJECT["keywords"]


def test_the_citation_has_what_its_format_asks_for():
    """The keys that version 1.2.0 of the Citation File Format requires, and their values."""
    assert CITATION["cff-version"] == "1.2.0" and CITATION["type"] == "software"
    assert CITATION["message"] and CITATION["title"] and CITATION["authors"]
    for reference in CITATION["references"]:
        assert reference["type"] and reference["title"] and reference["authors"]


def test_an_archived_release_is_described_as_it_is_cited():
    assert {
        "title": CITATION["title"],
        "description": CITATION["abstract"],
        "upload_type": CITATION["type"],
        "version": CITATION["version"],
        "license": CITATION["license"],
        "creators": CITATION["authors"],
        "keywords": CITATION["keywords"],
    } == ZENODO
