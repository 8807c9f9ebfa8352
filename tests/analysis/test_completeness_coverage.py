"""Coverage and richness, against numbers worked out by hand."""

import numpy as np
import pytest

from separatrix.analysis.completeness import chao1, good_turing_coverage

HITS = np.array([10, 4, 2, 2, 1, 1, 1])  # n = 21, f1 = 3, f2 = 2


def test_coverage_by_hand():
    assert good_turing_coverage(HITS) == 1 - 3 / 21
    assert good_turing_coverage(np.array([5, 5])) == 1
    assert good_turing_coverage(np.array([1, 1])) == 0
    assert good_turing_coverage(np.array([0, 3, 1])) == 0.75  # found in another way: no draw


def test_chao1_by_hand():
    # 7 + (20/21) 3²/(2·2) = 7 + 15/7
    assert chao1(HITS).estimate == pytest.approx(7 + 15 / 7, rel=1e-14)
    # without doubletons: 3 + (4/5) (2·1/2) of n = 5, f1 = 2
    assert chao1(np.array([3, 1, 1])).estimate == pytest.approx(3.8, rel=1e-14)
    assert chao1(np.array([3, 1])) == (2, 2, 2)  # one singleton, no doubleton: f1 (f1 − 1) = 0


def test_interval_by_hand():
    # A = 20/21, f1/f2 = 3/2: var = 2 [A/2 (9/4) + A² (27/8) + A² (81/64)]
    A = 20 / 21
    variance = 2 * (A * 9 / 8 + A**2 * 27 / 8 + A**2 * 81 / 64)
    unseen = 15 / 7
    K = np.exp(1.959963984540054 * np.sqrt(np.log(1 + variance / unseen**2)))
    found = chao1(HITS)
    assert found.low == pytest.approx(7 + unseen / K, rel=1e-12)
    assert found.high == pytest.approx(7 + unseen * K, rel=1e-12)
    assert 7 < found.low < found.estimate < found.high


def test_interval_without_doubletons_by_hand():
    # n = 5, f1 = 2: A f1 (f1−1)/2 + A² f1 (2 f1 − 1)²/4 − A² f1⁴/(4 S) with S = 3.8, A = 4/5
    variance = 0.8 + 0.64 * 18 / 4 - 0.64 * 16 / (4 * 3.8)
    K = np.exp(1.959963984540054 * np.sqrt(np.log(1 + variance / 0.8**2)))
    assert chao1(np.array([3, 1, 1])).high == pytest.approx(3 + 0.8 * K, rel=1e-12)


def test_nothing_is_known_without_draws():
    for hits in (np.zeros(0, int), np.zeros(4, int)):
        assert good_turing_coverage(hits) is None and chao1(hits) is None


def test_estimates_of_a_known_lottery():
    """100 equally likely points, 120 draws: unbiased coverage, Chao near the truth on average."""
    rng = np.random.default_rng(0)
    covered, estimated, enclosed = [], [], []
    for _ in range(300):
        hits = np.bincount(rng.integers(100, size=120), minlength=100)
        covered.append(good_turing_coverage(hits) - (hits > 0).mean())
        estimate = chao1(hits)
        estimated.append(estimate.estimate)
        enclosed.append(estimate.low <= 100 <= estimate.high)
    assert abs(np.mean(covered)) < 0.01
    assert np.mean(estimated) == pytest.approx(100, rel=0.05)
    assert np.mean(enclosed) > 0.9
