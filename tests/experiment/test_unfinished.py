import jax
import numpy as np
import pytest
from small_experiment import SETTINGS

import separatrix as sx
from separatrix.experiment import Experiment, run_experiment, run_variants
from separatrix.training.checkpoint import Keeper

LONGER = {"name": "kept", "training": {"steps": 8, "epoch_steps": 2}}
VARIANTS = {"variants": {"first": {}, "second": {"network": {"num_units": 6}}}}


class KilledError(BaseException):
    """What no code of a run catches but to clean up."""


@pytest.fixture(autouse=True)
def kept_from_the_first_step(monkeypatch):
    """Trainings are kept after every epoch, not after a minute."""
    monkeypatch.setattr(Keeper, "is_due", True)


def experiment(**changes):
    return Experiment.from_dict(SETTINGS | LONGER | changes)


def stopped_after(steps, error=KilledError, when=lambda: True):
    def stop(done, loss, accuracy):
        if done >= steps and when():
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
    same(list(run.records.values()), list(whole.records.values()))


def test_ctrl_c_says_how_to_go_on(tmp_path):
    out = tmp_path / "one"
    with pytest.raises(sx.TrainingInterruptedError) as caught:
        run_experiment(experiment(), out, progress=stopped_after(4, KeyboardInterrupt))
    assert "with --resume goes on with the training" in caught.value.__notes__[-1]
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


@pytest.mark.parametrize("error", [KilledError, KeyboardInterrupt])
def test_variants_go_on_where_they_were_stopped(tmp_path, error):
    out, started = tmp_path / "all", []
    second = lambda: "variant second" in started  # noqa: E731
    with pytest.raises(error):
        run_variants(
            experiment(**VARIANTS),
            out,
            progress=stopped_after(4, error, second),
            announce=started.append,
        )
    assert "second.checkpoint" in names(tmp_path / "all.incomplete")
    reports = []
    runs = run_variants(
        experiment(**VARIANTS),
        out,
        resume=True,
        progress=lambda *told: reports.append(told[0]),
    )
    assert reports == [4, 6, 8]
    assert names(tmp_path) == ["all"]
    assert names(out) == ["experiment.toml", "first", "second"]
    assert list(sx.load_runs(out)) == list(runs) == ["first", "second"]


def test_variants_begin_anew_beside_what_was_stopped(tmp_path):
    out, started = tmp_path / "all", []
    second = lambda: "variant second" in started  # noqa: E731
    stop = stopped_after(4, KilledError, second)
    with pytest.raises(KilledError):
        run_variants(experiment(**VARIANTS), out, progress=stop, announce=started.append)
    run_variants(experiment(**VARIANTS), out, progress=False)
    assert names(tmp_path) == ["all", "all.incomplete"]
    assert "second.checkpoint" in names(tmp_path / "all.incomplete")


def test_resuming_what_was_never_begun_begins_it(tmp_path):
    run_experiment(experiment(), tmp_path / "one", resume=True, progress=False)
    run_variants(experiment(**VARIANTS), tmp_path / "all", resume=True, progress=False)
    assert names(tmp_path) == ["all", "one"]
