"""A run in a process of its own: complete, and the same bits for the same seed."""

import subprocess
import sys

import numpy as np
import pytest

import separatrix as sx

SMALL = [
    *("--set", "training.steps=64", "--set", "analysis.num_trials=10"),
    *("--set", "analysis.num_candidates=20", "--set", "analysis.test_trials=200"),
]


def separatrix(*arguments, cwd, **kwargs):
    command = [sys.executable, "-m", "separatrix", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, **kwargs)


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
        "experiment.toml", "weights.safetensors", "results.nc", "figures", "report.html"
    }  # fmt: skip
    for text in ("accuracy", "ideal observer", "fixed points", "slow points", "report.html"):
        assert text in shown
    loaded = sx.load_run(path)
    assert loaded.activity.states.shape == (10, 22, 64)
    assert len(loaded.history) == 64


def test_the_same_seed_gives_the_same_bits(run):
    path, _ = run
    again = separatrix("run", path / "experiment.toml", "--out", "two", cwd=path.parent)
    assert again.returncode == 0, again.stderr
    two = path.parent / "two"
    weights = [(p / "weights.safetensors").read_bytes() for p in (path, two)]
    assert weights[0] == weights[1]
    a, b = sx.load_run(path), sx.load_run(two)
    assert (np.asarray(a.history.loss) == np.asarray(b.history.loss)).all()
    assert (a.fixed_points.states == b.fixed_points.states).all()
    assert (path / "experiment.toml").read_text() == (two / "experiment.toml").read_text()
