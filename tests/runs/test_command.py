"""The command line as a user meets it: in a process of its own."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from same import assert_same

import separatrix as sx

SMALL = [
    *("--set", "training.steps=64", "--set", "analysis.num_trials=10"),
    *("--set", "analysis.num_candidates=20", "--set", "analysis.test_trials=200"),
    *("--set", "analysis.geometry.slices=5", "--set", "analysis.geometry.max_points=100"),
    *("--set", "analysis.geometry.lyapunov_steps=100"),
]


def separatrix(*arguments, cwd):
    command = [sys.executable, "-m", "separatrix", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("work")
    done = separatrix("run", "yang2020", *SMALL, "--out", "one", cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "one", done.stdout


def test_a_run_is_complete(run):
    path, shown = run
    entries = {entry.name for entry in path.iterdir()}
    assert entries == {
        "experiment.toml", "weights.safetensors", "results.nc", "digests.json", "figures",
        "report.html",
    }  # fmt: skip
    for text in ("ideal observer", "fixed point", "slow point", "Analyses: done", "report.html"):
        assert text in shown
    loaded = sx.load_run(path)
    assert loaded.activity.states.shape == (10, 22, 64) and len(loaded.history) == 64


def test_the_same_seed_gives_the_same_bits(run):
    path, _ = run
    again = separatrix("run", path / "experiment.toml", "--out", "two", cwd=path.parent)
    assert again.returncode == 0, again.stderr
    for name in ("weights.safetensors", "experiment.toml"):
        assert (path / name).read_bytes() == (path.parent / "two" / name).read_bytes()
    a, b = (sx.load_run(each) for each in (path, path.parent / "two"))
    assert_same((a.history.loss, a.fixed_points.states), (b.history.loss, b.fixed_points.states))


def test_the_proofs_of_a_run_are_verified(run):
    path, _ = run
    done = separatrix("certify", path, "--out", "proofs.json", cwd=path.parent)
    assert done.returncode == 0, done.stderr
    verifier = Path(__file__).parents[2] / "tools" / "verify_certificates.py"
    command = [sys.executable, verifier, path.parent / "proofs.json"]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0 and " 0 refuted" in checked.stdout, checked.stdout
    sha = hashlib.sha256((path.parent / "proofs.json").read_bytes()).hexdigest()
    assert sha in done.stdout and sha in checked.stdout
    assert sx.load_run(path).fixed_points.certified.any()


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(("sent", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_what_stops_a_run_leaves_the_network_and_its_exit_code(tmp_path, sent, code):
    """Ctrl-C, the end of a cluster's time, a terminal that is closed."""
    # Tests that a shell or nohup started in the background ignore it, and so would what they start.
    heeding = (
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "signal.signal(signal.SIGHUP, signal.SIG_DFL); "
        "runpy.run_module('separatrix', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", heeding, "run", "yang2020", "--out", "one"]
    process = subprocess.Popen(
        [*command, "--set", "training.steps=100000000"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".one.*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(4)
    process.send_signal(getattr(signal, sent))
    try:
        _, shown = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code, shown
    assert "one.incomplete" in shown and "--resume" in shown
    assert {p.name for p in tmp_path.iterdir()} == {"one.incomplete", "one.checkpoint"}
    assert sx.load_run(tmp_path / "one.incomplete").network is not None


HOSTILE = {
    "no home": dict.fromkeys(("HOME", "XDG_CACHE_HOME", "SEPARATRIX_CACHE_DIR", "MPLCONFIGDIR")),
    "a cache that is a file": {"SEPARATRIX_CACHE_DIR": "/etc/passwd"},
    "a cache that is full": {"SEPARATRIX_CACHE_DIR": "/dev/full"},
    "a temporary directory that is not there": {"TMPDIR": "/none/x"},
    "a terminal of ASCII": {"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
    "a platform that is not there": {"JAX_PLATFORMS": "nonsense"},
    "settings of JAX": {"JAX_ENABLE_X64": "1", "JAX_DEBUG_NANS": "1"},
    "flags of nonsense": {"XLA_FLAGS": "nonsense"},
    "a backend that is not there": {"MPLBACKEND": "nonsense"},
    "numbers that are none": {"OMP_NUM_THREADS": "x", "NPROC": "x", "COLUMNS": "x"},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_command_in_a_hostile_place_works_or_says_why_it_does_not(name, tmp_path):
    around = {k: v for k, v in (os.environ | HOSTILE[name]).items() if v is not None}
    sx.save_network(sx.networks.CTRNN(2, 4, 1, dt=20.0, key=jax.random.key(0)), tmp_path / "w")
    np.savez(tmp_path / "s.npz", states=np.random.default_rng(0).uniform(0, 1, (20, 5, 4)))
    command = [sys.executable, "-m", "separatrix", "report", "--network", "w", "--states", "s.npz"]
    done = subprocess.run(
        [*command, "--input", "1,0.5"], cwd=tmp_path, env=around, capture_output=True, text=True
    )
    assert done.returncode in (0, 1, 2) and "Traceback" not in done.stderr, done.stderr
    assert (tmp_path / "report.html").exists() == (done.returncode == 0)
