"""How often the 95 % intervals of `sx.compare` hold the truth.

    python -m benchmarks.mean_intervals [REPETITIONS]

Networks are drawn from populations whose mean distance is known, or worked out from a million pairs; a row gives the percentage of the intervals that hold it and their median width, in parts of
it.
"""

import functools
import sys
import warnings
from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr

from separatrix.analysis.measures.intervals import mean_distance, rank_correlation

RNG = np.random.default_rng(0)
SIZES = (6, 8, 10, 20, 50)
BETWEEN = ((6, 6), (6, 20), (10, 10), (20, 20), (50, 50))
Draw = Callable[[int], np.ndarray]


def classes(*shares: float) -> Draw:
    return lambda n: RNG.choice(len(shares), (n, 1), p=np.array(shares) / sum(shares)).astype(float)


def one_of_its_own(share: float) -> Draw:
    """Some networks are alike, every other is like none."""
    return lambda n: np.where(RNG.random((n, 1)) < share, -1.0, RNG.random((n, 1)))


RELATIONS: dict[str, Draw] = {
    "classes 50/50": classes(0.5, 0.5),
    "classes 70/30": classes(0.7, 0.3),
    "classes 90/10": classes(0.9, 0.1),
    "classes 98/2": classes(0.98, 0.02),
    "classes 60/20/20": classes(0.6, 0.2, 0.2),
    "10 classes": classes(*[0.1] * 10),
    "90 % alike, the others like none": one_of_its_own(0.9),
    "50 % alike, the others like none": one_of_its_own(0.5),
}


@functools.cache
def truth(one: Draw, other: Draw) -> float:
    return float(np.mean([np.mean(one(50_000) != other(50_000)) for _ in range(20)]))


def held(one: Draw, other: Draw | None, sizes: tuple[int, int], times: int) -> str:
    """Return the percentage that holds the truth, and the median width in parts of it."""
    exact, ends = truth(one, other or one), []
    for _ in range(times):
        x = one(sizes[0])
        y = x if other is None else other(sizes[1])
        ends.append(mean_distance((x != y.T).astype(float), other is None, True)[1:3])
    low, high = np.array(ends).T
    slack = 1e-3  # that much the truth may be off
    within = (low <= exact + slack) & (exact - slack <= high)
    return f"{100 * within.mean():.1f} ({np.median(high - low) / exact:.2f})"


def correlated(n: int, noise: float, is_relation: bool) -> tuple[np.ndarray, np.ndarray]:
    x = RNG.normal(size=(n, 2))
    if is_relation:
        kind = RNG.random((n, 1)) < 0.3
        x = x + 4 * kind
        return cdist(x, x), (kind != kind.T).astype(float)
    y = x + noise * RNG.normal(size=(n, 2))
    return cdist(x, x), cdist(y, y)


def ranked(n: int, noise: float, is_relation: bool, times: int) -> str:
    many, upper = correlated(2000, noise, is_relation), np.triu_indices(2000, 1)
    exact = spearmanr(*(each[upper] for each in many))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [
            rank_correlation(*correlated(n, noise, is_relation), is_relation) for _ in range(times)
        ]
    ends = np.array([each[1:3] for each in found])
    known = ~np.isnan(ends[:, 0])
    within = (ends[known, 0] <= exact) & (exact <= ends[known, 1])
    return f"{100 * within.mean():.1f} (given in {100 * known.mean():.0f} %)"


def row(*cells: object) -> None:
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def main(times: int) -> None:
    row("within a group of", *SIZES)
    for name, draw in RELATIONS.items():
        row(name, *(held(draw, None, (n, n), times) for n in SIZES))
    row("between groups of", *(f"{a} and {b}" for a, b in BETWEEN))
    pairs = [("classes 90/10", "classes 90/10"), ("classes 98/2", "classes 98/2")]
    pairs += [("classes 50/50", "classes 50/50"), ("classes 90/10", "classes 50/50")]
    for one, other in pairs:
        said = [held(RELATIONS[one], RELATIONS[other], sizes, times) for sizes in BETWEEN]
        row(f"{one}, and {other}", *said)
    row("rank correlation of", *SIZES[:-1])
    for noise in (0.05, 0.3, 1.0, 1e3):
        said = [ranked(n, noise, False, times // 2) for n in SIZES[:-1]]
        row(f"distances in a plane, one with noise {noise:g}", *said)
    row("distances and classes", *(ranked(n, 0, True, times // 2) for n in SIZES[:-1]))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
