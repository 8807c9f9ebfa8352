"""How often is the verdict on a planted system wrong, and how often is it "unknown"?

Run ``python benchmarks/verdicts.py [systems of each class [first seed]]``.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import separatrix as sx

if __package__:
    from .planted import CLASSES, Planted, plant
else:
    sys.path.insert(0, str(Path(__file__).parent))
    from planted import CLASSES, Planted, plant

HELD = {"plane": "surface", "discrete": "points", "one point": "point"}
"""What `Verdict.held` calls the class, or a system of it, where that has another name."""


def judged(planted: Planted) -> sx.Verdict:
    """Return the verdict on a planted system, with its points where they are found."""
    return sx.verdict(planted.system, planted.states, duration=planted.duration, axis=planted.axis)


def main(count: int = 200, first: int = 0) -> None:
    """Print a line for each class, and one for each wrong verdict."""
    for answer in CLASSES:
        begun, given = time.perf_counter(), Counter[str]()
        for seed in range(first, first + count):
            planted = plant(answer, seed)
            expected = HELD.get(planted.name, HELD.get(answer, answer))
            found = judged(planted)
            given["right" if found.held == expected else found.held] += 1
            if found.held != expected:
                kind = planted.system.kind
                print(f"  {answer} {seed} ({planted.name}, {kind}): {found.summary()}", flush=True)
        unknown = given.pop("unknown", 0)
        right = given.pop("right", 0)
        took = time.perf_counter() - begun
        print(
            f"{answer}: right {right}, wrong {count - right - unknown}, unknown {unknown}; "
            f"{1000 * took / count:.0f} ms each",
            flush=True,
        )


if __name__ == "__main__":
    sx.enable_compilation_cache()
    main(*map(int, sys.argv[1:]))
