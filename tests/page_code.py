"""The Python of the pages, block by block."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(?ms)(?:^<!-- needs (\w+) -->\n)?^```python\n(.*?)^```$")


def blocks(page):
    """Return (library, code) of each block; the library is empty where none is needed but ours."""
    return BLOCK.findall((ROOT / f"{page}.md").read_text(encoding="utf-8"))


def run(page, library=None):
    """Run the blocks of a page one after the other, but for those that need another library."""
    names = {}
    for needed, code in blocks(page):
        if needed in ("", library):
            exec(compile(code, f"<{page}.md>", "exec"), names)
    return names
