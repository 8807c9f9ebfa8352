"""Where a training stops before its last step."""

import jax
import numpy as np
import pytest

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


def leaves(training):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(training.network)]


def test_a_training_stops_once_its_loss_is_held_and_is_until_there_what_it_is(
    stopped, network, task
):
    done, epochs = len(stopped.history), stopped.history.epochs()["loss"]
    assert stopped.ending is Ending.THRESHOLD and 8 <= done < 400 and done % 4 == 0
    held = epochs <= UNTIL.loss
    assert held[-2:].all() and not (held[1:] & held[:-1])[:-1].any()  # two epochs hold six steps
    whole = fit(network, task, steps=done)
    assert whole.ending is Ending.ALL_STEPS
    for one, other in zip(leaves(stopped), leaves(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    assert "(threshold)" in repr(stopped) and "(" not in repr(whole)


def test_an_accuracy_is_a_threshold_too(network, task):
    first = fit(network, task, steps=8).history
    lowest = float(first.epochs()["accuracy"].min())
    assert sx.Threshold(accuracy=lowest, patience=8).is_reached(first)
    assert not sx.Threshold(accuracy=lowest, patience=9).is_reached(first)
    assert not sx.Threshold(accuracy=lowest + 0.01, patience=8).is_reached(first)
    assert not sx.Threshold(loss=1e-9, accuracy=lowest).is_reached(first)
    assert (
        fit(network, task, until=sx.Threshold(accuracy=lowest, patience=8)).history.loss.size == 8
    )


def test_a_training_that_goes_on_from_its_file_stops_at_the_same_step(
    stopped, network, task, tmp_path
):
    """Also when the file ends in the middle of an epoch, and when nothing is left to do."""
    kept = sx.Checkpoint(tmp_path / "fit.checkpoint", seconds=0)
    fit(network, task, steps=6, checkpoint=kept)
    for _ in range(2):
        again = fit(network, task, until=UNTIL, checkpoint=kept)
        assert again.ending is Ending.THRESHOLD
        np.testing.assert_array_equal(again.history.loss, stopped.history.loss)
        for one, other in zip(leaves(stopped), leaves(again), strict=True):
            np.testing.assert_array_equal(one, other)


def test_an_experiment_stops_there_too(tmp_path):
    from small_experiment import SETTINGS

    experiment = sx.Experiment.from_dict(SETTINGS)
    for changes, text in (
        ({"training.until": {"accuracy": 2.0}}, "training.until in .*at most 1, got 2"),
        ({"training.until": {}}, "training.until in .* got neither"),
        ({"training.until": {"loss": 1.0, "patience": 10**6}}, "patience of 1000000 steps"),
    ):
        with pytest.raises(sx.InvalidInputError, match=text):
            sx.run_experiment(experiment.with_changes(changes), tmp_path / "run", progress=False)
    changes = {"training.until": {"loss": 100.0}, "training.steps": 12, "training.epoch_steps": 4}
    run = sx.run_experiment(experiment.with_changes(changes), tmp_path / "run", progress=False)
    assert len(run.history) == 4


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "got neither"),
        ({"loss": 0.0}, "the loss at which training stops must be positive, got 0"),
        ({"loss": "low"}, "the loss at which training stops must be a number, got 'low'"),
        ({"accuracy": 1.5}, "must be above 0 and at most 1, got 1.5"),
        ({"loss": 0.1, "patience": 0}, "patience, in steps, must be a whole number"),
    ],
)
def test_thresholds_that_are_none(settings, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.Threshold(**settings)
