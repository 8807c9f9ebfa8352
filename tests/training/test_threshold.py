"""Where a training stops before its last step."""

import jax
import pytest
from same import assert_same
from small_experiment import SETTINGS

import separatrix as sx
from separatrix.training import Ending

UNTIL = sx.Threshold(loss=0.8, patience=6)


@pytest.fixture(scope="module")
def network():
    return sx.networks.CTRNN(3, 16, 3, key=jax.random.key(1))


def fit(network, task, **changes):
    how = {"steps": 400, "epoch_steps": 4, "key": jax.random.key(2), "progress": False}
    return sx.train(network, task, **how | changes)


@pytest.fixture(scope="module")
def stopped(network, task):
    return fit(network, task, until=UNTIL)


def test_a_training_stops_once_its_loss_is_held_and_is_until_there_what_it_is(
    stopped, network, task
):
    done, epochs = len(stopped.history), stopped.history.epochs()["loss"]
    assert stopped.ending is Ending.THRESHOLD and 8 <= done < 400 and done % 4 == 0
    held = epochs <= UNTIL.loss
    assert held[-2:].all() and not (held[1:] & held[:-1])[:-1].any()  # two epochs hold six steps
    whole = fit(network, task, steps=done)
    assert whole.ending is Ending.ALL_STEPS
    assert [f"({Ending.THRESHOLD.value})" in repr(each) for each in (stopped, whole)] == [
        True,
        False,
    ]
    assert_same(stopped.network, whole.network)


def test_an_accuracy_is_a_threshold_too(network, task):
    first = fit(network, task, steps=8).history
    lowest = float(first.epochs()["accuracy"].min())
    until = sx.Threshold(accuracy=lowest, patience=8)
    assert until.is_reached(first) and len(fit(network, task, until=until).history) == 8
    for more in (
        {"accuracy": lowest, "patience": 9},
        {"accuracy": lowest + 0.01, "patience": 8},
        {"accuracy": lowest, "loss": 1e-9},
    ):
        assert not sx.Threshold(**more).is_reached(first)


def test_a_training_that_goes_on_from_its_file_stops_at_the_same_step(
    stopped, network, task, tmp_path
):
    """Also when the file ends in the middle of an epoch, and when nothing is left to do."""
    kept = sx.Checkpoint(tmp_path / "fit.checkpoint", seconds=0)
    fit(network, task, steps=6, checkpoint=kept)
    for _ in range(2):
        again = fit(network, task, until=UNTIL, checkpoint=kept)
        assert again.ending is Ending.THRESHOLD
        assert_same((stopped.network, stopped.history.loss), (again.network, again.history.loss))


def in_an_experiment(tmp_path, **until):
    changes = {"training.until": until, "training.steps": 12, "training.epoch_steps": 4}
    experiment = sx.Experiment.from_dict(SETTINGS).with_changes(changes)
    return sx.run_experiment(experiment, tmp_path / "run", progress=False)


@pytest.mark.runs
def test_an_experiment_stops_there_too(tmp_path):
    assert len(in_an_experiment(tmp_path, loss=100.0).history) == 4


def test_a_threshold_of_nothing_is_none():
    with pytest.raises(sx.InvalidInputError, match="neither"):
        sx.Threshold()


@pytest.mark.parametrize("until", [{}, {"accuracy": 2.0}, {"loss": 1.0, "patience": 10**6}])
def test_thresholds_of_an_experiment_that_are_none(tmp_path, until):
    with pytest.raises(sx.InvalidInputError):
        in_an_experiment(tmp_path, **until)
    assert list(tmp_path.iterdir()) == []
