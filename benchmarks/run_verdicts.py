"""Verdicts of whole runs of experiments, each claim checked by the independent checker.

    python benchmarks/run_verdicts.py [EXPERIMENT ...] [--seeds 1] [--first 0] [--limit 120]

Runs each experiment (the presets but `yang2019`, which takes hours, if none is named) with each
seed, and prints the claims that `tools/check_verdict.py` calls false or missed. Ends with failure
if there are any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import separatrix as sx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from claim_checker import check_within

PRESETS = (
    *("yang2020", "yang2020-pytorch", "yang2020-line", "sussillo2013", "maheswaranathan2019"),
    *("barak2013", "mante2013", "song2016", "yang2019-small"),
)


def main() -> int:
    """Run, check and count."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("experiments", nargs="*", default=PRESETS, metavar="EXPERIMENT")
    parser.add_argument("--seeds", type=int, default=1, help="of each experiment")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--limit", type=float, default=120, help="seconds for one run's claims")
    given = parser.parse_args()
    sx.enable_compilation_cache()
    answers: Counter[str] = Counter()
    for name in given.experiments:
        mine: Counter[str] = Counter()
        whole = sx.Experiment.named(name)
        parts = [whole.variant(v) for v in whole.variants] or [whole]
        for part in parts:
            for seed in range(given.first, given.first + given.seeds):
                mine += checked(part.with_changes([f"seed={seed}"]), given.limit)
        print(f"{name}: the checker's answers: {dict(mine)}", flush=True)
        answers += mine
    print(f"all: {dict(answers)}")
    return int(answers["false"] + answers["missed"] > 0)


def checked(experiment: sx.Experiment, limit: float) -> Counter[str]:
    """Return how often the checker gives which answer on the verdict of one run."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        run = sx.run_experiment(experiment, Path(directory) / "run", progress=False)
    took = time.perf_counter() - start
    if run.verdict is None:
        print(
            f"{experiment.name} {experiment.seed} ({took:.0f} s): no verdict is asked for",
            flush=True,
        )
        return Counter()
    system = run.network.at_input(run.frozen_inputs.values[0])
    rows = check_within(limit, run.verdict, system)
    print(
        f"{experiment.name} {experiment.seed} ({took:.0f} s): {run.verdict.summary()}", flush=True
    )
    for claim, answer, reason in rows:
        if answer in ("false", "missed"):
            word = claim.numbers.get("word", claim.numbers.get("what", ""))
            print(f"    {answer.upper()}: {claim.kind} {word}: {reason}", flush=True)
    return Counter(answer for _, answer, _ in rows)


if __name__ == "__main__":
    sys.exit(main())
