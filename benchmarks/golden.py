"""How long does each row of the golden table take, in a process of its own?

``python benchmarks/golden.py [row …]`` prints seconds: "cold" with everything to compile, "warm"
the search again. With ``--against PATH``, a checkout of another commit, each row is searched with
both in turns, with the rows of this one; then it prints ratios, and their geometric mean at the
end. ``--rounds 3`` takes the least of so many.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
LIMIT = 300.0
"""Seconds for one row."""
sys.path.insert(0, str(ROOT / "tests"))


def search(name: str) -> None:
    """Print what one row takes here, as JSON."""
    from golden import BY_NAME

    import separatrix as sx

    row, search = BY_NAME[name], sx.find_fixed_points  # imports what is not measured
    row.make()
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        system, candidates = row.make()
        points = search(system, candidates, **row.options)
        seconds.append(time.perf_counter() - begun)
    print(json.dumps({"cold": seconds[0], "warm": min(seconds[1:]), "fixed": len(points.fixed)}))


def timed(name: str, tree: Path, python: str) -> dict[str, float]:
    """Return what a row takes in a checkout; NaN where it fails, or does not end in time."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SEPARATRIX_CACHE_DIR"):
        environment.pop(variable, None)
    command = [python, __file__, "--one", name]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=True
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return {"cold": np.nan, "warm": np.nan, "fixed": np.nan}
    return json.loads(done.stdout.splitlines()[-1])


def main(names: list[str], trees: dict[str, Path], rounds: int, python: str) -> None:
    ratios = {"cold": [], "warm": []}
    for name in names:
        taken = {label: [] for label in trees}
        for _ in range(rounds):
            for label, tree in trees.items():
                taken[label].append(timed(name, tree, python))
        best = {
            label: {kind: min(t[kind] for t in each) for kind in ("cold", "warm")}
            for label, each in taken.items()
        }
        text = "; ".join(
            f"{label} {b['cold']:.2f} {b['warm']:.3f}, {taken[label][0]['fixed']} fixed"
            for label, b in best.items()
        )
        if len(trees) > 1:
            for kind in ratios:
                ratios[kind].append(best["here"][kind] / best["there"][kind])
            text += f"; ratio {ratios['cold'][-1]:.2f} {ratios['warm'][-1]:.2f}"
        print(f"{name}: {text}", flush=True)
    for kind, values in ratios.items():
        if finite := [v for v in values if np.isfinite(v)]:
            mean, most = np.exp(np.mean(np.log(finite))), max(finite)
            print(f"{kind}: geometric mean {mean:.3f}, largest {most:.2f}, of {len(finite)} rows")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*")
    parser.add_argument("--against", type=Path, help="a checkout of another commit")
    parser.add_argument("--python", default=sys.executable, help="of the environment for both")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        search(given.one)
    else:
        from golden import ROWS

        solved = [row.name for row in ROWS if not row.unsolved]
        places = {"here": ROOT} | ({"there": given.against} if given.against else {})
        main(given.rows or solved, places, given.rounds, given.python)
