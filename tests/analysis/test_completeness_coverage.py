"""Coverage and richness, against numbers worked out by hand."""

import numpy as np
import pytest

from separatrix.analysis.completeness import chao1, good_turing_coverage


@pytest.mark.parametrize(
    ("hits", "coverage", "richness"),
    [
        # n = 21, f1 = 3, f2 = 2: 7 + (20/21) 3²/(2·2) = 7 + 15/7
        ([10, 4, 2, 2, 1, 1, 1], 1 - 3 / 21, 7 + 15 / 7),
        # without doubletons: 3 + (4/5) (2·1/2) of n = 5, f1 = 2
        ([3, 1, 1], 1 - 2 / 5, 3.8),
        ([3, 1], 0.75, 2),  # one singleton, no doubleton: f1 (f1 − 1) = 0
        ([0, 3, 1], 0.75, 2),  # found in another way: no draw
        ([5, 5], 1, 2),
        ([1, 1], 0, 2.5),
    ],
)
def test_coverage_and_richness_by_hand(hits, coverage, richness):
    hits = np.array(hits, int)
    assert good_turing_coverage(hits) == pytest.approx(coverage, rel=1e-14)
    assert chao1(hits) == pytest.approx(richness, rel=1e-14)


def test_nothing_is_known_without_draws():
    for hits in (np.zeros(0, int), np.zeros(4, int)):
        assert good_turing_coverage(hits) is None and chao1(hits) is None


def test_estimates_of_a_known_lottery():
    """100 equally likely points, 120 draws: unbiased coverage, Chao near the truth on average."""
    rng = np.random.default_rng(0)
    covered, estimated = [], []
    for _ in range(300):
        hits = np.bincount(rng.integers(100, size=120), minlength=100)
        covered.append(good_turing_coverage(hits) - (hits > 0).mean())
        estimated.append(chao1(hits))
    assert abs(np.mean(covered)) < 0.01
    assert np.mean(estimated) == pytest.approx(100, rel=0.05)
