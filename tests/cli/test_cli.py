import shutil

import jax
import pytest
from typer.testing import CliRunner

import separatrix as sx
from separatrix.cli.commands import app
from separatrix.store.integrity import write_digests

SMALL = [
    *("--set", "network.num_units=16"),
    *("--set", "training.steps=16"),
    *("--set", "analysis.num_trials=10"),
    *("--set", "analysis.num_candidates=20"),
    *("--set", "analysis.test_trials=200"),
    *("--set", "analysis.geometry={slow_curve=false, branches=false, graph=false, lyapunov=false}"),
]


@pytest.fixture
def plain(monkeypatch):
    """Leave out figures and report, which take longest."""
    monkeypatch.setattr("separatrix.cli.commands._draw", lambda *found: None)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "one"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEPARATRIX_CACHE_DIR", jax.config.jax_compilation_cache_dir)
        patch.setattr("separatrix.cli.commands._draw", lambda *found: None)
        done = CliRunner(env={"COLUMNS": "300"}).invoke(
            app, ["run", "yang2020", *SMALL, "--out", str(out)]
        )
    assert done.exit_code == 0, done.output
    return out, done.stdout


def refused(done, word):
    """The program ends with a line that names what was wrong."""
    assert done.exit_code == 2, done.output
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("separatrix: ") and str(word) in line
    assert "Traceback" not in done.output


def test_run_writes_everything_and_says_what_matters(directory):
    out, said = directory
    names = {p.name for p in out.iterdir()}
    assert names == {"digests.json", "experiment.toml", "results.nc", "weights.safetensors"}
    for word in ("ideal observer", "Is a fixed point missing?", "Analyses: done", str(out)):
        assert word in said


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["run", "yang2020", "--out", "one"], "--force"),  # a run that is there
        (["run", "yang2020", "--set", "training.stps=3", "--out", "two"], "'steps'"),
        (["run", "yang2020", "--set", "network.tau=30", "--out", "two"], "tau"),
        (["run", "yang2020", "--seed", "-1", "--out", "two"], "seed"),
        (["run", "yang2021"], "'yang2020'"),
        (["run", "no.toml"], "no.toml"),
        (["report", "no"], "no"),
        (["analyze", "no"], "no"),
        (["report", "empty"], "experiment.toml"),
        (["analyze", "empty"], "experiment.toml"),
        (["report", "one", "--format", "docx"], "docx"),
    ],
)
def test_what_is_refused_in_one_line(run, tmp_path, monkeypatch, arguments, word):
    for name in ("one", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "experiment.toml").touch()
    write_digests(tmp_path / "one")
    monkeypatch.chdir(tmp_path)
    refused(run(*arguments), word)
    assert {p.name for p in tmp_path.iterdir()} == {"one", "empty"}
    assert len(list((tmp_path / "one").iterdir())) == 2


def test_divergence(run, tmp_path):
    out, kept = tmp_path / "two", tmp_path / "two.incomplete"
    rate = "training.optimizer.learning_rate=1e9"
    done = run("run", "yang2020", *SMALL, "--set", rate, "--out", out)
    refused(done, f"`separatrix analyze {kept} --out {out}`")
    assert len(sx.load_run(kept).history) == 2 and not out.exists()
    assert run("report", kept, "--format", "pdf").exit_code == 0
    assert (kept / "report.html").exists()
    assert {p.suffix for p in (kept / "figures").iterdir()} == {".png", ".svg", ".pdf"}


def test_analyze(run, plain, directory, tmp_path):
    out, _ = directory
    done = run("analyze", out, "--set", "analysis.num_candidates=5")
    assert done.exit_code == 0, done.output
    assert len(sx.load_run(out.with_name("one-analysis")).fixed_points.outcomes) == 5
    refused(run("analyze", out, "--set", "training.steps=5", "--out", tmp_path / "three"), "steps")


@pytest.mark.runs
def test_analyze_of_a_cell_leaves_its_study_alone(run, plain, directory, tmp_path, monkeypatch):
    study = tmp_path / "all"
    (study / "cells").mkdir(parents=True)
    (study / "study.toml").touch()
    shutil.copytree(directory[0], study / "cells" / "one")
    monkeypatch.chdir(study / "cells")
    done = run("analyze", "one")
    assert done.exit_code == 0, done.output
    assert sorted(e.name for e in study.rglob("*one*")) == ["one"]
    assert sorted(e.name for e in tmp_path.iterdir()) == ["all", "all-one-analysis"]
    monkeypatch.chdir(tmp_path)
    done = run("analyze", study / "cells" / "one", "--out", study / "cells", "--force")
    assert done.exit_code == 2 and "holds what no run has written" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list"], ["yang2020", "yang2020-pytorch", "PerceptualDecisionMaking", "CTRNN"]),
        (["--version"], [f"separatrix {sx.__version__}\n"]),
        (["--help"], ["Usage"]),
        (["doctor"], ["python", sx.__version__, "jax", "devices", "compilation", "float64"]),
    ],
)
def test_what_a_command_tells(run, arguments, words):
    done = run(*arguments)
    assert done.exit_code == 0 and "INEXACT" not in done.stdout
    for word in words:
        assert word in done.stdout


@pytest.mark.runs
def test_a_network_of_one_unit(run, tmp_path):
    out = tmp_path / "two"
    done = run("run", "yang2020", *SMALL, "--set", "network.num_units=1", "--out", out)
    assert done.exit_code == 0, done.output
    drawn = {p.stem for p in (out / "figures").iterdir()}
    assert {"trials", "training", "psychometric"} <= drawn
    assert not {"activity", "condition_averages", "fixed_points", "line_attractor"} & drawn
    assert "states of this run have only one" in (out / "report.html").read_text()
