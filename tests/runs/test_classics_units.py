"""song2016 and yang2019 at small size: the whole run, and what its questions find."""

import numpy as np
from sample_records import fixed_points

import separatrix as sx
from separatrix.experiment import Experiment, Setup, run_experiment
from separatrix.experiment.analysis import analyze
from separatrix.experiment.questions import all_questions
from separatrix.experiment.subject import Subject
from separatrix.report import write_report

SMALL = [
    "analysis.num_trials=6",
    "analysis.num_candidates=10",
    "analysis.test_trials=64",
]
WITHOUT_GEOMETRY = [
    f"analysis.geometry.{part}=false" for part in ("slow_curve", "branches", "graph", "lyapunov")
]


def test_song2016(tmp_path):
    changes = [
        "task.dt=50.0",
        "network.num_units=20",
        "training.steps=1000",
        "training.batch_size=32",
        "training.optimizer.learning_rate=1e-2",
        "analysis.geometry.slices=5",
        "analysis.geometry.lyapunov_steps=200",
    ]
    experiment = Experiment.named("song2016").with_changes([*SMALL, *changes])
    done = run_experiment(experiment, tmp_path / "song", progress=False)
    assert set(done.records["analyses"].outcome) == {"done"}
    found = done.records["selective_connections"]
    assert found.excitatory.sum() == 16
    weights = np.asarray(found.weights)
    assert (weights[:, :16] >= 0).all() and (weights[:, 16:] <= 0).all()
    assert done.records["psychometric"].mean_accuracy > 0.6
    page = write_report(done, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Units that prefer choice 1" in page
    assert "Performance in each rule" not in page  # a study of another experiment


def subject(name, *changes):
    """An untrained network of an experiment, for its questions."""
    experiment = Experiment.named(name).with_changes([*SMALL, *changes])
    setup = Setup(experiment)
    activity = sx.simulate(setup.network, setup.task.trials(2, key=setup.key_trials))
    points, u = fixed_points(activity.flat_states[:1], ["fixed"]), np.asarray(setup.input, float)
    task, network, system = setup.task, setup.network, setup.network.at_input(u)
    settings, key = experiment.analysis, setup.key_questions
    return Subject(task, network, system, u, activity, points, settings, key)


def test_a_network_of_yang2019_is_looked_at_with_many_rules():
    """Also where each batch of its training has one rule, as in the paper."""
    few = ["task.dt=100.0", "network.num_units=6", "analysis.slow_points=false"]
    changes = [*SMALL, *WITHOUT_GEOMETRY, *few, "analysis.questions=[]"]
    setup = Setup(Experiment.named("yang2019").with_changes(changes))
    rules = analyze(setup, setup.network)["activity"].conditions["rule"]
    assert setup.task.shared and len(np.unique(rules)) > 1
    assert len(np.unique(setup.task.trials(6, key=setup.key_trials).conditions["rule"])) == 1


def test_the_questions_of_yang2019_small():
    rules = 'task.rules=["reactgo", "reactanti"]'
    few = ["task.rule_weights=[]", "task.dt=100.0", "network.num_units=6"]
    asked = subject("yang2019-small", rules, *few)
    assert asked.settings.questions == ("rule_performance", "task_variance")
    performance, variance = (all_questions()[name](asked) for name in asked.settings.questions)
    assert performance.rules == variance.tasks == ("reactgo", "reactanti")
    assert performance.num_trials.sum() == 512 and len(variance) == 6
    assert (performance.score < 0.5).all() and (performance.ideal_score == 1.0).all()
