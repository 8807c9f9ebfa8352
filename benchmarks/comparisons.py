"""How often is it wrong, and how often unknown, whether two systems have the same topology?

Run ``python benchmarks/comparisons.py [pairs of each kind [first seed]]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import separatrix as sx

if __package__:
    from .judging import judge_all
    from .planted_pairs import KINDS, Pair, Planted, pair
else:
    sys.path.insert(0, str(Path(__file__).parent))
    from judging import judge_all
    from planted_pairs import KINDS, Pair, Planted, pair


def known(planted: Planted) -> sx.measures.Dynamics:
    """Return what is found of a planted system."""
    points = sx.find_fixed_points(planted.system, planted.starts, slow_points=False)
    if not len(points.fixed):
        return sx.measures.Dynamics(points=points)
    outputs = planted.outputs(np.asarray(points.states))
    topology = sx.fixed_point_topology(planted.system, points, outputs)
    return sx.measures.Dynamics(points=points, topology=topology)


def judged(both: Pair) -> tuple[str, sx.records.Comparison]:
    """Return "right", "wrong" or "unknown", and the comparison of the two systems of a pair."""
    found = sx.compare({"first": known(both.first), "second": known(both.second)}, "topology")
    distance = found.distances[0, 1]
    if np.isnan(distance):
        return "unknown", found
    return ("right" if (distance == 0) == both.same else "wrong"), found


def judged_pair(kind: str, seed: int) -> tuple[str, str]:
    """Return how a planted pair is judged, and why."""
    both = pair(kind, seed)
    answer, found = judged(both)
    why = found.reasons[0, 1] or "; ".join(found.evidence)
    return answer, f"({both.first.family}, {both.second.family}) {why}"


def main(count: int = 40, first: int = 0) -> None:
    """Print a line for each kind of pair, and one for each pair that is not judged right."""
    judge_all(KINDS, judged_pair, count, first)


if __name__ == "__main__":
    sx.enable_compilation_cache()
    main(*map(int, sys.argv[1:]))
