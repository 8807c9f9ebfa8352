"""The experiment `recorded`: a fit to a fifth of a network whose answer is known."""

import pytest

from separatrix.experiment import Experiment, run_experiment

FAST = ["training.steps=1", "training.epoch_steps=1", "analysis.num_candidates=8"]


@pytest.mark.weekly
def test_what_a_fit_to_a_fifth_of_four_points_says_is_not_supported(tmp_path):
    done = run_experiment(Experiment.named("recorded"), tmp_path / "run", progress=False)
    recovery, judgment = done.records["mechanism_recovery"], done.records["judgment"]
    stable = (done.fixed_points.fixed.n_unstable == 0).sum()
    assert stable == 4 and "four stable points" in str(done.records["verdict"])
    assert recovery.fraction == 0.2 and recovery.is_counted.sum() >= 12
    assert judgment.outcome != "supported"


def test_trials_of_unequal_length_are_refused_in_words(tmp_path):
    changes = [*FAST, "network.name=LSTM"]
    experiment = Experiment.named("yang2020").with_changes(
        [*changes, 'analysis.questions=["judgment"]', "network.num_units=8"]
    )
    done = run_experiment(experiment, tmp_path / "run", progress=False)
    assert "judgment" not in done.records
