"""Does a study survive? Its processes are killed at random, its disk fills, results are damaged.

``python benchmarks/faults.py --rounds 20`` runs a small study once undisturbed, then anew in each
round: the client, one of its workers, or the scheduler of a Dask cluster (where Dask is installed) is
killed (SIGKILL) after a random time, the disk is filled (as root, on a small disk in memory), or a
result is overwritten; then the same command goes on. One network of the study diverges (NaN), and
one takes more memory than it may. The table must be the undisturbed one, but for times and numbers
of tries. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

import separatrix as sx

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
UNTOLD = ["seconds", "tries", "error"]
"""Columns that may differ: an error says how many bytes a process had."""


def begin(study: Path, out: Path, *asked: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "separatrix", "sweep", str(study), "--out", str(out)]
    return subprocess.Popen([*command, *(asked or ("--workers", "2"))], **QUIET)


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the processes that a process has started from any of its threads."""
    found = []
    for children in Path(f"/proc/{process.pid}/task").glob("*/children"):
        found += [int(pid) for pid in children.read_text().split()]
    return found


@contextmanager
def cluster() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a scheduler with two workers; yield its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, dask = f"tcp://127.0.0.1:{port}", [sys.executable, "-m", "distributed.cli.dask_"]
    named = lambda kind, *asked: [*dask[:2], dask[2] + kind, *asked, "--no-dashboard"]  # noqa: E731
    processes = [subprocess.Popen(named("scheduler", "--port", str(port)), **QUIET)]
    asked = ("--nworkers", "2", "--nthreads", "1", "--death-timeout", "5")
    processes.append(subprocess.Popen(named("worker", address, *asked), **QUIET))
    try:
        yield address, processes[0]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def disturb(fault: str, study: Path, out: Path, wait: float, rng: random.Random) -> None:
    """Run a study for a while, and do a damage to it."""
    if fault == "scheduler":
        with cluster() as (address, scheduler):
            process = begin(study, out, "--scheduler", address)
            _wait(process, wait)
            scheduler.kill()
            _wait(process, 60)
            process.kill()
            process.wait()
        return
    process = begin(study, out)
    _wait(process, wait)
    if fault == "damage":
        if results := sorted(out.glob("cells/*/results.nc")):
            rng.choice(results).write_bytes(b"damaged")
    elif fault == "worker" and (workers := workers_of(process)):
        os.kill(rng.choice(workers), signal.SIGKILL)
    elif fault == "full disk":
        filler = out.parent / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"0" * 65536)
        _wait(process, 60)
        process.kill()
        filler.unlink()
    elif fault == "client":
        process.kill()
    process.wait()


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Put a disk of 64 MB there; False where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(command, **QUIET).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def table(out: Path) -> pd.DataFrame:
    return sx.load_study(out).table.drop(columns=UNTOLD, errors="ignore")


def survives(study: Path, folder: Path, rounds: int, seed: int) -> bool:
    """Run a study undisturbed, and in each round disturbed; True where the tables are the same."""
    undisturbed, disk, rng = folder / "undisturbed", folder / "disk", random.Random(seed)
    begun = time.monotonic()
    assert begin(study, undisturbed).wait() == 0
    whole = time.monotonic() - begun
    print(table(undisturbed).state.value_counts().to_dict(), f"{whole:.1f} s", flush=True)
    disk.mkdir()
    same = True
    with small_disk(disk) as is_small:
        faults = ["client", "worker", "damage"] + ["full disk"] * is_small
        faults += ["scheduler"] * (importlib.util.find_spec("distributed") is not None)
        for number in range(rounds):
            fault, out = faults[number % len(faults)], disk / "disturbed"
            disturb(fault, study, out, rng.uniform(0.3, 0.8) * whole, rng)
            now = sx.load_study(out).status if (out / "study.toml").exists() else "not begun"
            assert begin(study, out, "--workers", "2", "--retry").wait() == 0
            same &= table(out).equals(table(undisturbed)) and not [*out.glob("claims/*.json")]
            print(
                f"round {number} ({fault}): {now}; {'same' if same else 'NOT THE SAME'}", flush=True
            )
            shutil.rmtree(out)
    return same


def small_study(networks: int) -> sx.Study:
    """Return a study of small networks, and of one that diverges and one that is too large."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from small_experiment import SETTINGS

    wild = {"seed": 0, "training.optimizer.learning_rate": 1e9}
    large = {"seed": 0, "analysis.num_trials": 2_000_000}
    listed = [*({"seed": seed} for seed in range(networks)), wild, large]
    limits = {"memory": 1.2}
    return sx.Study.from_dict(
        {"name": "faults", "experiment": SETTINGS, "listed": listed, "limits": limits}
    )


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
            file = Path(name) / "study.toml"
            file.write_text(small_study(given.seeds).to_toml())
        whole = survives(file, Path(name), given.rounds, given.seed)
        print("survives" if whole else "does not survive")
        sys.exit(not whole)
