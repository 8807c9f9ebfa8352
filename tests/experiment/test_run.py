import shutil
from types import SimpleNamespace

import jax
import numpy as np
import pytest

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


@pytest.fixture(scope="module")
def told():
    """What the run of these tests announces, and where its training is."""
    return SimpleNamespace(stages=[], steps=[])


@pytest.fixture(scope="module")
def run(tmp_path_factory, told):
    out = tmp_path_factory.mktemp("runs") / "one"
    return run_experiment(
        small(),
        out,
        progress=lambda done, loss, accuracy: told.steps.append(done),
        announce=told.stages.append,
        finish=lambda run, directory: (directory / "report.html").write_text("finished"),
    )


def leaves(records):
    return {name: jax.tree.leaves(record) for name, record in records.items()}


def same_results(one, two):
    assert list(one.records) == list(two.records)
    for name, arrays in leaves(one.records).items():
        for a, b in zip(arrays, leaves(two.records)[name], strict=True):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_the_directory_holds_the_whole_run(run):
    assert sorted(p.name for p in run.path.iterdir()) == [
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
        "verdict",
        "analyses",
    ]
    assert len(run.history) == 5
    assert run.activity.states.shape == (10, 22, 16)
    assert len(run.fixed_points.outcomes) == 20
    assert run.psychometric.num_trials.sum() == 200
    assert run.network.num_units == 16


def test_what_is_returned_is_what_can_be_read(run):
    read = sx.load_run(run.path)
    assert read.experiment == run.experiment
    assert read.provenance == run.provenance
    same_results(read, run)
    for a, b in zip(jax.tree.leaves(read.network), jax.tree.leaves(run.network), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_the_configuration_as_executed_runs_again_bit_for_bit(run, tmp_path):
    again = run_experiment(run.path / "experiment.toml", tmp_path / "two", progress=False)
    for name in ("experiment.toml", "weights.safetensors"):
        assert (again.path / name).read_bytes() == (run.path / name).read_bytes()
    same_results(again, run)


def test_batches_end_at_one_of_several_lengths():
    assert Setup(small("training.lengths=3")).batches == sx.WholeTrials(3)
    with pytest.raises(sx.InvalidInputError, match=r"training.lengths in .*: windows have one"):
        Setup(small("training.lengths=3", "training.window=50"))


def test_random_candidates_and_windows(tmp_path):
    pytorch = small(
        "analysis.input=[1, 0.5, 0.5]", "analysis.max_linearized=1", name="yang2020-pytorch"
    )
    run = run_experiment(pytorch, tmp_path / "two", progress=False)
    assert run.experiment["training"]["window"] == 100
    assert len(run.fixed_points.outcomes) == 20
    assert len(run.linearization) == 1


def test_half_of_the_candidates_are_random(tmp_path):
    changes = ("analysis.candidates=both", "analysis.random_range=[5.0, 6.0]")
    setup = Setup(small(*changes, "analysis.num_candidates=21"))
    activity = sx.simulate(setup.network, setup.task.trials(4, key=jax.random.key(0)))
    states = _candidates(setup, activity, setup.network.num_units)
    near = {row.tobytes() for row in activity.flat_states}
    assert [row.tobytes() in near for row in states] == [True] * 11 + [False] * 10
    assert (states[11:] >= 5).all() and (states[11:] <= 6).all()


@pytest.mark.runs
def test_three_choices_have_no_psychometric_curve(tmp_path):
    run = run_experiment(
        small("task.num_choices=3", "analysis.input=[1, 0.5, 0.5, 0.5]"),
        tmp_path / "two",
        progress=False,
    )
    assert "psychometric" not in run.records
    assert run.network.num_outputs == 4


def test_stages_and_progress_are_told(run, told):
    assert told.steps == [2, 4, 5]
    assert told.stages[0] == "training"
    assert told.stages[-1] == "figures and report"


def test_points_are_found_at_every_input(run):
    read = sx.load_run(run.path)
    inputs = read.frozen_inputs
    assert inputs.words.tolist() == ["fixation 1, both stimuli 0.5", "fixation 1, both stimuli 0"]
    assert inputs.record_names == ("fixed_points", "fixed_points_fixation")
    for record, value in zip(inputs.record_names, inputs.values, strict=True):
        points = read.records[record].fixed
        with jax.enable_x64(True):
            speeds = [read.network.at_input(value).speed(state) for state in points.states]
        assert len(points) and np.max(speeds) < 1e-10


def test_a_run_is_only_replaced_when_asked_to(run, tmp_path):
    out = shutil.copytree(run.path, tmp_path / "two")
    before = (out / "weights.safetensors").read_bytes()
    with pytest.raises(sx.InvalidInputError, match="already holds a run"):
        run_experiment(small("seed=1"), out, progress=False)
    assert (out / "weights.safetensors").read_bytes() == before
    run_experiment(small("seed=1"), out, progress=False, force=True)
    assert (out / "weights.safetensors").read_bytes() != before
    assert [p.name for p in tmp_path.iterdir()] == ["two"]


def test_settings_are_checked_before_anything_is_touched(tmp_path):
    with pytest.raises(sx.InvalidInputError, match="unknown activation"):
        run_experiment(small("network.activation=rely"), tmp_path / "two", progress=False)
    with pytest.raises(sx.InvalidInputError, match=r"analysis.input.1 in .*finite number"):
        run_experiment(small("analysis.input=[1, nan, 0]"), tmp_path / "two", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_divergence_says_the_step_and_keeps_the_history(tmp_path):
    out = tmp_path / "two"
    with pytest.raises(sx.TrainingDivergedError) as caught:
        run_experiment(small(*DIVERGES), out, progress=False)
    kept = sx.load_run(tmp_path / "two.incomplete")
    assert not out.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["two.incomplete"]
    step = caught.value.step
    loss = np.asarray(kept.history.loss)
    assert np.isfinite(loss[:step]).all()
    assert not np.isfinite(loss[step])
    assert len(loss) == step + 1
    assert all(np.isfinite(np.asarray(w)).all() for w in jax.tree.leaves(kept.network))
    assert kept.experiment["network"]["num_units"] == 16


def test_a_last_step_that_diverges_is_a_divergence(tmp_path):
    changes = ["training.steps=1", "training.optimizer.name=sgd"]
    changes.append("training.optimizer.learning_rate=3e38")
    experiment = Experiment.from_dict(
        small().to_dict() | {"training": {"steps": 1, "optimizer": {"name": "sgd"}}}
    ).with_changes(changes)
    with pytest.raises(sx.TrainingDivergedError, match="weights are not finite after step 0"):
        run_experiment(experiment, tmp_path / "two", progress=False)
    kept = sx.load_run(tmp_path / "two.incomplete")
    assert len(kept.history) == 1
    assert all(np.isfinite(np.asarray(w)).all() for w in jax.tree.leaves(kept.network))


def test_divergence_is_told_even_where_nothing_can_be_written(tmp_path, monkeypatch):
    from separatrix.experiment import writing

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_run", full)
    with pytest.raises(sx.TrainingDivergedError) as caught:
        run_experiment(small(*DIVERGES), tmp_path / "two", progress=False)
    assert "could not be kept: [Errno 28] No space left on device" in caught.value.__notes__[0]
    assert list(tmp_path.iterdir()) == []


class DiskFullError(Exception):
    pass


@pytest.mark.parametrize(
    ("when", "error"), [("fixed points", DiskFullError), ("figures and report", KeyboardInterrupt)]
)
def test_what_stops_a_run_after_its_training_leaves_the_network(run, tmp_path, error, when):
    def stop(stage):
        if stage == when:
            raise error

    out, finish = tmp_path / "two", lambda run, directory: None
    with pytest.raises(error) as caught:
        run_experiment(small(), out, progress=False, announce=stop, finish=finish)
    kept = caught.value.kept
    assert list(tmp_path.iterdir()) == [kept]
    assert f"`separatrix analyze {kept} --out {out}` goes on" in caught.value.__notes__[0]
    assert ("fixed_points" in sx.load_run(kept).records) == (when != "fixed points")
    went_on = reanalyze(kept, out)
    same_results(went_on, run)
    assert went_on.experiment == run.experiment


def test_a_network_is_analyzed_again(run, tmp_path):
    again = reanalyze(run.path, tmp_path / "two", changes=["analysis.num_candidates=7"])
    assert len(again.fixed_points.outcomes) == 7
    assert again.experiment["analysis"]["num_candidates"] == 7
    weights = "weights.safetensors"
    assert (again.path / weights).read_bytes() == (run.path / weights).read_bytes()
    np.testing.assert_array_equal(again.history.loss, run.history.loss)
    np.testing.assert_array_equal(again.activity.states, run.activity.states)


def test_only_the_analysis_can_change_afterwards(run, tmp_path):
    with pytest.raises(sx.InvalidInputError) as caught:
        reanalyze(run.path, tmp_path / "two", changes=["training.steps=3"])
    assert str(caught.value) == (
        "--set training.steps=3: only analysis.* can change when a trained network is analyzed "
        "again; `separatrix run` trains a new one."
    )
    with pytest.raises(sx.UnreadableFileError, match="does not exist; expected a run directory"):
        reanalyze(tmp_path / "no", tmp_path / "two")


def test_a_place_below_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(sx.InvalidInputError, match="cannot write"):
        run_experiment(small(), tmp_path / "file" / "two", progress=False)
