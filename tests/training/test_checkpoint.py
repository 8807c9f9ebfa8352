import jax
import optax
import pytest
from same import assert_same

import separatrix as sx
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


def fit(network, task, file=None, seconds=0.0, settings=None, **kwargs):
    checkpoint = None if file is None else sx.Checkpoint(file, seconds, settings=settings or {})
    kwargs = {"steps": 12, "epoch_steps": 4, "key": jax.random.key(2), "progress": False} | kwargs
    return sx.train(network, task, checkpoint=checkpoint, **kwargs)


def killed(network, task, file, *, after, error=KilledError, **kwargs):
    """Train until so many steps are done."""

    def stop(done, loss, accuracy):
        if done >= after:
            raise error

    with pytest.raises(error):
        fit(network, task, file, progress=stop, **kwargs)


@pytest.mark.parametrize(
    "kwargs",
    [{}, {"optimizer": NOISY, "batches": sx.Windows(10), "regularizers": [Rates(1e-2)]}],
    ids=["usual", "all else"],
)
def test_a_training_that_was_stopped_goes_on_to_the_same_bits(network, task, file, kwargs):
    killed(network, task, file, after=8, **kwargs)
    reports = []
    resumed = fit(network, task, file, progress=lambda *told: reports.append(told[0]), **kwargs)
    assert reports == [8, 12]
    assert_same(resumed, fit(network, task, **kwargs))


def test_a_finished_training_is_read_and_goes_on_to_more_steps(network, task, file):
    short = fit(network, task, file, steps=8)
    assert_same(fit(network, task, file, steps=8), short)
    assert_same(fit(network, task, file), fit(network, task))


def test_short_trainings_leave_what_they_reached(network, task, file):
    whole = fit(network, task)
    killed(network, task, file, after=4, error=KeyboardInterrupt, seconds=3600)
    reports = []
    resumed = fit(network, task, file, seconds=3600, progress=lambda *told: reports.append(told[0]))
    assert reports == [4, 8, 12]
    assert_same(resumed, whole)
    assert_same(fit(network, task, file, seconds=3600), whole)
    assert reports == [4, 8, 12]


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
    assert_same(fit(network, task, file), fit(network, task))


def test_divergence_leaves_the_file_of_before(network, task, file):
    wild = optax.sgd(optax.piecewise_constant_schedule(1e-3, {5: 1e30}))
    reports, errors = [], []
    for where in (None, file, file):
        with pytest.raises(sx.TrainingDivergedError) as caught:
            progress = lambda *told: reports.append(told[0])  # noqa: E731
            fit(network, task, where, optimizer=wild, progress=progress)
        errors.append(caught.value)
    whole, _, resumed = errors
    assert reports == [4, 4, 4] and resumed.step == whole.step
    assert_same(resumed.training.history, whole.training.history)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"network": sx.networks.CTRNN(3, 16, 3, noise=0.1, key=jax.random.key(9))}, "network"),
        ({"task": sx.tasks.PerceptualDecisionMaking(noise=0.5)}, "task"),
        ({"batch_size": 4}, "batch_size"),
        ({"optimizer": optax.sgd(1e-2)}, "optimizer"),
        ({"batches": sx.Windows(10)}, "batches"),
        ({"steps": 4}, "ask for more"),
        ({"settings": {"a": {"b": 1}, "c": 2, "d": 3, "e": "f"}}, "a.b .*, c .*, d .* and 1 more"),
    ],
)
def test_a_file_of_another_training_is_refused(network, task, file, changed, word):
    fit(network, task, file, steps=8)
    before = file.read_bytes()
    with pytest.raises(sx.InvalidInputError, match=word):
        fit(**{"network": network, "task": task, "file": file} | changed)
    assert file.read_bytes() == before


def test_a_damaged_file(network, task, file):
    fit(network, task, file)
    whole = file.read_bytes()
    changed = bytearray(whole)
    changed[-3] ^= 1  # another number
    sx.save_network(network, file)
    for content in (file.read_bytes(), whole[:-100], bytes(changed)):
        file.write_bytes(content)
        with pytest.raises(sx.UnreadableFileError):
            fit(network, task, file)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ((".",), "directory"),
        (("nowhere/fit.checkpoint",), "nowhere"),
        ((3,), "path"),
        (("fit.checkpoint", -1), "0"),
    ],
)
def test_places_where_no_file_can_be(network, task, tmp_path, monkeypatch, given, word):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(sx.InvalidInputError, match=word):
        fit(network, task, *given)


def test_a_full_disk_stops_no_training(network, task, file, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("separatrix.training.checkpoint.write_tensors", full)
    with pytest.warns(UserWarning, match=r"the training is not kept: .*No space left"):
        kept = fit(network, task, file)
    assert_same(kept, fit(network, task))
