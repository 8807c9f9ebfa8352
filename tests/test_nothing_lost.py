"""The benchmark over the golden table: how it counts, and that its page shows its figures."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.nothing_lost.figures import Figures
from benchmarks.nothing_lost.page import PAGE, blocks
from benchmarks.report import with_block


def test_the_page_shows_the_figures():
    page = PAGE.read_text(encoding="utf-8")
    for name, text in blocks(Figures.load()).items():
        assert with_block(page, name, text) == page
