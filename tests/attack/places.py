"""Hostile places: every command where disks, streams, names and settings are not as one hopes.

    python tests/attack/places.py --seed 0 --rounds 16 [--only "disk"]

A round is one command in one place. It may work, or say in a line or two why it does not, with exit
code 2, or 1 where the trained network is kept. What it leaves must be whole, and what was there
must be as it was. Exit code 1 where anything else came.
"""

import argparse
import contextlib
import hashlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from hostile import PLACES, Case
from small import settings

import separatrix as sx

SECONDS = 120  # of which a busy machine takes most; what hangs takes all
STUDY = 'name = "several"\nexperiment = "small.toml"\nseeds = [3]\n'
COMMANDS = ("run", "sweep", "status", "analyze", "report", "certify", "list", "doctor", "--help")
COMMANDS += ("verify",)
READS_OR_WRITES = {
    "out": ("run", "sweep", "analyze", "certify"),
    "source": ("run", "sweep", "status", "analyze", "report", "certify", "verify"),
}
"""Which commands are of interest where a place is what they read or write."""


# What came.


def digests(root: Path):
    """Return the digest and the size of each file that a command may not change."""
    drawn = ("report.html", "proofs.json", "table.csv")
    return {
        file: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size)
        for name in ("run", "study")
        for file in (root / name).rglob("*")
        if file.is_file() and file.name not in drawn and file.parent.name != "figures"
    }


def is_drawn(run: Path):
    page = (run / "report.html").read_text(encoding="utf-8")
    return page.rstrip().endswith("</html>") and any((run / "figures").iterdir())


def is_whole(case, said):
    """Whether what a command says that it has done is there."""
    made = case.root / case.out
    if case.what in ("run", "analyze"):
        run = sx.load_run(made)
        return run.network is not None and "verdict" in run.records and is_drawn(made)
    if case.what == "sweep":
        return set(sx.load_study(made).table["state"]) == {"done"}
    if case.what == "certify":
        return made.read_bytes() == (case.root / "proofs.json").read_bytes()
    return is_drawn(case.root / "run") if case.what == "report" else bool(said) or case.silent


def is_there(case):
    """Whether a run is to be seen where a command has failed; what is there must be whole."""
    made = case.root / case.out
    with contextlib.suppress(OSError):
        if case.what in ("run", "analyze") and made.is_dir() and any(made.iterdir()):
            sx.load_run(made)
        elif case.what == "certify" and made.is_file() and made.stat().st_size > 4:
            return made.read_bytes() != (case.root / "proofs.json").read_bytes()
    return False


def left(case):
    """Return what no reader asks for beside what was asked for."""
    with contextlib.suppress(OSError):
        places = {case.root, case.root / "run", case.root / "study", (case.root / case.out).parent}
        return [f.name for p in places for f in p.iterdir() if f.name.startswith(".")]
    return []


def outcome(case, before, code, printed, said):
    lines = [line for line in said.splitlines() if line.strip() and "━" not in line]
    if code is None:
        return "hung"
    for sign in ("Traceback", "Exception ignored", "UnicodeEncodeError", "Fatal Python"):
        if sign in said:
            return f"raw: {' | '.join(lines)[-400:]}"
    now = digests(case.root)
    if lost := sum(size for f, (digest, size) in before.items() if now.get(f, ("",))[0] != digest):
        return f"lost: {lost} bytes"
    if found := left(case):
        return f"left: {found}"
    try:
        if code == 0:
            return "right" if is_whole(case, printed) else "false: it is not there"
        if is_there(case):
            return "false: it is there"
    except (OSError, sx.SeparatrixError) as error:
        return f"false: {str(error)[:200]}"
    if case.silent and code in (1, 2, 120, -signal.SIGPIPE):
        return "clear"
    if code in (1, -signal.SIGABRT) and "XLA_FLAGS" in said:  # by XLA itself, as it is loaded
        return "clear"
    if code == 1 and "kept in" not in said:
        return f"code 1: {' | '.join(lines)[-200:]}"
    wordy = 0 < len(lines) <= 11 and max(map(len, lines)) < 900
    return "clear" if code in (1, 2) and wordy else f"code {code}: {' | '.join(lines)[-200:]}"


def called(case):
    """Start the commands of a case; return the exit code, the output and the errors of each."""
    kinds = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    started = [
        subprocess.Popen(case.arguments, env=case.environment, **kinds | {"cwd": "/"} | case.popen)
        for _ in range(1 + case.twice)
    ]
    for process in started:
        if case.head:
            process.stdout.close()
            process.stdout = None
        try:
            told = process.communicate(timeout=SECONDS)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            told, code = process.communicate(), None
        yield code, *((text or b"").decode("utf-8", "replace") for text in told)


def tried(base: Path, root: Path, place, what):
    """Return the outcome of a command in a place."""
    shutil.copytree(base, root, symlinks=True)
    root.chmod(0o755)
    case, before = Case(root, what), digests(root)
    with contextlib.contextmanager(place)(case):
        try:
            ended = list(called(case))
        except (OSError, ValueError) as error:  # the system itself takes no such argument
            return "clear" if "Errno 7" in str(error) or "null byte" in str(error) else str(error)
        before = {f: v for f, v in before.items() if f not in case.replaced}
        found = [outcome(case, before, *each) for each in ended]
    bad = [each for each in found if each not in ("right", "clear")]
    return bad[0] if bad else "right" if "right" in found else "clear"


def prepare(base: Path):
    """Make the settings, the run, the study and the proofs that commands are given."""
    (base / "small.toml").write_text(settings(4, 4, 2))
    (base / "study.toml").write_text(STUDY)
    for what, name in (("run", "run"), ("sweep", "study"), ("certify", "proofs.json")):
        case = Case(base, what)
        case.out = name
        subprocess.run(case.arguments, check=True, capture_output=True, cwd=base)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--only", default="", help="a pattern of the names of places")
    parser.add_argument("--command", default="", choices=["", *COMMANDS])
    asked = parser.parse_args()
    rng, counts, wrong, slowest = np.random.default_rng(asked.seed), Counter(), [], 0.0
    commands = [asked.command] if asked.command else COMMANDS
    cases = [(p, what) for p in PLACES if re.search(asked.only, p) for what in commands]
    cases = [c for c in cases if c[1] in READS_OR_WRITES.get(c[0].partition(":")[0], COMMANDS)]
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        base = Path(name) / "base"
        base.mkdir()
        prepare(base)
        for k in rng.permutation(len(cases))[: asked.rounds]:
            (place, what), begun = cases[k], time.perf_counter()
            root = Path(name) / f"case{k}"
            came = tried(base, root, PLACES[place], what)
            slowest = max(slowest, time.perf_counter() - begun)
            counts[came.partition(":")[0].partition(" ")[0]] += 1
            if came not in ("right", "clear"):
                wrong.append(f"{what} in {place}: {came}")
                print(wrong[-1], flush=True)
            shutil.rmtree(root)
    print(f"{counts.total()} of {len(cases)}; slowest {slowest:.1f} s; {dict(counts)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
