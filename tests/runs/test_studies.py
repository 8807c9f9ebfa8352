"""Studies in processes of their own: whole, killed, limited."""

import subprocess
import sys
from pathlib import Path

import pytest
from small_experiment import SETTINGS

import separatrix as sx

FAULTS = Path(__file__).parents[2] / "benchmarks" / "faults.py"


@pytest.mark.weekly
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_study_that_is_killed_and_damaged_ends_the_same():
    asked = [sys.executable, str(FAULTS), "--rounds", "3", "--seeds", "2"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["survives"], done.stdout + done.stderr


@pytest.mark.parametrize(
    ("limits", "steps", "states"),
    [
        pytest.param(
            {"seconds": 60.0}, [4, 10_000_000], ["done", "out of time"], marks=pytest.mark.weekly
        ),
        ({"memory": 0.01}, [4], ["out of memory"]),
    ],
)
def test_a_cell_that_takes_too_much_is_a_row_and_the_others_go_on(tmp_path, limits, steps, states):
    parts = {"grid": {"training.steps": steps}, "limits": {"retries": 0, **limits}}
    study = sx.Study.from_dict({"name": "limited", "experiment": SETTINGS, **parts})
    results = sx.sweep(study, tmp_path / "limited", workers=len(steps))
    assert sorted(results.table.state) == states and all(results.failed.error)


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(sx.Experiment.from_dict(SETTINGS).to_toml())
    (tmp_path / "study.toml").write_text('name = "s"\nexperiment = "small.toml"\n')


def command(*asked):
    whole = [sys.executable, "-m", "separatrix", *map(str, asked)]
    return subprocess.run(whole, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("small")
def test_the_command_line_runs_tells_and_reports(tmp_path):
    done = command("run", "small.toml", "--seeds", "0:2", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "2 networks (2 done)" in done.stdout and "score: median" in done.stdout
    out = tmp_path / "runs" / "small-seeds"
    assert (out / "table.csv").read_text().count("\n") == 3
    assert command("status", out).stdout == "2 cells: 2 done\n"
    (out / "report.html").unlink()
    assert command("report", out).returncode == 0
    page = (out / "report.html").read_text()
    assert "2 networks: 2 done." in page
    key = sx.load_study(out).table.index[0]
    drawn = out / "cells" / key / "report.html"
    assert f"--row {key}</code>" in page and not drawn.exists()
    assert command("report", out, "--row", key).returncode == 0
    page = (out / "report.html").read_text()
    assert f'<a href="cells/{key}/report.html">{key}</a>' in page and drawn.exists()
    assert command("report", out, "--row", "none").returncode == 2


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (("sweep", "small.toml"), "small.toml"),
        (("sweep", "study.toml", "--part", "17/16"), "K/N"),
        (("sweep", "study.toml", "--scheduler", "tcp://127.0.0.1:9"), "scheduler"),
        (("run", "small.toml", "--seeds", "0:2", "--force"), "--force"),
        (("status", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(asked, word):
    done = command(*asked)
    assert done.returncode == 2 and word in done.stderr and "Traceback" not in done.stderr
