from types import SimpleNamespace

import jax
import numpy as np
import pytest
from same import assert_same

import separatrix as sx
from separatrix.experiment import Experiment, reanalyze, run_experiment
from separatrix.experiment.analysis import _candidates
from separatrix.experiment.setup import Setup

SMALL = [
    "network.num_units=16",
    "training.steps=5",
    "training.epoch_steps=2",
    'analysis.input=["stimulus", "fixation"]',
    "analysis.num_trials=10",
    "analysis.num_candidates=20",
    "analysis.test_trials=200",
    "analysis.geometry.slow_curve=false",
    "analysis.geometry.branches=false",
    "analysis.geometry.graph=false",
    "analysis.geometry.lyapunov=false",
]
DIVERGES = ["training.optimizer.learning_rate=1e9"]


def small(*changes, name="yang2020"):
    return Experiment.named(name).with_changes([*SMALL, *changes])


TOLD = SimpleNamespace(stages=[], steps=[])
"""What the run of these tests announces, and where its training is."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_experiment(
        small(),
        tmp_path_factory.mktemp("runs") / "one",
        progress=lambda done, loss, accuracy: TOLD.steps.append(done),
        announce=TOLD.stages.append,
        finish=lambda run, directory: (directory / "report.html").write_text("finished"),
    )


def test_the_directory_holds_the_whole_run_and_says_what_it_does(run):
    assert sorted(p.name for p in run.path.iterdir()) == [
        "digests.json",
        "experiment.toml",
        "report.html",
        "results.nc",
        "weights.safetensors",
    ]
    assert list(run.records) == [
        "history",
        "activity",
        "principal_components",
        "psychometric",
        "frozen_inputs",
        "fixed_points",
        "linearization",
        "non_normality",
        "selection_vectors",
        "fixed_points_fixation",
        "trial_periods",
        "verdict",
        "analyses",
    ]
    assert run.activity.states.shape == (10, 22, 16)
    assert (len(run.history), len(run.fixed_points.outcomes)) == (5, 20)
    assert run.psychometric.num_trials.sum() == 200
    assert TOLD.steps == [2, 4, 5]
    assert (TOLD.stages[0], TOLD.stages[-1]) == ("training", "figures and report")


def test_what_is_returned_is_what_can_be_read(run):
    read = sx.load_run(run.path)
    assert (read.experiment, read.provenance) == (run.experiment, run.provenance)
    assert list(read.records) == list(run.records)
    assert_same((read.records, read.network), (run.records, run.network))


def test_the_configuration_as_executed_runs_again_bit_for_bit(run, tmp_path):
    again = run_experiment(run.path / "experiment.toml", tmp_path / "two", progress=False)
    for name in ("experiment.toml", "weights.safetensors"):
        assert (again.path / name).read_bytes() == (run.path / name).read_bytes()
    assert_same(again.records, run.records)


def test_half_of_the_candidates_are_random():
    changes = "analysis.candidates=both", "analysis.random_range=[5.0, 6.0]"
    setup = Setup(small(*changes, "analysis.num_candidates=21"))
    activity = sx.simulate(setup.network, setup.task.trials(4, key=jax.random.key(0)))
    states = _candidates(setup, activity, setup.network.num_units)
    met = (states[:, None] == np.asarray(activity.flat_states)).all(2).any(1)
    random = (states >= 5).all(1) & (states <= 6).all(1)
    assert met.tolist() == (~random).tolist() == [True] * 11 + [False] * 10


def test_points_are_found_at_every_input(run):
    inputs, read = run.frozen_inputs, sx.load_run(run.path)
    assert inputs.words.tolist() == ["fixation 1, both stimuli 0.5", "fixation 1, both stimuli 0"]
    assert inputs.record_names == ("fixed_points", "fixed_points_fixation")
    for record, value in zip(inputs.record_names, inputs.values, strict=True):
        system, states = read.network.at_input(value), read.records[record].fixed.states
        with jax.enable_x64(True):
            assert len(states) and max(map(system.speed, states)) < 1e-10


@pytest.mark.parametrize(
    ("changes", "out", "word"),
    [
        (["network.activation=rely"], "two", "rely"),
        (["analysis.input=[1, nan, 0]"], "two", "analysis.input"),
        (["training.lengths=3", "training.window=50"], "two", "training.lengths"),
        ([], "file/two", "file"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_touched(tmp_path, changes, out, word):
    (tmp_path / "file").touch()
    with pytest.raises(sx.InvalidInputError, match=word):
        run_experiment(small(*changes), tmp_path / out, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


LAST_STEP = ["training.optimizer={name='sgd', learning_rate=3e38}", "training.steps=1"]


@pytest.mark.parametrize(("changes", "steps"), [(DIVERGES, None), (LAST_STEP, 1)])
def test_divergence_says_the_step_and_keeps_the_history(tmp_path, changes, steps):
    """Also that of the last step, after which no loss is computed."""
    with pytest.raises(sx.TrainingDivergedError) as caught:
        run_experiment(small(*changes), tmp_path / "two", progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["two.incomplete"]
    kept, step = sx.load_run(tmp_path / "two.incomplete"), caught.value.step
    loss = np.asarray(kept.history.loss)
    assert np.isfinite(loss[:step]).all() and len(loss) == (steps or step + 1)
    assert steps or not np.isfinite(loss[step])
    assert all(np.isfinite(np.asarray(w)).all() for w in jax.tree.leaves(kept.network))
    assert kept.experiment["network"]["num_units"] == 16


@pytest.mark.runs
@pytest.mark.parametrize(
    ("when", "error"),
    [("fixed points", ZeroDivisionError), ("figures and report", KeyboardInterrupt)],
)
def test_what_stops_a_run_after_its_training_leaves_the_network(run, tmp_path, error, when):
    def stop(stage):
        if stage == when:
            raise error

    out, how = tmp_path / "two", {"announce": stop, "finish": lambda run, directory: None}
    with pytest.raises(error) as caught:
        run_experiment(small(), out, progress=False, **how)
    kept = caught.value.kept
    assert sorted(tmp_path.iterdir()) == [tmp_path / "two.checkpoint", kept]
    assert f"`separatrix analyze {kept} --out {out}`" in caught.value.__notes__[0]
    assert ("fixed_points" in sx.load_run(kept).records) == (when != "fixed points")
    went_on = reanalyze(kept, out)
    assert_same(went_on.records, run.records)
    assert went_on.experiment == run.experiment


def test_a_network_is_analyzed_again(run, tmp_path):
    again = reanalyze(run.path, tmp_path / "two", changes=["analysis.num_candidates=7"])
    assert len(again.fixed_points.outcomes) == again.experiment["analysis"]["num_candidates"] == 7
    for record in ("history", "activity"):
        assert_same(again.records[record], run.records[record])
    weights = [(one.path / "weights.safetensors").read_bytes() for one in (again, run)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("path", "changes", "error"),
    [
        (".", ["training.steps=3"], sx.InvalidInputError),
        ("no", [], sx.UnreadableFileError),
    ],
)
def test_only_the_analysis_of_a_run_can_change_afterwards(run, tmp_path, path, changes, error):
    with pytest.raises(error):
        reanalyze(run.path / path, tmp_path / "two", changes=changes)
