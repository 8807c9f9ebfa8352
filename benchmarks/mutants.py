"""What do the tests notice? Mutations, drawn at random, of solvers, proofs and analyses.

``python benchmarks/mutants.py [--count 40] [--seed 0] [--only K …]`` changes one operation at a
time (a comparison, a sign, a number, a condition) in a copy of the package, runs those tests of
solvers and analyses and rows of the golden table that run the changed line, and says whether any
of them fails. Which tests run a line is measured first, once, with pytest-cov.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "separatrix"
PARTS = ("enclosure", "solvers", "analysis")
TESTS = ["tests/enclosure", "tests/solvers", "tests/golden", "tests/analysis"]
LIMIT = 1800
"""Seconds for the tests of one mutation; one that makes them last longer is noticed."""
QUICK = 60.0
"""Seconds of tests that are run before the others."""
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATIONS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum"}


@dataclass(frozen=True)
class Mutation:
    """One changed place: the file, where, and its text before and after."""

    path: Path
    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        place = self.path.relative_to(PACKAGE)
        return f"{place}:{self.line}: {_short(self.before)} -> {_short(self.after)}"


def _short(text: str) -> str:
    return " ".join(text.split())[:70]


def changed(node: ast.AST) -> ast.AST | None:
    """Return a node that computes something else; None where there is nothing to change."""
    other = copy.deepcopy(node)
    if isinstance(other, ast.Compare) and type(other.ops[0]) in COMPARISONS:
        other.ops[0] = COMPARISONS[type(other.ops[0])]()
    elif isinstance(other, (ast.BinOp, ast.BoolOp)) and type(other.op) in OPERATIONS:
        other.op = OPERATIONS[type(other.op)]()
    elif isinstance(other, ast.UnaryOp) and isinstance(other.op, (ast.Not, ast.Invert)):
        return other.operand
    elif isinstance(other, ast.Constant) and type(other.value) in (int, float):
        other.value = other.value + 1 if type(other.value) is int else 2 * other.value + 1e-3
    elif isinstance(other, ast.Constant) and type(other.value) is bool:
        other.value = not other.value
    elif isinstance(other, ast.Call) and getattr(other.func, "attr", None) in NAMES:
        other.func.attr = NAMES[other.func.attr]
    else:
        return None
    return other


def mutations_of(path: Path) -> Iterator[Mutation]:
    """Yield every mutation of a file; annotations and what stands in them are left alone."""
    source = path.read_text()
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    raw = source.encode()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        skipped = {"annotation", "returns", "decorator_list"}
        for name, value in ast.iter_fields(node):
            if name not in skipped:
                parts = value if isinstance(value, list) else [value]
                waiting += [part for part in parts if isinstance(part, ast.AST)]
        other = changed(node)
        if other is None:
            continue
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[node.end_lineno - 1] + node.end_col_offset
        text = f"({ast.unparse(other)})"
        after = raw[:first] + text.encode() + raw[last:]
        yield Mutation(path, node.lineno, raw[first:last].decode(), text, after.decode())


def drawn(count: int, seed: int) -> list[Mutation]:
    """Draw mutations, each place with the same chance."""
    every = [
        mutation
        for part in PARTS
        for path in sorted((PACKAGE / part).rglob("*.py"))
        for mutation in mutations_of(path)
    ]
    return random.Random(seed).sample(every, count)


def measure(folder: Path, workers: int) -> None:
    """Run every test once, to learn which lines it runs (`.coverage`) and how long it takes."""
    command = [
        *pytest_command(workers), "--cov=separatrix", "--cov-context=test", "--cov-report=",
        f"--junit-xml={folder / 'tests.xml'}", *TESTS,
    ]  # fmt: skip
    environment = {**environment_of(ROOT), "COVERAGE_FILE": str(folder / ".coverage")}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def tests_of(mutation: Mutation, folder: Path) -> list[str]:
    """Return the tests that run a mutation's lines, the quick ones first."""
    from coverage import CoverageData

    data = CoverageData(str(folder / ".coverage"))
    data.read()
    lines = data.contexts_by_lineno(str(mutation.path))
    last = mutation.line + mutation.before.count("\n")
    names = {
        context.split("|")[0]
        for line in range(mutation.line, last + 1)
        for context in lines.get(line, [])
        if context
    }
    return sorted(names, key=lambda name: seconds_of(folder).get(name, 1.0))


@cache
def seconds_of(folder: Path) -> dict[str, float]:
    """Return how long each test took."""
    seconds = {}
    for case in ElementTree.parse(folder / "tests.xml").iter("testcase"):
        file = case.get("classname").replace(".", "/") + ".py"
        seconds[f"{file}::{case.get('name')}"] = float(case.get("time"))
    return seconds


def first_failure(mutation: Mutation, folder: Path, workers: int) -> str:
    """Return the test that notices a mutation first, or nothing."""
    with tempfile.TemporaryDirectory() as temporary:
        checkout = Path(temporary) / "checkout"
        skipped = shutil.ignore_patterns(".*", "site", "runs", "__pycache__")
        shutil.copytree(ROOT, checkout, ignore=skipped)
        (checkout / mutation.path.relative_to(ROOT)).write_text(mutation.source)
        tests = tests_of(mutation, folder)
        quick = int(
            np.searchsorted(np.cumsum([seconds_of(folder).get(t, 1.0) for t in tests]), QUICK)
        )
        # what no test runs is run when its module is imported
        own = [f"tests/{mutation.path.relative_to(PACKAGE).parts[0]}"]
        for chosen in (tests[:quick], tests[quick:]) if tests else (own,):
            if chosen and (noticed := _first_of(chosen, checkout, workers)):
                return noticed
    return ""


def _first_of(tests: list[str], checkout: Path, workers: int) -> str:
    """Return the first of some tests that fails, or nothing."""
    chosen = checkout / "chosen.txt"
    chosen.write_text("\n".join(tests))
    command = [*pytest_command(workers), "-x", f"@{chosen}"]
    environment = environment_of(checkout)
    try:
        done = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return "the tests do not end"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if failed:
        return failed[0].split(" - ")[0]
    return "" if done.returncode == 0 else f"exit code {done.returncode}: {done.stdout[-200:]}"


def pytest_command(workers: int) -> list[str]:
    """Return the command that runs tests."""
    parallel = ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else []
    return [
        sys.executable, "-m", "pytest", "-q", *parallel, "-m", "not laws and not runs",
        "-p", "no:cacheprovider",
    ]  # fmt: skip


def environment_of(checkout: Path) -> dict[str, str]:
    """Return the environment in which the tests run a checkout's package."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    environment.setdefault("SEPARATRIX_CACHE_DIR", str(ROOT / ".cache" / "compiled"))
    return environment


def main(count: int, seed: int, only: list[int], folder: Path, workers: int) -> None:
    """Print a line for each mutation, and how many survive."""
    if not (folder / "tests.xml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder, workers)
    chosen = list(enumerate(drawn(count, seed)))
    survivors = 0
    for number, mutation in chosen:
        if only and number not in only:
            continue
        begun = time.perf_counter()
        noticed = first_failure(mutation, folder, workers)
        survivors += not noticed
        said = noticed or "SURVIVES"
        print(f"{number}. {mutation}: {said} ({time.perf_counter() - begun:.0f} s)", flush=True)
    print(f"{survivors} survive")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="*", default=[], help="numbers of mutations")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / ".cache" / "mutants",
        help="what tests run is kept here",
    )
    given = parser.parse_args()
    main(given.count, given.seed, given.only, given.folder, given.workers)
