"""The whole workflow as the command line runs it."""

import sys
from pathlib import Path

import jax
import numpy as np

import separatrix as sx

from .processes import run

SECTION = "From a task to a line attractor"


def test_run_yang2020(benchmark, figure, tmp_path):
    """Fresh processes: the first finds no compiled program, the later ones find them all."""
    command = [str(Path(sys.executable).with_name("separatrix")), "run", "yang2020", "--out"]
    environment = {"SEPARATRIX_CACHE_DIR": str(tmp_path / "cache")}

    def measure() -> list:
        names = ("cold", "warm", "warm2", "warm3", "warm4", "warm5")
        return [run([*command, str(tmp_path / name)], environment) for name in names]

    cold, *again = benchmark.pedantic(measure, rounds=1)
    warm = sorted(again, key=lambda done: done.seconds)[len(again) // 2]
    for order, name, done, limit in ((10, "cold", cold, 20), (11, "with the cache", warm, 8)):
        figure(
            SECTION,
            order,
            f"`separatrix run yang2020`, {name}",
            asked=f"≤ {limit} s",
            measured=f"{done.seconds:.1f} s",
            reached=done.seconds <= limit,
            values={"seconds": done.seconds, "peak": done.peak},
        )
    peak = max(cold.peak, warm.peak)
    figure(
        SECTION,
        12,
        "its peak memory",
        asked="≤ 1.5 GiB",
        measured=f"{peak / 1024:.2f} GiB",
        reached=peak <= 1536,
        values={"peak": peak},
    )
    networks = [
        sx.load_network(tmp_path / name / "weights.safetensors") for name in ("cold", "warm")
    ]
    pairs = zip(*map(jax.tree.leaves, networks), strict=True)
    same = all(np.array_equal(a, b) for a, b in pairs)
    figure(
        SECTION,
        13,
        "its weights, from two processes",
        asked="equal, bit for bit",
        measured="equal" if same else "NOT equal",
        reached=same,
    )
