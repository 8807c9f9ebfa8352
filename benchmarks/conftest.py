"""Fixtures of the benchmarks."""

import os
from collections.abc import Callable, Iterator

import pytest

from .figures import Figure, record
from .processes import Peer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A benchmark that is skipped is no mistake."""
    unused = pytest.mark.filterwarnings("ignore::pytest_benchmark.logger.PytestBenchmarkWarning")
    for item in items:
        item.add_marker(unused)


@pytest.fixture(scope="session")
def full() -> bool:
    """Whether to measure everything (`BENCH_FULL=1`) or what takes minutes."""
    return os.environ.get("BENCH_FULL", "") not in ("", "0")


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often a quick thing is measured (`BENCH_ROUNDS`)."""
    return int(os.environ.get("BENCH_ROUNDS", "9"))


@pytest.fixture(scope="session")
def figure() -> Callable[..., None]:
    """Return a function that records a row of the report."""

    def keep(section: str, order: int, work: str, **rest: object) -> None:
        given = {"asked": "–", "reached": None} | rest
        if not isinstance(given["reached"], str | None):
            given["reached"] = bool(given["reached"])  # of NumPy's, too
        record(Figure(section, order, work, **given))  # type: ignore[arg-type]

    return keep


@pytest.fixture
def peer() -> Iterator[Callable[[str, str], Peer]]:
    """Return a function (script, package) that starts a peer, or skips where there is none."""
    started: list[Peer] = []

    def start(script: str, package: str) -> Peer:
        if reason := Peer.missing(package):
            pytest.skip(reason)
        started.append(Peer(script).__enter__())
        return started[-1]

    yield start
    for each in started:
        each.__exit__()
