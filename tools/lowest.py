"""Print the lowest versions that `pyproject.toml` allows, as constraints (`make test-lowest`)."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
for requirement in wanted:
    found = re.fullmatch(r"([\w.\[\]-]+)>=([\d.]+)", requirement.replace(" ", ""))
    if found is None:
        sys.exit(f"expected 'name>=version', got {requirement!r}")
    print(f"{found[1]}=={found[2]}")
