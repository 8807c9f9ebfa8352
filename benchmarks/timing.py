"""Timing several things in turns, so that a change of the machine's pace meets them all alike."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np


def seconds(work: Callable[[], Any]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(works: dict[str, Callable[[], float]], rounds: int) -> dict[str, np.ndarray]:
    """Call every one of `works` in turn, `rounds` times over; each returns its own seconds."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(work())
    return {name: np.array(values) for name, values in times.items()}


def ratio(slow: np.ndarray, fast: np.ndarray) -> float:
    """Return the median over rounds of one time over the other of the same round."""
    return float(np.median(slow / fast))
