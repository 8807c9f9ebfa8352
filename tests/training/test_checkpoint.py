import jax
import numpy as np
import optax
import pytest

import separatrix as sx
from separatrix.training.checkpoint import Keeper
from separatrix.training.state import TrainingState

Rates = sx.regularizers.Rates
NOISY = optax.chain(optax.add_noise(1e-4, 0.5, jax.random.key(5)), optax.adam(1e-2))


class KilledError(BaseException):
    """What no code of a training catches, as the end of its process."""


@pytest.fixture
def network():
    return sx.networks.CTRNN(3, 16, 3, noise=0.1, key=jax.random.key(1))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "fit.checkpoint"


def fit(network, task, file=None, seconds=0.0, **kwargs):
    checkpoint = None if file is None else sx.Checkpoint(file, seconds)
    kwargs = {"steps": 12, "epoch_steps": 4, "key": jax.random.key(2), "progress": False} | kwargs
    return sx.train(network, task, checkpoint=checkpoint, **kwargs)


def stopped_after(steps, error=KilledError):
    def stop(done, loss, accuracy):
        if done >= steps:
            raise error

    return stop


def same(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize(
    "kwargs",
    [{}, {"optimizer": NOISY, "batches": sx.Windows(10), "regularizers": [Rates(1e-2)]}],
    ids=["usual", "all else"],
)
def test_a_training_that_was_stopped_goes_on_to_the_same_bits(network, task, file, kwargs):
    with pytest.raises(KilledError):
        fit(network, task, file, progress=stopped_after(8), **kwargs)
    reports = []
    resumed = fit(network, task, file, progress=lambda *told: reports.append(told[0]), **kwargs)
    assert reports == [8, 12]
    same(resumed, fit(network, task, **kwargs))


def test_a_finished_training_is_read_and_goes_on_to_more_steps(network, task, file):
    short = fit(network, task, file, steps=8)
    same(fit(network, task, file, steps=8, progress=stopped_after(9)), short)
    same(fit(network, task, file), fit(network, task))


def test_short_trainings_leave_no_file(network, task, file):
    fit(network, task, file, seconds=3600)
    with pytest.raises(KeyboardInterrupt):
        fit(network, task, file, seconds=3600, progress=stopped_after(4, KeyboardInterrupt))
    assert not list(file.parent.iterdir())


def test_ctrl_c_never_keeps_a_history_without_its_weights(network, task, file, monkeypatch):
    class Interrupting:
        def __bool__(self):
            raise KeyboardInterrupt

    def wait_for(state, first, count, snapshot, sound):
        state.waiting = first, count, snapshot, Interrupting() if first == 8 else sound

    with monkeypatch.context() as patched:
        patched.setattr(TrainingState, "wait_for", wait_for)
        with pytest.raises(sx.TrainingInterruptedError) as caught:
            fit(network, task, file, seconds=1e9)
    assert len(caught.value.training.history) == 8
    same(fit(network, task, file), fit(network, task))


def test_divergence_leaves_the_file_of_before(network, task, file):
    wild = optax.sgd(optax.piecewise_constant_schedule(1e-3, {5: 1e30}))
    with pytest.raises(sx.TrainingDivergedError) as whole:
        fit(network, task, optimizer=wild)
    with pytest.raises(sx.TrainingDivergedError):
        fit(network, task, file, optimizer=wild)
    reports = []
    with pytest.raises(sx.TrainingDivergedError) as resumed:
        fit(network, task, file, optimizer=wild, progress=lambda *told: reports.append(told[0]))
    assert reports == [4]
    assert resumed.value.step == whole.value.step
    same(resumed.value.training.history, whole.value.training.history)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"batch_size": 4}, "batch_size is 16 there and 4 here"),
        ({"optimizer": optax.sgd(1e-2)}, "arrays of its optimizer have other shapes"),
        ({"batches": sx.Windows(10)}, "a different training run: batches"),
        ({"steps": 4}, "holds 8 steps of this training, more than the 4 asked for: ask for more"),
        (
            {"checkpoint": {"a": {"b": 1}, "c": 2, "d": 3, "e": "f"}},
            "a.b .*, c .*, d .* and 1 more",
        ),
    ],
)
def test_a_file_of_another_training_is_refused(network, task, file, changed, told):
    fit(network, task, file, steps=8)
    before = file.read_bytes()
    if settings := changed.get("checkpoint"):
        changed = {"checkpoint": sx.Checkpoint(file, settings=settings)}
        arguments = {"steps": 12, "key": jax.random.key(2), **changed}
        with pytest.raises(sx.InvalidInputError, match=told):
            sx.train(network, task, **arguments)
    else:
        with pytest.raises(sx.InvalidInputError, match=told):
            fit(network, task, file, **changed)
    assert file.read_bytes() == before


def test_other_networks_and_tasks_are_refused(network, task, file):
    fit(network, task, file)
    other = sx.networks.CTRNN(3, 16, 3, noise=0.1, key=jax.random.key(9))
    with pytest.raises(sx.InvalidInputError, match="a different training run: network"):
        fit(other, task, file)
    with pytest.raises(sx.InvalidInputError, match="a different training run: task"):
        fit(network, sx.tasks.PerceptualDecisionMaking(noise=0.5), file)


def test_a_damaged_file(network, task, file, tmp_path):
    fit(network, task, file)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(sx.UnreadableFileError, match="is damaged or no safetensors file"):
        fit(network, task, file)
    sx.save_network(network, file)
    with pytest.raises(sx.UnreadableFileError, match="holds no training of this package"):
        fit(network, task, file)


def test_places_where_no_file_can_be(network, task, tmp_path):
    with pytest.raises(sx.InvalidInputError, match="is a directory; name a file"):
        fit(network, task, tmp_path)
    with pytest.raises(sx.InvalidInputError, match=r"cannot write .*No such file"):
        fit(network, task, tmp_path / "nowhere" / "fit.checkpoint")
    with pytest.raises(sx.InvalidInputError, match="path must be the name of a file"):
        sx.Checkpoint(3)
    with pytest.raises(sx.InvalidInputError, match="must be at least 0"):
        sx.Checkpoint("a", seconds=-1)


def test_a_full_disk_stops_no_training(network, task, file, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("separatrix.training.checkpoint.write_tensors", full)
    monkeypatch.setattr(Keeper, "has_file", False)
    with pytest.warns(UserWarning, match=r"the training is not kept: .*No space left"):
        kept = fit(network, task, file)
    same(kept, fit(network, task))


def test_a_changed_number_is_noticed(network, task, file):
    fit(network, task, file)
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(sx.UnreadableFileError, match=r"other numbers than it had\. Delete it"):
        fit(network, task, file)
