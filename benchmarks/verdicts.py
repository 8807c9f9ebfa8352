"""How often is the verdict on a planted system wrong, and how often is it "unknown"?

Run ``python benchmarks/verdicts.py [systems of each class [first seed]]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import separatrix as sx

if __package__:
    from .judging import judge_all
    from .planted import CLASSES, Planted, plant
else:
    sys.path.insert(0, str(Path(__file__).parent))
    from judging import judge_all
    from planted import CLASSES, Planted, plant

HELD = {"plane": "surface", "discrete": "points", "one point": "point"}
"""What `Verdict.held` calls the class, or a system of it, where that has another name."""


def judged(answer: str, seed: int) -> tuple[str, str]:
    """Return how the verdict on a planted system is to be judged, and what it says."""
    planted: Planted = plant(answer, seed)
    expected = HELD.get(planted.name, HELD.get(answer, answer))
    found = sx.verdict(planted.system, planted.states, duration=planted.duration, axis=planted.axis)
    said = f"({planted.name}, {planted.system.kind}) {found.summary()}"
    if found.held == "unknown":
        return "unknown", said
    return ("right" if found.held == expected else "wrong"), said


def main(count: int = 200, first: int = 0) -> None:
    """Print a line for each class, and one for each verdict that is not right."""
    judge_all(CLASSES, judged, count, first)


if __name__ == "__main__":
    sx.enable_compilation_cache()
    main(*map(int, sys.argv[1:]))
