import jax
import numpy as np
import pytest
from small_experiment import SETTINGS

import separatrix as sx
from separatrix.experiment import Experiment, run_experiment
from separatrix.training.checkpoint import Keeper

LONGER = {"name": "kept", "training": {"steps": 8, "epoch_steps": 2}}


class KilledError(BaseException):
    """What no code of a run catches but to clean up."""


@pytest.fixture(autouse=True)
def kept_from_the_first_step(monkeypatch):
    """Trainings are kept after every epoch, not after a minute; nothing is analyzed after them."""
    monkeypatch.setattr(Keeper, "is_due", True)
    monkeypatch.setattr("separatrix.experiment.run.analyze", lambda *arguments: {})


def experiment(**changes):
    return Experiment.from_dict(SETTINGS | LONGER | changes)


def stopped_after(steps, error=KilledError):
    def stop(done, loss, accuracy):
        if done >= steps:
            raise error

    return stop


def names(directory):
    return sorted(entry.name for entry in directory.iterdir())


def same(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_a_run_that_was_killed_goes_on(tmp_path):
    out = tmp_path / "one"
    with pytest.raises(KilledError):
        run_experiment(experiment(), out, progress=stopped_after(4))
    assert names(tmp_path) == ["one.checkpoint"]
    reports = []
    run = run_experiment(
        experiment(), out, resume=True, progress=lambda *told: reports.append(told[0])
    )
    assert reports == [4, 6, 8]
    assert names(tmp_path) == ["one"]
    whole = run_experiment(experiment(), tmp_path / "two", progress=False)
    assert names(tmp_path) == ["one", "two"]
    same(run.network, whole.network)
    same(run.history, whole.history)


def test_ctrl_c_says_how_to_go_on(tmp_path):
    out = tmp_path / "one"
    with pytest.raises(sx.TrainingInterruptedError) as caught:
        run_experiment(experiment(), out, progress=stopped_after(4, KeyboardInterrupt))
    resume, look = caught.value.__notes__
    assert resume == "The same command with --resume goes on with the training."
    assert f"kept in {out}.incomplete; `separatrix analyze {out}.incomplete` looks at it" in look
    assert names(tmp_path) == ["one.checkpoint", "one.incomplete"]
    run_experiment(experiment(), out, resume=True, progress=False)
    assert names(tmp_path) == ["one"]


def test_nothing_is_lost_without_being_told(tmp_path):
    out = tmp_path / "one"
    with pytest.raises(KilledError):
        run_experiment(experiment(), out, progress=stopped_after(4))
    with pytest.raises(sx.InvalidInputError, match=r"a training that was stopped: .*--resume"):
        run_experiment(experiment(), out, progress=False)
    with pytest.raises(sx.InvalidInputError, match="seed is 3 there and 1 here"):
        run_experiment(experiment(seed=1), out, resume=True, progress=False)
    assert names(tmp_path) == ["one.checkpoint"]
    reports = []
    run_experiment(
        experiment(seed=1), out, force=True, progress=lambda *told: reports.append(told[0])
    )
    assert reports[0] == 2
    assert names(tmp_path) == ["one"]


def test_what_diverged_is_not_gone_on_with(tmp_path):
    wild = experiment(training={"steps": 8, "epoch_steps": 2, "optimizer": {"name": "sgd"}})
    wild = wild.with_changes(["training.optimizer.learning_rate=1e9"])
    with pytest.raises(sx.TrainingDivergedError):
        run_experiment(wild, tmp_path / "one", progress=False)
    assert names(tmp_path) == ["one.incomplete"]


def test_a_run_whose_analysis_was_killed_does_not_train_again(tmp_path):
    def stop(stage):
        if stage == "writing results":
            raise KilledError

    out = tmp_path / "one"
    with pytest.raises(KilledError):
        run_experiment(experiment(), out, progress=False, announce=stop)
    assert names(tmp_path) == ["one.checkpoint", "one.incomplete"]
    reports = []
    run_experiment(experiment(), out, resume=True, progress=lambda *told: reports.append(told[0]))
    assert reports == [8]
    assert names(tmp_path) == ["one"]


def test_what_killed_processes_leave_is_cleared_away(tmp_path):
    (tmp_path / ".one.abcd_123.partial").mkdir()
    (tmp_path / ".one.abcd_123.partial" / "weights").touch()
    others = [".one.2.abcd_123.partial", ".other.abcd_123.partial"]
    for other in others:
        (tmp_path / other).mkdir()
    run_experiment(experiment(), tmp_path / "one", resume=True, progress=False)
    assert names(tmp_path) == [*others, "one"]


def test_resuming_what_was_never_begun_begins_it_and_what_is_complete_stays(tmp_path):
    for _ in range(2):
        reports = []
        progress = lambda *told: reports.append(told[0])  # noqa: B023, E731
        one = run_experiment(experiment(), tmp_path / "one", resume=True, progress=progress)
        assert names(tmp_path) == ["one"]
        assert one.network is not None
    assert not reports
    with pytest.raises(sx.InvalidInputError, match="already holds a run"):
        run_experiment(experiment(seed=1), tmp_path / "one", resume=True, progress=False)


def test_an_unfinished_training_beside_a_complete_run(tmp_path):
    out = tmp_path / "one"
    run_experiment(experiment(), out, progress=False)
    with pytest.raises(KilledError):
        run_experiment(experiment(seed=1), out, force=True, progress=stopped_after(4))
    for resume in (False, True):
        with pytest.raises(sx.InvalidInputError, match="by --resume --force, which replaces the"):
            run_experiment(experiment(seed=1), out, resume=resume, progress=False)
    run_experiment(experiment(seed=1), out, resume=True, force=True, progress=False)
    assert names(tmp_path) == ["one"]
    assert sx.load_run(out).experiment["seed"] == 1


def test_force_deletes_nothing_where_no_run_can_be(tmp_path):
    with pytest.raises(KilledError):
        run_experiment(experiment(), tmp_path / "one", progress=stopped_after(4))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "notes.txt").touch()
    with pytest.raises(sx.InvalidInputError, match="holds what no run has written"):
        run_experiment(experiment(), tmp_path / "one", force=True, progress=False)
    assert names(tmp_path) == ["one", "one.checkpoint"]


def test_more_steps_may_follow(tmp_path):
    out = tmp_path / "one"
    with pytest.raises(KilledError):
        run_experiment(experiment(), out, progress=stopped_after(4))
    longer = experiment(training={"steps": 10, "epoch_steps": 2})
    assert len(run_experiment(longer, out, resume=True, progress=False).history) == 10


@pytest.mark.parametrize("out", [".", "/"])
def test_a_place_without_a_name_is_refused_before_any_work(tmp_path, monkeypatch, out):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for options in ({}, {"force": True}):
        with pytest.raises(sx.InvalidInputError, match=r"(is|holds) the current directory"):
            run_experiment(experiment(), out, progress=False, **options)
    assert names(tmp_path) == ["here"]
    assert names(tmp_path / "here") == []
