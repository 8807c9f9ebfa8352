"""song2016 and yang2019 at small size: the whole run, and what its studies find."""

import numpy as np
import pytest

import separatrix as sx
from separatrix.experiment import Experiment, run_experiment

SMALL = [
    "analysis.num_trials=6",
    "analysis.num_candidates=10",
    "analysis.test_trials=64",
    "analysis.geometry.slow_curve=false",
    "analysis.geometry.branches=false",
    "analysis.geometry.graph=false",
    "analysis.geometry.lyapunov=false",
]


def run(name, out, *changes):
    experiment = Experiment.named(name).with_changes([*SMALL, *changes])
    return run_experiment(experiment, out, progress=False)


@pytest.mark.parametrize("name", ["song2016", "yang2019", "yang2019-small"])
def test_the_settings_can_be_executed(name):
    setup = sx.experiment.setup.Setup(Experiment.named(name))
    assert setup.task.num_inputs == setup.network.num_inputs == len(setup.input)
    if name == "yang2019":  # the paper's
        assert (setup.network.num_units, setup.task.dt, setup.network.noise) == (256, 20.0, 0.05)
        shares = zip(setup.task.rules, setup.task.rule_weights, strict=True)
        assert [rule for rule, share in shares if share == 5] == ["contextdm1", "contextdm2"]
    if name.startswith("yang2019"):  # the delay of Dly Go
        here = np.flatnonzero(setup.input)
        assert [setup.task.channels[k] for k in here] == ["fixation", "rule delaygo"]


def test_song2016(tmp_path):
    changes = ["network.num_units=20", "training.steps=400", "training.batch_size=32"]
    done = run("song2016", tmp_path / "song", *changes)
    found = done.records["selective_connections"]
    assert isinstance(found, sx.SelectiveConnections)
    assert found.excitatory.sum() == 16
    weights = np.asarray(found.weights)
    assert (weights[:, :16] >= 0).all() and (weights[:, 16:] <= 0).all()
    assert done.records["psychometric"].mean_accuracy > 0.6
    sx.report.write_report(done, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "units prefer choice 1" in page
    assert "Performance in each rule" not in page  # a study of another experiment


def test_yang2019_small(tmp_path):
    changes = [
        'task.rules=["reactgo", "dm1"]',
        "task.rule_weights=[1.0, 1.0]",
        "task.dt=100.0",
        "network.num_units=24",
        "training.steps=100",
    ]
    done = run("yang2019-small", tmp_path / "yang", *changes)
    performance, variance = (done.records[k] for k in ("rule_performance", "task_variance"))
    assert performance.rules == variance.tasks == ("reactgo", "dm1")
    assert performance.num_trials.sum() == 512
    assert len(variance) == 24
    assert done.records["history"].loss[-10:].mean() < 0.7 * done.records["history"].loss[0]


def test_a_study_of_another_task_is_skipped_with_its_reason(tmp_path):
    changes = ["training.steps=2", 'analysis.studies=["task_variance", "selective_connections"]']
    done = run("yang2020", tmp_path / "run", "network.num_units=8", *changes)
    analyses = done.records["analyses"]
    assert "not Yang2019" in analyses.why_not("task_variance")
    assert "not excitatory or inhibitory" in analyses.why_not("selective_connections")
    assert "failed" not in analyses.outcome
