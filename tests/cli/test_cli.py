import shutil

import jax
import pytest
from typer.testing import CliRunner

import separatrix as sx
from separatrix.cli import app

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


def refused(done, said, code=2):
    assert done.exit_code == code, done.output
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith(f"separatrix: {said}")
    assert "Traceback" not in done.output


def test_run_writes_everything_and_says_what_matters(directory):
    out, said = directory
    names = {p.name for p in out.iterdir()}
    assert names == {"experiment.toml", "results.nc", "weights.safetensors"}
    for word in ("ideal observer", "fixed point", "slow point", "Analyses: done"):
        assert word in said
    assert str(out) in said


def test_a_run_that_is_there_is_not_replaced(run, tmp_path):
    (tmp_path / "experiment.toml").touch()
    done = run("run", "yang2020", *SMALL, "--out", tmp_path)
    said = "already holds a run; give another name, or replace it with --force."
    refused(done, f"{tmp_path} {said}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--set", "training.stps=3"],
            "unknown key 'training.stps' in yang2020.toml with --set: did you mean 'steps' or "
            "'epoch_steps'?",
        ),
        (
            ["--set", "network.tau=30"],
            "network in yang2020.toml with --set: dt = 100 ms is larger than 2 tau = 60 ms: "
            "Euler's method on the leak alone would be unstable. Use a smaller dt.",
        ),
        (
            ["--seed", "-1"],
            "seed in yang2020.toml with --seed: input should be greater than or equal to 0, "
            "got -1.",
        ),
    ],
)
def test_settings_that_are_refused_in_one_line(run, tmp_path, arguments, said):
    refused(run("run", "yang2020", *arguments, "--out", tmp_path / "two"), said)
    assert list(tmp_path.iterdir()) == []


def test_things_that_are_not_there(run, tmp_path):
    refused(
        run("run", "yang2021"),
        "no experiment is called 'yang2021': did you mean 'yang2020' or 'yang2019' or "
        "'yang2020-line'? A file of your own is named with its ending, my.toml.",
    )
    path = tmp_path / "no.toml"
    refused(run("run", path), f"cannot read {path}: No such file or directory.")
    for verb in ("report", "analyze"):
        path = tmp_path / "no"
        refused(run(verb, path), f"{path} does not exist; expected a run directory.")
        refused(
            run(verb, tmp_path),
            f"{tmp_path} is no run directory: it has no experiment.toml.",
        )


def test_divergence(run, tmp_path):
    out = tmp_path / "two"
    rate = "training.optimizer.learning_rate=1e9"
    done = run("run", "yang2020", *SMALL, "--set", rate, "--out", out)
    refused(
        done,
        "training diverged: the loss is not finite at step 1. Try a smaller learning rate or a "
        "gradient clip (clip_norm; in a script optax.clip_by_global_norm). The network and the "
        "history so far are kept "
        f"in {out}.incomplete; `separatrix analyze {out}.incomplete --out {out}` goes on from "
        "there.",
    )
    assert len(sx.load_run(tmp_path / "two.incomplete").history) == 2
    assert not out.exists()
    report = run("report", tmp_path / "two.incomplete", "--format", "pdf")
    assert report.exit_code == 0
    assert (tmp_path / "two.incomplete" / "report.html").exists()
    written = {p.suffix for p in (tmp_path / "two.incomplete" / "figures").iterdir()}
    assert written == {".png", ".svg", ".pdf"}
    refused(
        run("report", tmp_path / "two.incomplete", "--format", "docx"),
        "formats are png, svg, pdf; got 'docx'.",
    )


def test_what_stops_a_run_after_its_training(run, tmp_path, monkeypatch):
    def stop(*found):
        raise KeyboardInterrupt

    monkeypatch.setattr("separatrix.cli.commands._draw", stop)
    out = tmp_path / "two"
    done = run("run", "yang2020", *SMALL, "--out", out)
    assert done.exit_code == 130
    said = f"The trained network is kept in {out}.incomplete; `separatrix analyze"
    assert said in done.stderr + "".join(getattr(done.exception, "__notes__", []))
    monkeypatch.setattr("separatrix.cli.commands._draw", lambda *found: None)
    done = run("analyze", f"{out}.incomplete", "--out", out)
    assert done.exit_code == 0, done.output


def test_analyze(run, plain, directory, tmp_path):
    out, _ = directory
    done = run("analyze", out, "--set", "analysis.num_candidates=5")
    assert done.exit_code == 0, done.output
    assert len(sx.load_run(out.with_name("one-analysis")).fixed_points.outcomes) == 5
    done = run("analyze", out, "--set", "training.steps=5", "--out", tmp_path / "three")
    assert done.exit_code == 2
    assert "only analysis.* can change" in done.stderr


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


def test_list(run):
    done = run("list")
    assert done.exit_code == 0
    for word in ("yang2020", "yang2020-pytorch", "PerceptualDecisionMaking", "CTRNN"):
        assert word in done.stdout


def test_doctor(run):
    done = run("doctor")
    assert done.exit_code == 0
    for word in ("python", "separatrix", sx.__version__, "jax", "devices", "compilation cache"):
        assert word in done.stdout
    assert "float64" in done.stdout
    assert "INEXACT" not in done.stdout


def test_version(run):
    assert run("--version").stdout == f"separatrix {sx.__version__}\n"


def test_no_arguments_give_help(run):
    assert "Usage" in run().output
    assert run("--help").exit_code == 0


@pytest.mark.runs
def test_a_network_of_one_unit(run, tmp_path):
    out = tmp_path / "two"
    done = run("run", "yang2020", *SMALL, "--set", "network.num_units=1", "--out", out)
    assert done.exit_code == 0, done.output
    drawn = {p.stem for p in (out / "figures").iterdir()}
    assert {"trials", "training", "psychometric"} <= drawn
    assert not {"activity", "condition_averages", "fixed_points", "line_attractor"} & drawn
    assert "only one: nothing is drawn here" in (out / "report.html").read_text()
