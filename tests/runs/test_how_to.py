"""The examples of how-to pages run, and print what the pages say."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
SAYS = {
    "your-own-network": ["['fixed'] [ True]", "True\nTrue\n"],
    "your-own-task": ["0.984", "Performance: score 0.9", "AboveOrBelow (chance 0.500", " fixed, "],
    "does-it-oscillate": [
        "[200. 200.]",
        "[-10. -10.]",
        "1 cycle of a flow",
        "2 200.0 stable True [[0.0, 0.0], [1.0, 1.0]]",
        "supercritical Hopf at p = 0\n[200.]",
        "[[0.4 0.4]] [200.] ['stable']",
    ],
    "is-it-a-line-attractor": ["[(-1.0, 1.0)]", "[5. 5. 5. 5. 5.]", "line\n", "20000.0 isolated"],
    "what-does-context-do": [
        "2 branches, ",
        "subcritical pitchfork at mu = 10.67680576",
        "fold at mu = 65.68198607",
    ],
    "figures-for-a-paper": ["(20, 50, 2) 3", "85 mm"],
    "train-for-hours": ["400 steps\n0."],
    "where-is-the-decision-made": ["arm +1: to point", "from 17 segments", "0 unsettled"],
}


@pytest.mark.parametrize("name", SAYS)
def test_a_page_runs(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # pages save their figures
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, name, "exec"), names)
    said = capsys.readouterr().out
    for words in SAYS[name]:
        assert words in said, said
