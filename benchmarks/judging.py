"""How often is an answer right, wrong or unknown, for systems whose answer was planted?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable


def judge_all(
    kinds: Iterable[str], judged: Callable[[str, int], tuple[str, str]], count: int, first: int
) -> None:
    """Print a line for each kind, and one for each system that is not judged right.

    `judged(kind, seed)` returns "right", "wrong" or "unknown", and what was found in words.
    """
    for kind in kinds:
        begun, given = time.perf_counter(), Counter[str]()
        for seed in range(first, first + count):
            answer, found = judged(kind, seed)
            given[answer] += 1
            if answer != "right":
                print(f"  {kind} {seed}: {answer}: {found}", flush=True)
        took = (time.perf_counter() - begun) / count
        told = ", ".join(f"{answer} {given[answer]}" for answer in ("right", "wrong", "unknown"))
        print(f"{kind}: {told}; {took:.2f} s each", flush=True)
