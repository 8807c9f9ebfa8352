"""What tells of the package: CITATION.cff and the metadata say the same, and what is asked for."""

import re
import tomllib
from pathlib import Path

from packaging.version import Version

import separatrix as sx

ROOT = Path(__file__).parent.parent
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def said(key):
    """Return what follows a key of CITATION.cff, until the next one."""
    return re.search(rf"^{key}:(.*?)(?=^\S|\Z)", CITATION, re.MULTILINE | re.DOTALL)[1].strip()


def test_a_release_is_cited_by_its_version():
    """Between releases, the version counts commits, which the citation does not."""
    released = sx.__version__ != "0.0" and not Version(sx.__version__).is_devrelease
    assert said("version") == sx.__version__ or not released


def test_the_citation_and_the_package_say_the_same():
    assert said("license") == PROJECT["license"]
    assert said("title").lower() == PROJECT["name"]
    assert [f"- {a['name']}" for a in PROJECT["authors"]] == [
        line.replace("name: ", "") for line in said("authors").splitlines()
    ]
    assert re.findall("- (.*)", said("keywords")) == PROJECT["keywords"]
