"""Does a study survive? Its processes are killed at random, its results are damaged.

``python benchmarks/faults.py --rounds 20`` runs a small study once undisturbed, then again: in each
round the client, or one of its workers, is killed (SIGKILL) after a random time, or a result is
overwritten, and the same command goes on. At the end the table must be the undisturbed one, but
for times. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

import separatrix as sx

FAULTS = ("client", "worker", "damage")


def begin(study: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "separatrix", "sweep", str(study), "--out", str(out)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*command, "--workers", "2"], stdout=quiet, stderr=quiet)


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the processes that a process has started from any of its threads."""
    found = []
    for children in Path(f"/proc/{process.pid}/task").glob("*/children"):
        found += [int(pid) for pid in children.read_text().split()]
    return found


def strike(fault: str, process: subprocess.Popen[bytes], out: Path, rng: random.Random) -> None:
    """Do a damage to a study that is being run."""
    if fault == "damage":
        results = sorted(out.glob("cells/*/results.nc"))
        if results:
            rng.choice(results).write_bytes(b"damaged")
    elif fault == "worker" and (workers := workers_of(process)):
        os.kill(rng.choice(workers), signal.SIGKILL)
    else:
        process.kill()


def table(out: Path) -> pd.DataFrame:
    return sx.load_study(out).table.drop(columns=["seconds", "tries"], errors="ignore")


def survives(study: Path, folder: Path, rounds: int, seed: int) -> bool:
    """Run a study undisturbed and disturbed; True where the tables are the same."""
    undisturbed, out, rng = folder / "undisturbed", folder / "disturbed", random.Random(seed)
    begun = time.monotonic()
    assert begin(study, undisturbed).wait() == 0
    whole = time.monotonic() - begun
    for number in range(rounds):
        process, fault = begin(study, out), FAULTS[number % len(FAULTS)]
        try:
            process.wait(rng.uniform(0.2, 0.7) * whole)
        except subprocess.TimeoutExpired:
            strike(fault, process, out, rng)
        if fault == "client":
            process.kill()
        process.wait()
        print(f"round {number} ({fault}): {sx.study_status(out)}", flush=True)
    assert begin(study, out).wait() == 0
    pd.testing.assert_frame_equal(table(out), table(undisturbed))
    left = [*out.glob("claims/*.json"), *out.glob("failed/*.json")]
    return (table(out).state == "done").all() and not left


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path, nargs="?", help="a TOML file; none: a small study")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=8, help="networks of the small study")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        file = given.study
        if file is None:
            sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
            from small_experiment import SETTINGS

            file = Path(name) / "study.toml"
            small = {"name": "faults", "experiment": SETTINGS, "seeds": f"0:{given.seeds}"}
            small["limits"] = {"retries": given.rounds}
            file.write_text(sx.Study.from_dict(small).to_toml())
        whole = survives(file, Path(name), given.rounds, given.seed)
        print("survives" if whole else "does not survive")
        sys.exit(not whole)
