import pytest
from same import assert_same
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


def run(out, *, changes=(), **options):
    """Run an experiment of eight steps, and return the run and the steps that were reported."""
    reports = []
    options = {"progress": lambda *told: reports.append(told[0])} | options
    experiment = Experiment.from_dict(SETTINGS | LONGER | dict(changes))
    return run_experiment(experiment, out, **options), reports


def killed(out, error=KilledError, **options):
    """Run it until half of its training is done."""

    def stop(done, loss, accuracy):
        if done >= 4:
            raise error

    with pytest.raises(error) as caught:
        run(out, progress=stop, **options)
    return caught.value


def refused(out, word, **options):
    with pytest.raises(sx.InvalidInputError, match=word):
        run(out, **options)


def names(directory):
    return sorted(entry.name for entry in directory.iterdir())


@pytest.fixture
def out(tmp_path):
    return tmp_path / "one"


OTHER = {"seed": 1}


def test_a_run_that_was_killed_goes_on(tmp_path, out):
    killed(out)
    assert names(tmp_path) == ["one.checkpoint"]
    resumed, reports = run(out, resume=True)
    assert reports == [4, 6, 8] and names(tmp_path) == ["one"]
    whole, _ = run(tmp_path / "two")
    assert_same((resumed.network, resumed.history), (whole.network, whole.history))


def test_ctrl_c_says_how_to_go_on(tmp_path, out):
    error = killed(out, KeyboardInterrupt)
    assert isinstance(error, sx.TrainingInterruptedError)
    resume, look = error.__notes__
    assert "--resume" in resume and f"`separatrix analyze {out}.incomplete`" in look
    assert names(tmp_path) == ["one.checkpoint", "one.incomplete"]
    run(out, resume=True)
    assert names(tmp_path) == ["one"]


def test_nothing_is_lost_without_being_told(tmp_path, out):
    killed(out)
    refused(out, "--resume")
    refused(out, "seed", changes=OTHER, resume=True)
    assert names(tmp_path) == ["one.checkpoint"]
    _, reports = run(out, changes=OTHER, force=True)
    assert reports[0] == 2 and names(tmp_path) == ["one"]


def test_what_diverged_is_not_gone_on_with(tmp_path, out):
    wild = {"optimizer": {"name": "sgd", "learning_rate": 1e9}}
    with pytest.raises(sx.TrainingDivergedError):
        run(out, changes={"training": LONGER["training"] | wild})
    assert names(tmp_path) == ["one.incomplete"]


def test_a_run_whose_analysis_was_killed_does_not_train_again(tmp_path, out):
    def stop(stage):
        if stage == "writing results":
            raise KilledError

    with pytest.raises(KilledError):
        run(out, announce=stop)
    assert names(tmp_path) == ["one.checkpoint", "one.incomplete"]
    _, reports = run(out, resume=True)
    assert reports == [8] and names(tmp_path) == ["one"]


def test_what_killed_processes_leave_is_cleared_away(tmp_path, out):
    (tmp_path / ".one.abcd_123.partial" / "weights").mkdir(parents=True)
    others = [".one.2.abcd_123.partial", ".other.abcd_123.partial"]
    for other in others:
        (tmp_path / other).mkdir()
    run(out, resume=True)
    assert names(tmp_path) == [*others, "one"]


def test_resuming_what_was_never_begun_begins_it_and_what_is_complete_stays(tmp_path, out):
    for expected in ([2, 4, 6, 8], []):
        done, reports = run(out, resume=True)
        assert (reports, names(tmp_path)) == (expected, ["one"]) and done.network is not None
    refused(out, "already", changes=OTHER, resume=True)


def test_an_unfinished_training_beside_a_complete_run(tmp_path, out):
    run(out)
    killed(out, changes=OTHER, force=True)
    for resume in (False, True):
        refused(out, "--resume --force", changes=OTHER, resume=resume)
    run(out, changes=OTHER, resume=True, force=True)
    assert names(tmp_path) == ["one"] and sx.load_run(out).experiment["seed"] == 1


def test_force_deletes_nothing_where_no_run_can_be(tmp_path, out):
    killed(out)
    out.mkdir()
    (out / "notes.txt").touch()
    refused(out, "notes.txt", force=True)
    assert names(tmp_path) == ["one", "one.checkpoint"]


def test_more_steps_may_follow(out):
    killed(out)
    longer, _ = run(out, changes={"training": {"steps": 10, "epoch_steps": 2}}, resume=True)
    assert len(longer.history) == 10


@pytest.mark.parametrize("place", [".", "/"])
@pytest.mark.parametrize("force", [False, True])
def test_a_place_without_a_name_is_refused_before_any_work(tmp_path, monkeypatch, place, force):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    refused(place, "current directory", force=force)
    assert names(tmp_path) == ["here"] and names(tmp_path / "here") == []
