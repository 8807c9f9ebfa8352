"""What tells of the package: CITATION.cff and the metadata say the same, and what is asked for."""

import re
import tomllib
from pathlib import Path

import separatrix as sx

ROOT = Path(__file__).parent.parent
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def said(key):
    """Return what follows a key of CITATION.cff, until the next one."""
    return re.search(rf"^{key}:(.*?)(?=^\S|\Z)", CITATION, re.MULTILINE | re.DOTALL)[1].strip()


def test_the_citation_and_the_package_say_the_same():
    assert said("version") == sx.__version__
    assert said("license") == PROJECT["license"]
    assert said("title").lower() == PROJECT["name"]
    assert [f"- {a['name']}" for a in PROJECT["authors"]] == [
        line.replace("name: ", "") for line in said("authors").splitlines()
    ]
    assert re.findall("- (.*)", said("keywords")) == PROJECT["keywords"]
