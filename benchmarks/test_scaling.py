"""Time and memory against the number of units and of candidates, each in a process of its own."""

import math
import os
from typing import NamedTuple

import numpy as np
import pytest

from .processes import worker

SECTION = "Scaling of the search"
UNITS, CANDIDATES = (64, 128, 256, 512), (1_000, 10_000, 100_000)
QUICK = {(64, 1_000), (128, 1_000), (64, 10_000)}
WORDS = {
    "random": "random tanh, g = 1.5",
    "tanh": "tanh trained on the decision task",
    "relu": "ReLU trained on the decision task",
    "gru": "GRU trained on the decision task",
}
SLOW = 10_000  # candidates with which slow points are looked for, too
MEMORY = "≤ 1 GiB over the idle process"
NETWORKS = 3  # of each size, to tell how time grows
CASES = [(kind, units, count) for kind in WORDS for units in UNITS for count in CANDIDATES]


@pytest.fixture(scope="module")
def times() -> dict[tuple[str, int, int], float]:
    """Seconds of processor time a start, kept from one case to the next to compare sizes."""
    return {}


@pytest.fixture
def limit(full) -> float:
    """Seconds after which a search is given up (`BENCH_LIMIT`)."""
    return float(os.environ.get("BENCH_LIMIT", 7200 if full else 180))


@pytest.mark.parametrize(("kind", "units", "count"), CASES)
def test_search(benchmark, figure, full, limit, times, kind, units, count):
    """One search."""
    if not full and (units, count) not in QUICK:
        pytest.skip("BENCH_FULL=1 measures every size")
    done = benchmark.pedantic(worker, ("scaling", kind, units, count), {"timeout": limit}, rounds=1)
    order = 10 * CASES.index((kind, units, count))
    work, asked = f"{WORDS[kind]}: {units} units, {count:,} candidates", MEMORY
    if done is None:
        figure(SECTION, order, work, asked=asked, measured=not_done(limit), reached=False)
        return
    each = of_a_start(done, count)
    times[kind, units, count] = each
    measured = f"{found(done)}, {done['rejected']} rejected"
    if done["further"]:
        measured += f", {done['further']:,} further starts"
    reached: bool | str = done["memory"] <= 1024
    half = times.get((kind, units // 2, count))
    if half is not None:
        power = math.log2(each / half)
        measured += f"; {1e3 * each:.2f} ms a start, as units^{power:.1f}"
        asked += ", time a start ≤ units³ from half the units"
        if power > 3:
            reached = "memory yes, growth **no**" if reached else False
    figure(SECTION, order, work, asked=asked, measured=measured, reached=reached, values=done)
    each_size = [times.get((kind, size, count)) for size in UNITS]
    if None not in each_size:
        grown = growth(each_size)
        work = f"{WORDS[kind]}: {UNITS[0]} to {UNITS[-1]} units, {count:,} candidates"
        asked = "time a start ≤ units³ over the four sizes"
        reached = grown.power <= 3
        figure(SECTION, order + 5, work, asked=asked, measured=grown.words, reached=reached)


@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("kind", WORDS)
def test_search_with_slow_points(benchmark, figure, full, limit, kind, units):
    """The same as users have it who ask for nothing else."""
    if not full:
        pytest.skip("BENCH_FULL=1 measures slow points of every size")
    given = ("scaling", kind, units, SLOW, 0, "slow")
    done = benchmark.pedantic(worker, given, {"timeout": limit}, rounds=1)
    work = f"{WORDS[kind]}: {units} units, {SLOW:,} candidates, slow points too"
    measured, reached = not_done(limit), False
    if done is not None:
        measured = f"{found(done)}, {done['slow']} slow, {done['rejected']} rejected"
        reached = done["memory"] <= 1024
    order = 10 * CASES.index((kind, units, SLOW)) + 1
    figure(SECTION, order, work, asked=MEMORY, measured=measured, reached=reached)


@pytest.mark.parametrize("count", CANDIDATES[:2])
@pytest.mark.parametrize("kind", WORDS)
def test_growth(benchmark, figure, full, kind, count):
    """Several networks of each size, as single ones differ in what their candidates meet."""
    if not full:
        pytest.skip("BENCH_FULL=1 measures several networks of every size")

    def measure():
        done = [[worker("scaling", kind, n, count, k) for k in range(NETWORKS)] for n in UNITS]
        return [[of_a_start(one, count) for one in size] for size in done]

    times = benchmark.pedantic(measure, rounds=1)
    means = [float(np.exp(np.mean(np.log(size)))) for size in times]
    each = ", ".join(f"{1e3 * mean:.2g}" for mean in means)
    grown = growth(means)
    figure(
        SECTION,
        10 * CASES.index((kind, UNITS[-1], count)) + 6,
        f"{WORDS[kind]}: {NETWORKS} networks of each size, {count:,} candidates",
        asked="time a start ≤ units³ from each size to the next",
        measured=f"{each} ms a start at {', '.join(map(str, UNITS))} units (means); {grown.words}",
        reached=grown.steepest <= 3,
        values={str(n): size for n, size in zip(UNITS, times, strict=True)},
    )


def not_done(limit: float) -> str:
    """Say that a search has been given up."""
    return f"not done within {limit:.0f} s"


def found(done: dict[str, float]) -> str:
    """Say what a search took and found."""
    return (
        f"{done['warm']:.2f} s ({done['processor']:.2f} s of processor time), "
        f"{done['memory'] / 1024:.2f} GiB; {done['fixed']} fixed"
    )


def of_a_start(done: dict[str, float], count: int) -> float:
    """Return the seconds of processor time a start took.

    Where points are missing the search makes starts of its own, of one size and not of another.
    """
    return done["processor"] / (count + done["further"])


class Growth(NamedTuple):
    """How the time of a start grows: the power of units over all sizes, and the largest doubling's."""

    words: str
    power: float
    steepest: float


def growth(seconds: list[float]) -> Growth:
    """Return how times grow over all sizes, along a line through their logarithms, and where most."""
    units, times = np.log2(UNITS), np.log2(seconds)
    power = float(np.polyfit(units, times, 1)[0])
    place = int(np.argmax(np.diff(times)))
    steepest = float(np.diff(times)[place])
    between = f"{UNITS[place]} to {UNITS[place + 1]}"
    words = f"as units^{power:.1f}; from {between} units as units^{steepest:.1f}"
    return Growth(words, power, steepest)
