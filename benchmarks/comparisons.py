"""How often is it wrong, and how often unknown, whether two systems have the same topology?

Run ``python benchmarks/comparisons.py [pairs of each kind [first seed]]``.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

import separatrix as sx

if __package__:
    from .planted_pairs import KINDS, Pair, Planted, pair
else:
    sys.path.insert(0, str(Path(__file__).parent))
    from planted_pairs import KINDS, Pair, Planted, pair


def known(planted: Planted) -> sx.measures.Dynamics:
    """Return what is found of a planted system."""
    points = sx.find_fixed_points(planted.system, planted.starts, slow_points=False)
    if not len(points.fixed):
        return sx.measures.Dynamics(points=points)
    outputs = planted.outputs(np.asarray(points.states))
    topology = sx.fixed_point_topology(planted.system, points, outputs)
    return sx.measures.Dynamics(points=points, topology=topology)


def judged(both: Pair) -> tuple[str, sx.Comparison]:
    """Return "right", "wrong" or "unknown", and the comparison of the two systems of a pair."""
    found = sx.compare({"first": known(both.first), "second": known(both.second)}, "topology")
    distance = found.distances[0, 1]
    if np.isnan(distance):
        return "unknown", found
    return ("right" if (distance == 0) == both.same else "wrong"), found


def main(count: int = 40, first: int = 0) -> None:
    """Print a line for each kind of pair, and one for each pair that is not judged right."""
    for kind in KINDS:
        begun, given = time.perf_counter(), Counter[str]()
        for seed in range(first, first + count):
            both = pair(kind, seed)
            answer, found = judged(both)
            given[answer] += 1
            if answer != "right":
                families = f"{both.first.family}, {both.second.family}"
                why = found.reasons[0, 1] or "; ".join(found.evidence)
                print(f"  {kind} {seed} ({families}): {answer}: {why}", flush=True)
        took = time.perf_counter() - begun
        print(
            f"{kind}: right {given['right']}, wrong {given['wrong']}, unknown {given['unknown']}; "
            f"{took / count:.2f} s each",
            flush=True,
        )


if __name__ == "__main__":
    sx.enable_compilation_cache()
    main(*map(int, sys.argv[1:]))
