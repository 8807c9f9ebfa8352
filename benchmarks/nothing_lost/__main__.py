"""Measure finders of fixed points over the golden table, and write docs/benchmark.md.

    python -m benchmarks.nothing_lost [--rows NAME …] [--methods NAME …] [--again] [--page]

What `figures.json` beside this file has already is not measured again, unless `--again` is given
with rows or methods; `--page` writes the page alone. BENCH_FULL=1 measures all settings on all rows;
without, the settings that are no defaults are measured on the rows in TUNING, and the best of each
method's on all rows. With a larger BENCH_SECONDS, what an earlier limit cut is measured again.
Peers that are packages run in the environment of `make finders`.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..processes import ROOT
from .figures import PEERS, TUNING, Figures, group_of
from .methods import APPLIES, METHODS, Answer, OutOfTimeError, Problem, Setting, everywhere
from .score import SLOW, Judge, Truth

sys.path.insert(0, str(ROOT / "tests"))

from golden import BY_NAME, ROWS
from golden.row import ANSWERS, Row

import separatrix as sx

SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))
"""Of processor time, for each row and setting; what was found until then counts."""
QUICK = 1.0
"""A search that takes less is timed three times."""
ENVIRONMENT = Path(os.environ.get("SEPARATRIX_FINDERS", ROOT / ".cache/finders"))


def _out_of_time(*_: object) -> None:
    raise OutOfTimeError


def search(setting: Setting, problem: Problem) -> tuple[Answer, float, float]:
    """Return the answer, and the median seconds of wall and of processor."""
    wall, processor, answer = [], [], Answer(np.zeros((0, problem.system.size)))
    for _ in range(3):
        begun = time.perf_counter(), time.process_time()
        signal.signal(signal.SIGPROF, _out_of_time)
        # A method that watches the clock itself gives what it has a little earlier.
        signal.setitimer(signal.ITIMER_PROF, 1.2 * problem.seconds)
        try:
            answer = setting(problem)
        except OutOfTimeError:
            answer = Answer(np.zeros((0, problem.system.size)), cut=True)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        wall.append(time.perf_counter() - begun[0])
        processor.append(time.process_time() - begun[1])
        if processor[0] > QUICK:
            break
    return answer, statistics.median(wall), statistics.median(processor)


def truth_of(row: Row, size: int) -> Truth:
    with np.load(ANSWERS / f"{row.name}.npz") as answer:
        known = answer["fixed"].reshape(-1, size)
    allowed = np.zeros((0, size)) if row.allowed is None else row.allowed()
    return Truth(known, allowed, row.continuum)


def measure(row: Row, wanted: Iterable[tuple[str, str]], methods: dict, figures: Figures) -> None:
    """Measure some settings on a row."""
    system, candidates = row.make()
    problem = Problem(row.name, system, np.asarray(candidates, float), SECONDS)
    truth = truth_of(row, system.size)
    figures.rows[row.name] = {
        "group": group_of(row.name), "known": len(truth), "candidates": len(candidates),
        "units": system.size,
    }  # fmt: skip
    judge = Judge(system, problem.candidates, truth)
    for method, setting in wanted:
        if not APPLIES.get(method, everywhere)(problem):
            figures.put(method, setting, row.name, None)
            continue
        answer, wall, processor = search(methods[method][setting], problem)
        score = judge.score(answer.states)
        still = judge.score(answer.states[judge.slowness(answer.states) < SLOW])
        result = asdict(score) | {"still_found": still.found, "still_false": still.false}
        result |= {key: getattr(answer, key) for key in ("certified", "complete", "cut")}
        figures.put(method, setting, row.name, result | {"wall": wall, "processor": processor})
        print(f"{row.name}: {method} ({setting}): {score}, {still.found} + {still.false} false with "
              f"q < {SLOW}, {processor:.2f} s{', cut' if answer.cut else ''}", flush=True)  # fmt: skip
    figures.rows = {row.name: figures.rows[row.name] for row in ROWS if row.name in figures.rows}
    figures.save()


def missing(figures: Figures, methods: dict, names: list[str]) -> Iterator[tuple]:
    """Give rows, each with the settings to be measured on it: defaults, those tried, the best."""
    full = os.environ.get("BENCH_FULL", "") not in ("", "0")
    for stage in ("defaults", "tried", "best"):
        for name in reversed(names):  # the small ones first
            wanted = []
            for method, (first, *others) in methods.items():
                best = figures.best(method, others, TUNING)
                tried = others if full or name in TUNING else []
                asked = {"defaults": [first], "tried": tried, "best": [best] if best else []}[stage]
                wanted += [
                    (method, s) for s in asked if not figures.has(method, s, name, 0.9 * SECONDS)
                ]
            if wanted:
                yield name, wanted


def run(methods: dict, names: list[str], again: bool) -> None:
    """Measure what is missing."""
    figures = Figures.load()
    figures.describe_machine(SECONDS)
    if again:
        figures.forget(methods, names)
    for name, wanted in missing(figures, methods, names):
        measure(BY_NAME[name], wanted, methods, figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="*", default=[row.name for row in ROWS])
    parser.add_argument("--methods", nargs="*", default=[*METHODS, *PEERS])
    parser.add_argument("--again", action="store_true", help="measure what is measured already")
    parser.add_argument("--page", action="store_true", help="write the page alone")
    parser.add_argument("--peers", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # one core for everyone
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    warnings.simplefilter("ignore")  # JAX of float64 that is asked for in single precision
    if given.peers:
        from . import peers

        APPLIES.update(peers.APPLIES)
        run({m: peers.METHODS[m] for m in given.methods}, given.rows, given.again)
        return
    if not given.page:
        sx.enable_compilation_cache()
        here = {m: METHODS[m] for m in given.methods if m in METHODS}
        run(here, given.rows, given.again)
        if peers := [m for m in given.methods if m in PEERS]:
            elsewhere(peers, given)
    from .page import write

    write(Figures.load())


def elsewhere(peers: list[str], given: argparse.Namespace) -> None:
    """Run this command for packages in the environment that has them."""
    python = ENVIRONMENT / "bin/python"
    if not python.exists():
        print("make finders: without it RNNToolkit and BrainPy are not measured")
        return
    command = [str(python), "-m", "benchmarks.nothing_lost", "--peers"]
    command += ["--again"] if given.again else []
    command += ["--methods", *peers, "--rows", *given.rows]
    before, environment = Figures.load(), os.environ | {"PYTHONPATH": "src"}
    while (ended := subprocess.run(command, cwd=ROOT, env=environment)).returncode:
        # After some fifty rows XLA compiles no more of BrainPy's programs; a new process goes on.
        if (now := Figures.load()) == before:
            ended.check_returncode()
        before, command = now, [word for word in command if word != "--again"]


if __name__ == "__main__":
    main()
