"""The law of the comparison of topologies: pairs of systems that were planted the same, or not."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.comparisons import judged
from benchmarks.planted_pairs import KINDS, pair

SEEDS = range(3000, 3025)
"""No rule was tuned on them; families take turns."""


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_pairs_are_judged_right(seed):
    assert judged(pair(KINDS[seed % len(KINDS)], seed))[0] == "right"
