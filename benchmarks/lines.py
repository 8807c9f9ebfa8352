"""How large is the package, and how much of it does one search run? ``make lines``.

More statements than `LIMITS` allow end it with 1, in ``.ci/run`` too.

With ``python benchmarks/lines.py --search`` also the functions and files of ours that one search
for the fixed points of `flipflop_tanh16` runs, compiled before.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import threading
import tokenize
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "separatrix"
WING = (
    *("enclosure", "solvers", "analysis/fixed_points", "analysis/completeness"),
    "analysis/point_table.py",
)
"""What serves one public function, `find_fixed_points`."""
LIMITS = {"src": 29_415, "tests": 13_060, "benchmarks and tools": 5_760}
"""Most statements; a step that removes some lowers them."""
IMPORTS = (ast.Import, ast.ImportFrom)
SURGERY = {
    "files that import jax.extend": r"jax\.extend",
    "files with object.__setattr__": r"object\.__setattr__",
    "files that copy __dict__ or bytecode": r"__dict__|CodeType|co_consts|__closure__",
    "files that import ctypes": r"import ctypes|from ctypes",
    "files that walk jaxprs": r"\.eqns\b",
}


def files(folder: Path) -> list[Path]:
    return [folder] if folder.is_file() else sorted(folder.rglob("*.py"))


def lines(paths: list[Path]) -> int:
    """Return the number of lines, blank ones and docstrings among them."""
    return sum(len(path.read_text().splitlines()) for path in paths)


def statements(paths: list[Path]) -> tuple[int, int]:
    """Return the numbers of statements, without docstrings and imports, and of classes."""
    count = classes = 0
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            count += isinstance(node, ast.stmt) and not isinstance(node, IMPORTS) and not text
            classes += isinstance(node, ast.ClassDef)
    return count, classes


def tokens(paths: list[Path]) -> int:
    """Return the number of tokens, without comments and line ends."""
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    count = 0
    for path in paths:
        with tokenize.open(path) as file:
            count += sum(t.type not in skipped for t in tokenize.generate_tokens(file.readline))
    return count


def size_of(paths: list[Path]) -> str:
    count, classes = statements(paths)
    many = f"{tokens(paths):,} tokens, {lines(paths):,} lines in {len(paths)} files"
    return f"{count:,} statements, {classes} classes, {many}"


def limited() -> dict[str, list[Path]]:
    """Return the files of each part that has a limit."""
    return {
        part: [f for name in part.split(" and ") for f in files(ROOT / name)] for part in LIMITS
    }


def sizes() -> Iterator[str]:
    """Yield a line of text for each part."""
    for name, paths in limited().items():
        yield f"{name}: {size_of(paths)}; at most {LIMITS[name]:,} statements"
    wing = [path for part in WING for path in files(PACKAGE / part)]
    yield f"  {', '.join(WING)}: {size_of(wing)}"
    for part in sorted(p for p in PACKAGE.iterdir() if files(p)):
        yield f"  {part.name}: {statements(files(part))[0]:,} statements"
    texts = [path.read_text() for path in files(PACKAGE)]
    for what, pattern in SURGERY.items():
        yield f"{what}: {sum(bool(re.search(pattern, text)) for text in texts)}"


def functions_of_one_search() -> set[tuple[str, str, int]]:
    """Return the functions of ours that one search runs, those without a name too."""
    import numpy as np

    import separatrix as sx

    if __package__:
        from .systems import flip_flop_tanh
    else:
        sys.path.insert(0, str(Path(__file__).parent))
        from systems import flip_flop_tanh

    system, starts = flip_flop_tanh()
    starts = np.asarray(starts)
    sx.find_fixed_points(system, starts)  # compiles
    seen: set[CodeType] = set()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen.add(frame.f_code)

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        sx.find_fixed_points(system, starts)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    home = str(Path(sx.__file__).parent)
    return {
        (code.co_filename, code.co_qualname, code.co_firstlineno)
        for code in seen
        if code.co_filename.startswith(home)
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--search", action="store_true", help="count what one search runs")
    search = parser.parse_args().search
    print("\n".join(sizes()))
    if search:
        ours = functions_of_one_search()
        print(f"one search: {len(ours)} functions in {len({name for name, *_ in ours})} files")
    over = [name for name, paths in limited().items() if statements(paths)[0] > LIMITS[name]]
    if over:
        sys.exit(f"too many statements in {', '.join(over)}: remove some, or say why not")
