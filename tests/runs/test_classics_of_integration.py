"""mante2013 and barak2013 at small size: what is written, not what a trained network shows."""

import pytest

import separatrix as sx
from separatrix.experiment import Experiment, run_experiment
from separatrix.report.sections import shown_sections

SMALL = [
    "network.num_units=6",
    "training.steps=2",
    "training.batch_size=4",
    "training.epoch_steps=2",
    "analysis.num_trials=16",
    "analysis.test_trials=64",
    "analysis.num_candidates=8",
    "analysis.slow_points=false",
    "analysis.geometry.graph=false",
]


def small(name, *changes):
    return Experiment.named(name).with_changes([*SMALL, *changes])


def outcomes(run):
    told = run.records["analyses"]
    return dict(zip(map(str, told.analysis), map(str, told.outcome), strict=True))


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    experiment = small("mante2013", "task.stimulus=[300, 600]")
    return dict(sx.sweep(experiment, tmp_path_factory.mktemp("all"), workers=0).runs)


def test_every_study_of_the_contexts_is_done(contexts):
    for run in contexts.values():
        told = outcomes(run)
        for name in ("performance", "choice_curve", "input_gating"):
            assert told[name] == "done"
        sections = {section.name for section in shown_sections(run)}
        assert {"performance", "slow_curve"} <= sections
        # an untrained network may answer no trial right, and then has no averages of them
        assert ("context_gating" in sections) == (told["context_averages"] == "done")


def test_a_memory_is_looked_for(tmp_path):
    experiment = small("barak2013", "task.delay=[200, 400]")
    run = run_experiment(experiment, tmp_path / "out", progress=False)
    told = outcomes(run)
    for name in ("performance", "memory_curve", "frequency_memory"):
        assert told[name] == "done"
    assert run.records["frequency_memory"].values.tolist() == [10, 14, 18, 22, 26, 30, 34]
    assert "graded_memory" in {section.name for section in shown_sections(sx.load_run(run.path))}
