"""Finding fixed points: how many, with what evidence, how fast, beside BrainPy's finder."""

from collections import Counter

import jax
import numpy as np
import pytest

import separatrix as sx
from separatrix.enclosure.krawczyk import certify_zeros

from . import systems
from .processes import worker
from .timing import interleaved, ratio, seconds

SECTION = "Fixed points that can be trusted"


def told(points: sx.records.FixedPoints) -> str:
    """Return the counts, and what is proved, in words."""
    fixed = points.fixed
    unstable = Counter(int(n) for n in fixed.n_unstable)
    directions = ", ".join(f"{count}×{n}" for n, count in sorted(unstable.items()))
    words = [f"{len(fixed)} fixed" + (f" (unstable directions {directions})" if directions else "")]
    if len(points.slow):
        words.append(f"{len(points.slow)} slow")
    if len(fixed):
        words.append(f"{int(fixed.certified.sum())} certified")
    if points.index_sum is not None:
        words.append(f"index sum {points.index_sum}")
    if points.complete:
        words.append("complete")
    return ", ".join(words)


def sound(points: sx.records.FixedPoints, count: int, index_sum: int | None = None) -> bool:
    """Return whether there are so many fixed points, all certified, with that index sum."""
    fixed = points.fixed
    proved = len(fixed) == count and bool(fixed.certified.all())
    return proved and (index_sum is None or points.index_sum == index_sum)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("slow", [False, True], ids=["fixed", "slow"])
def test_primer(benchmark, figure, seed, slow):
    """The primer's network, trained with BrainPy."""
    system, states = systems.primer(seed)
    points = benchmark.pedantic(
        sx.find_fixed_points, (system, states), {"slow_points": slow}, rounds=3, warmup_rounds=1
    )
    value, limit, count = benchmark.stats.stats.median, 2.5 if slow else 0.25, 2 - 2 * seed
    asked = f"{count} fixed{', certified' if count else ''}"
    limited = seed == 0
    figure(
        SECTION,
        2 * seed + slow,
        f"`brainpy_seed{seed}`, ReLU 64, 2200 states" + (", slow points too" if slow else ""),
        asked=asked + (f", ≤ {limit} s" if limited else ""),
        measured=f"{told(points)}; {value:.3f} s",
        reached=sound(points, count) and (value <= limit or not limited),
        values={"seconds": value, "fixed": len(points.fixed), "slow": len(points.slow)},
    )


def test_primer_against_brainpy(benchmark, figure, peer):
    """BrainPy's finder with the notebook's settings, in turns with ours."""
    finder = peer("fixed_points_brainpy.py", "brainpy")
    system, states = systems.primer(0)

    def ours() -> float:
        return seconds(lambda: sx.find_fixed_points(system, states, slow_points=False))

    ours()
    told_by_them: list[dict] = []

    def theirs() -> float:
        told_by_them.append(finder.work())
        return told_by_them[-1]["seconds"]

    works = {"ours": ours, "brainpy": theirs}
    times = benchmark.pedantic(interleaved, (works, 2), rounds=1)
    faster, them = ratio(times["brainpy"], times["ours"]), told_by_them[-1]
    figure(
        SECTION,
        4,
        "`brainpy_seed0` against BrainPy's SlowPointFinder, in turns",
        asked="≥ 40 times faster",
        measured=f"{faster:.0f} times ({np.median(times['brainpy']):.1f} s against "
        f"{np.median(times['ours']):.3f} s); it reports {them['reported']} fixed points",
        reached=faster >= 40,
        values={"ratio": faster} | them,
    )


@pytest.mark.parametrize(("name", "limit"), [("tanh16", 0.15), ("gru32", 0.5)])
def test_flip_flop(benchmark, figure, name, limit):
    """Three-bit memories trained in PyTorch."""
    system, starts = {"tanh16": systems.flip_flop_tanh, "gru32": systems.flip_flop_gru}[name]()
    points = benchmark.pedantic(sx.find_fixed_points, (system, starts), rounds=5, warmup_rounds=1)
    value = benchmark.stats.stats.median
    figure(
        SECTION,
        5 + (name == "gru32"),
        f"`flipflop_{name}`, 1024 starts",
        asked=f"27, certified, index sum 1, ≤ {limit} s",
        measured=f"{told(points)}; {value:.3f} s",
        reached=sound(points, 27, 1) and value <= limit,
        values={"seconds": value, "fixed": len(points.fixed)},
    )


INDICES = {
    (2, False): {0: 2, 1: 1},
    (3, False): {1: 2, 2: 1},
    (4, False): {0: 2, 1: 2, 2: 4, 3: 1},
    (2, True): {0: 2, 1: 1},
    (3, True): {0: 2, 1: 1},
    (4, True): {0: 4, 1: 4, 2: 1},
}


@pytest.mark.parametrize("flow", [False, True], ids=["map", "flow"])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_fixed_point_finder_networks(benchmark, figure, size, flow):
    """The test networks of FixedPointFinder, whose fixed points are known to be all."""
    system = systems.fixed_point_finder(size, flow)
    starts = np.random.default_rng(0).uniform(-1, 1, (1000, size))
    points = benchmark.pedantic(sx.find_fixed_points, (system, starts), rounds=3, warmup_rounds=1)
    expected = INDICES[size, flow]
    right = Counter(int(n) for n in points.fixed.n_unstable) == expected
    directions = ", ".join(f"{count}×{n}" for n, count in expected.items())
    figure(
        SECTION,
        10 + 2 * size + flow,
        f"FixedPointFinder's test network n = {size}, as a {'flow' if flow else 'map'}",
        asked=f"{sum(expected.values())} (unstable directions {directions}), complete",
        measured=f"{told(points)}; {benchmark.stats.stats.median:.3f} s",
        reached=right and points.complete,
        values={"seconds": benchmark.stats.stats.median},
    )


@pytest.mark.parametrize("size", [50, 1000, 20_000])
def test_rank_one(benchmark, figure, size):
    """Rank one: three fixed points, from a scalar equation; no Jacobian of the largest is formed."""
    system, known = systems.rank_one(size)
    starts = 2 * np.random.default_rng(1).standard_normal((100 if size < 1000 else 10, size))
    points = benchmark.pedantic(sx.find_fixed_points, (system, starts), rounds=1, warmup_rounds=1)
    value, found = benchmark.stats.stats.median, np.asarray(points.fixed.states)
    distances = np.abs(found[:, None] - known).max(-1) if len(found) else np.full((1, 3), np.inf)
    right = len(found) == 3 and bool((distances.min(0) < 1e-9).all())
    figure(
        SECTION,
        30 + [50, 1000, 20_000].index(size),
        f"rank-one network, N = {size}",
        asked="3, complete",
        measured=f"{told(points)}; {value:.2f} s",
        reached=right and points.complete,
        values={"seconds": value, "fixed": len(found)},
    )


@pytest.mark.parametrize("name", ["relu64", "tanh16", "gru32"])
def test_first_call(benchmark, figure, tmp_path, name):
    """The first search of a process, compilation included."""

    def measure() -> list[dict]:
        cache = tmp_path / "cache"
        return [
            worker("first_search", name),
            *(worker("first_search", name, cache) for _ in range(2)),
        ]

    cold, _, cached = benchmark.pedantic(measure, rounds=1)
    for extra, done, limit in ((0, cold, 2.0), (1, cached, 0.7)):
        order = 40 + 2 * ["relu64", "tanh16", "gru32"].index(name) + extra
        figure(
            SECTION,
            order,
            f"first call in a new process, {name}" + (", from the cache" if extra else ""),
            asked=f"≤ {limit} s",
            measured=f"{done['seconds']:.2f} s",
            reached=done["seconds"] <= limit,
            values=done,
        )


def test_certification_of_a_large_gru(benchmark, figure):
    """One point of a GRU of 256 units, found by iterating its map."""
    system = systems.random_gru(256)
    with jax.enable_x64(True):
        points = sx.find_fixed_points(system, np.zeros((1, 256)), slow_points=False)
    states = np.asarray(points.fixed.states)
    found = benchmark.pedantic(certify_zeros, (system.residual, states), rounds=3, warmup_rounds=1)
    value = benchmark.stats.stats.median
    figure(
        SECTION,
        50,
        "certification of one point of a 256-unit GRU",
        asked="≤ 1 s",
        measured=f"{value:.2f} s, error bound {found.error_bound[0]:.1e}, alone within "
        f"{found.radius[0]:.1e}"
        if found.unique.all()
        else f"not certified; {value:.2f} s",
        reached=bool(found.unique.all()) and value <= 1,
        values={"seconds": value},
    )
