"""How often is a verdict right on systems by a hand that had read only the page of its words?

    python benchmarks/first_sight.py ROUND [CLASS ...] [--seeds 5] [--check-for 120]

Of each class of `first_sight_ROUND.py` and each seed the word, the shares of the ends and the period
are compared with what its author knows, and each claim with what `tools/check_verdict.py` finds
(which runs the author's own function in NumPy). Whatever disagrees is printed.
"""

import argparse
import importlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import separatrix as sx

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from claim_checker import check_within

SHARE, PERIOD = 0.02, 0.01
"""What the page tolerates."""


def disagreements(case: dict[str, Any], found: sx.records.Verdict) -> Iterator[str]:
    """Generate what the author of a case knows better."""
    shares: Counter[str] = Counter()
    for claim in found.claims:
        if claim.kind == "end":
            shares[claim.numbers["what"]] += claim.numbers["share"]
            wrong = case["period"] and claim.numbers["what"] == "curve"
            if wrong and abs(claim.numbers["period"] / case["period"] - 1) > PERIOD:
                yield f"period {claim.numbers['period']:.5g}, which is {case['period']:.5g}"
    for what, share in shares.items() if case["ends"] else ():
        most = case["ends"].get(what, (0.0, 0.0))[1]
        if what != "unknown" and share > most + SHARE:
            yield f"{share:.0%} end at {what}: at most {most:.0%} do"


def main() -> None:
    """Judge the verdicts of a round."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("round", type=int)
    parser.add_argument("classes", nargs="*")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--check-for", type=int, default=120, help="seconds for one system")
    given = parser.parse_args()
    sx.enable_compilation_cache()
    module = importlib.import_module(f"benchmarks.first_sight_{given.round}")
    words: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    known = unknown = 0
    for of in module.CLASSES:
        for seed in range(given.first, given.first + given.seeds):
            if given.classes and of.__name__ not in given.classes:
                continue
            case = of(seed)
            asked = {"duration": case["duration"], "axis": case["axis"]}
            found = sx.verdict(case["system"], case["states"], **asked)
            word = "right" if found.held in case["words"] else "wrong"
            word = "not known" if word == "wrong" and found.held in ("moving", "unknown") else word
            words[word] += 1
            said = f"{of.__name__} {seed}: {found.held}"
            print(said if word == "right" else f"{said} ({word}: {case['words']})", flush=True)
            faults = list(disagreements(case, found))
            known += len(faults)
            judged = check_within(given.check_for, found, case["system"], case["rhs"])
            for claim, answer, reason in judged:
                answers[answer] += 1
                if answer in ("false", "missed"):
                    numbers = {k: v for k, v in claim.numbers.items() if k not in ("rows", "state")}
                    faults.append(f"{answer}: {claim.kind} {numbers}: {reason}")
            for fault in faults:
                print(f"    {fault}", flush=True)
            lost = sum(
                c.numbers["share"]
                for c in found.claims
                if c.kind == "end" and c.numbers["what"] == "unknown"
            )
            unknown += lost > 0.05
    print(f"words {dict(words)}; refuted by the construction {known}; the checker {dict(answers)}")
    print(f"more than 5 % of the ends not known in {unknown}")


if __name__ == "__main__":
    main()
