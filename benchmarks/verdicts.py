"""How often is a claim of a verdict on a planted system false, a word wrong, or not known what is known?

    python benchmarks/verdicts.py [CLASS ...] [--seeds 20] [--first 0] [--jobs 1] [--no-checker]

Each claim is judged twice: by the construction (`planted.py`), and by the independent checker
(`tools/check_verdict.py`), which knows no more than the system's function, the states and the page of
the words. A claim is false if either says so, and each such claim is printed. Seeds from 1000 on are
those that are reported.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import pdist

import separatrix as sx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from claim_checker import check_within

if __package__:
    from .planted import CLASSES, Planted, plant
else:
    sys.path.insert(0, str(Path(__file__).parent))
    from planted import CLASSES, Planted, plant

SHARE, PERIOD, ALONG, PLACE = 0.02, 0.01, 0.02, 1e-3
"""What the page tolerates of shares, periods, order and spread; of a point's place, in E₀."""
KNOWN_WORDS = ("unknown", "moving")
"""What a verdict says that has not found the word."""
Make = Callable[[str, int], Planted]
"""Returns the system of a class and a seed."""


class Fault(NamedTuple):
    """A claim that is false, and who says so."""

    by: str  # "construction" or "checker"
    claim: str
    reason: str


class Judged(NamedTuple):
    """How the verdict on one planted system is to be judged."""

    seed: int
    faults: list[Fault]
    word: str  # "right", "wrong", "not known" or "failed"
    said: str
    ends_known: bool
    checked: Counter[str]  # how often the checker gave which answer
    seconds: float


# What the construction says


def refuted(planted: Planted, verdict: Any) -> Iterator[tuple[Any, str]]:
    """Generate the claims that the construction refutes, and why."""
    if judged_word(planted, verdict.held) == "wrong":
        yield first_word(verdict), f"it is {truth_of(planted)}"
    for claim in verdict.claims:
        if claim.kind == "end":
            for reason in end_faults(planted, verdict, claim.numbers):
                yield claim, reason
        truth = {"order": planted.order_at_T, "spread": planted.spread_at_T}.get(claim.kind)
        if truth is not None and abs(claim.numbers["value"] - truth) > ALONG + 1e-3 * abs(truth):
            yield claim, f"it is {truth:.4f}"


def judged_word(planted: Planted, held: str) -> str:
    if held in planted.words:
        return "right"
    return "not known" if held in KNOWN_WORDS else "wrong"


def truth_of(planted: Planted) -> str:
    return " or ".join(sorted(planted.words))


def first_word(verdict: Any) -> Any:
    return next((c for c in verdict.claims if c.kind == "held" and c.numbers["first"]), None)


def end_faults(planted: Planted, verdict: Any, numbers: dict[str, Any]) -> Iterator[str]:
    """Generate what is false of the end of some states."""
    what, rows = numbers["what"], np.asarray(verdict.followed)[np.asarray(numbers["rows"], int)]
    if planted.ends is not None and what != "unknown":
        most = planted.ends.get(what, (0.0, 0.0))[1]
        if shares(verdict)[what] > most + SHARE:
            yield f"at most {most:.0%} of the states end so"
    if what == "point" and planted.end_at is not None:
        room = PLACE * pdist(planted.states).max()
        off = ~(np.linalg.norm(planted.end_at[rows] - numbers["state"], axis=1) <= room)
        if off.mean() > SHARE:
            yield f"{off.mean():.0%} of these states end elsewhere"
    if what == "curve" and planted.period is not None and numbers["share"] > 0.05:
        off = abs(numbers["period"] / planted.period - 1)
        if not off <= PERIOD:
            yield f"the period is {planted.period:.6g}"
        if bool(numbers["family"]) != planted.family:
            yield "curves lie beside one another" if planted.family else "it is one curve"
    if what == "bounded" and planted.exponent is not None:
        (low, high), room = planted.exponent, 3 * numbers["exponent_error"]
        if not low - room <= numbers["exponent"] <= high + room:
            yield f"the exponent is between {low:.4g} and {high:.4g}"


def shares(verdict: Any) -> Counter[str]:
    """Return which share of the states ends at what."""
    found: Counter[str] = Counter()
    for claim in verdict.claims:
        if claim.kind == "end":
            found[claim.numbers["what"]] += claim.numbers["share"]
    return found


def ends_known(planted: Planted, verdict: Any) -> bool:
    """Say whether the verdict knows all ends that are surely to be known."""
    found, given = shares(verdict), planted.ends or {}
    return all(found[what] >= low - SHARE for what, (low, _) in given.items() if what != "unknown")


# What the checker says


def error() -> str:
    """Return the last line of the exception that is being handled."""
    return traceback.format_exc().strip().split("\n")[-1]


# All of them


def judge(planted: Planted, seed: int, check_for: int) -> Judged:
    """Return how the verdict on a planted system is to be judged; the checker has so many seconds."""
    begun = time.perf_counter()
    kind, (count, units) = planted.system.kind, planted.states.shape
    about = f"{truth_of(planted)}: {planted.why}; {kind}, {count} × {units}"
    given = {"duration": planted.duration, "axis": planted.axis}
    try:
        verdict = sx.verdict(planted.system, planted.states, **given)
    except Exception:
        return Judged(seed, [], "failed", f"{error()} ({about})", True, Counter(), np.nan)
    seconds = time.perf_counter() - begun
    faults = [Fault("construction", short(c), reason) for c, reason in refuted(planted, verdict)]
    answers: Counter[str] = Counter()
    if check_for:
        try:
            for claim, answer, reason in check_within(check_for, verdict, planted.system):
                answers[answer] += 1
                if answer == "false":
                    faults.append(Fault("checker", short(claim), reason))
        except Exception:
            answers[f"none ({error()})"] += 1
    word, known = judged_word(planted, verdict.held), ends_known(planted, verdict)
    return Judged(seed, faults, word, f"{verdict.held} ({about})", known, answers, seconds)


def short(claim: Any) -> str:
    """Return a claim in a few words."""
    if claim is None:
        return "held"
    numbers = {k: v for k, v in claim.numbers.items() if np.ndim(v) == 0}
    shown = (f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in numbers.items())
    return f"{claim.kind} {', '.join(shown)}"


def line(name: str, found: list[Judged]) -> str:
    """Return what is counted of a class."""
    words = Counter(one.word for one in found)
    by = Counter(fault.by for one in found for fault in one.faults)
    lost = sum(not one.ends_known for one in found)
    answers: Counter[str] = sum((one.checked for one in found), Counter())
    told = ", ".join(f"{words[w]} {w}" for w in ("right", "wrong", "not known", "failed"))
    return (
        f"{name}: {len(found)} systems; false claims: {by['construction']} by the construction, "
        f"{by['checker']} by the checker; words: {told}; ends not known: {lost}; "
        f"the checker's answers: {dict(answers)}; "
        f"{np.nanmean([one.seconds for one in found] or [0]):.2f} s each"
    )


def shown(one: Judged) -> Iterator[str]:
    """Generate the lines of a system of whose verdict something is false or not known."""
    if one.faults or one.word != "right" or not one.ends_known:
        lost = "" if one.ends_known else ", ends not known"
        yield f"  {one.seed}: word {one.word}{lost}: {one.said}"
    for fault in one.faults:
        yield f"    FALSE ({fault.by}): {fault.claim}: {fault.reason}"


def judged_class(made: Make, name: str, seeds: range, check_for: int) -> list[Judged]:
    sx.enable_compilation_cache()
    return [judge(made(name, seed), seed, check_for) for seed in seeds]


def report(names: list[str], results: Iterable[list[Judged]]) -> None:
    """Print each class as soon as it is judged, and all of them together."""
    everything: list[Judged] = []
    for name, found in zip(names, results, strict=True):
        print(
            line(name, found), *(text for one in found for text in shown(one)), sep="\n", flush=True
        )
        everything += found
    print(line("all", everything))


def judge_classes(about: str, classes: Collection[str], made: Make, seeds: int) -> None:
    """Judge the verdicts on classes × seeds."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("classes", nargs="*", metavar="CLASS", help=f"of: {', '.join(classes)}")
    parser.add_argument("--seeds", type=int, default=seeds, help="of each class")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--no-checker", action="store_true")
    parser.add_argument(
        "--check-for", type=int, default=300, help="seconds for one system's claims"
    )
    given = parser.parse_args()
    if missing := [name for name in given.classes if name not in classes]:
        parser.error(f"no class of these names: {', '.join(missing)}")
    names, chosen = given.classes or list(classes), range(given.first, given.first + given.seeds)
    check_for = 0 if given.no_checker else given.check_for
    if given.jobs == 1:
        report(names, (judged_class(made, name, chosen, check_for) for name in names))
        return
    with ProcessPoolExecutor(given.jobs, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(judged_class, made, name, chosen, check_for) for name in names]
        report(names, (future.result() for future in futures))


if __name__ == "__main__":
    judge_classes(__doc__, CLASSES, plant, seeds=20)
