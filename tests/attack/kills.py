"""Runs and studies that are killed at random moments, and go on.

    python tests/attack/kills.py SEED ROUNDS

Each round kills one of them up to three times, by SIGKILL, SIGTERM or SIGINT, and then lets it go
on to its end. What comes out must be what it gives when nothing kills it, bit for bit; SIGTERM and
SIGINT must end it with codes 143 and 130. Exit code 1 where anything else came.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import jax
import numpy as np

import separatrix as sx

SMALL = """
name = "small"
seed = 3
task = {name = "PerceptualDecisionMaking"}
network = {name = "CTRNN", num_units = 8}
training = {steps = 3000, epoch_steps = 100}
[analysis]
num_trials = 4
test_trials = 20
num_candidates = 4
slow_points = false
geometry = {slow_curve = false, branches = false, graph = false, lyapunov = false}
"""
STUDY = """
name = "several"
experiment = "small.toml"
seeds = [0, 1, 2]
"""
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGKILL: -9}
SECONDS = 240


def commands(root: Path):
    """Return by name what is killed: the command, what lets it go on, and what it gives."""
    (root / "small.toml").write_text(SMALL)
    (root / "study.toml").write_text(STUDY)
    separatrix = [sys.executable, "-m", "separatrix"]
    run = [*separatrix, "run", str(root / "small.toml"), "--out"]
    study = [*separatrix, "sweep", str(root / "study.toml"), "--workers", "1", "--out"]
    return {"run": (run, ["--resume"], result_of_run), "study": (study, [], result_of_study)}


def result_of_run(out: Path):
    run = sx.load_run(out)
    return run.network, {k: r for k, r in run.records.items() if k != "analyses"}


def result_of_study(out: Path):
    study = sx.load_study(out)
    return study.table.drop(columns="seconds"), {n: r.network for n, r in study.runs.items()}


def same(one, other):
    """Whether two results are one, bit for bit; what is not a number is like itself."""
    if hasattr(one, "equals"):
        return one.equals(other)
    if isinstance(one, dict | tuple):
        parts = (one.values(), other.values()) if isinstance(one, dict) else (one, other)
        return len(one) == len(other) and all(map(same, *parts))
    leaves, structure = jax.tree.flatten(one)
    others, structure_there = jax.tree.flatten(other)
    arrays = zip(map(np.asarray, leaves), map(np.asarray, others), strict=True)
    return str(structure) == str(structure_there) and all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in arrays
    )


def killed(command, number, after):
    """Start a command, and send it a signal after some seconds.

    Return its exit code, how long it took to end, and what it wrote.
    """
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = process.communicate(timeout=after)[0]
        return process.returncode, 0.0, said
    except subprocess.TimeoutExpired:
        begun = time.perf_counter()
        process.send_signal(number)
        said = process.communicate(timeout=SECONDS)[0]
        return process.returncode, time.perf_counter() - begun, said


def main(seed, rounds):
    rng, counts, slowest = np.random.default_rng(seed), Counter(), 0.0
    with tempfile.TemporaryDirectory() as name:
        root, expected, spent = Path(name), {}, {}
        known = commands(root)
        for what, (command, _, result) in known.items():
            begun = time.perf_counter()
            subprocess.run([*command, str(root / what)], check=True, capture_output=True)
            spent[what], expected[what] = time.perf_counter() - begun, result(root / what)
        for k in range(rounds):
            what = list(known)[k % len(known)]
            command, further, result = known[what]
            out = root / f"{what}-{k}"
            whole = [*command, str(out), *further]
            for _ in range(int(rng.integers(1, 4))):
                number = signal.Signals(int(rng.choice(list(CODES))))
                code, seconds, said = killed(whole, number, float(rng.uniform(0.2, spent[what])))
                slowest = max(slowest, seconds if number != signal.SIGKILL else 0.0)
                ended = "ended before" if code == 0 else f"stopped by {number.name}"
                # Before it had begun: −, or 1 while Python itself was starting.
                right = code in (0, CODES[number], -number) or "init_import_site" in said
                wrong = f"wrong: code {code} after {number.name}: {said[-300:]}"
                counts[ended if right else wrong] += 1
            ended = subprocess.run(whole, capture_output=True, text=True, check=False)
            if ended.returncode:
                counts[f"wrong: does not go on: {ended.stderr[-300:]}"] += 1
            else:
                counts["whole" if same(result(out), expected[what]) else "wrong: other"] += 1
            left = [p.name for p in root.iterdir() if p.name.startswith(f".{what}-{k}.")]
            counts["wrong: something is left"] += bool(left)
    print(f"slowest end by a signal {slowest:.1f} s; {dict(+counts)}")
    return int(any(name.startswith("wrong") for name in +counts))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
