import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import separatrix as sx


@pytest.fixture
def network():
    return sx.networks.CTRNN(3, 16, 3, key=jax.random.key(1))


def fit(network, task, **kwargs):
    kwargs = {"steps": 8, "epoch_steps": 4, "key": jax.random.key(2), "progress": False} | kwargs
    return sx.train(network, task, **kwargs)


def test_the_primers_network_learns(trained, task):
    measured = sx.psychometric(trained.network, task, key=jax.random.key(3))
    assert measured.mean_accuracy > 0.80
    assert measured.ideal_mean_accuracy == pytest.approx(0.895696, abs=1e-6)
    epochs = trained.history.epochs()
    assert epochs["loss"][-1] < 0.02
    assert epochs["loss"].shape == (20,)


def test_the_same_key_gives_the_same_bits(network, task):
    a, b = (fit(network, task) for _ in range(2))
    c = fit(network, task, key=jax.random.key(7))
    for x, y in zip(jax.tree.leaves(a.network), jax.tree.leaves(b.network), strict=True):
        assert (np.asarray(x) == np.asarray(y)).all()
    assert (a.history.loss == b.history.loss).all()
    assert (a.history.loss != c.history.loss).any()


def test_the_numbers_do_not_depend_on_the_length_of_an_epoch(network, task):
    a = fit(network, task, steps=10, epoch_steps=4)
    b = fit(network, task, steps=10, epoch_steps=10)
    np.testing.assert_allclose(a.history.loss, b.history.loss, rtol=1e-5)
    assert len(a.history) == 10


def test_what_is_wrong_before_anything_was_learned_is_not_the_learning_rate(network, task):
    def no_number(outputs, trials):
        return outputs.mean() * jnp.nan

    with pytest.raises(
        sx.training.TrainingDivergedError, match=r"at step 0\. No weight had changed"
    ):
        fit(network, task, loss=no_number)


def test_one_compilation_whatever_the_number_of_steps(network, task):
    counted = []

    def loss(outputs, trials):
        counted.append(1)  # runs once for every tracing
        return sx.training.cross_entropy(outputs, trials)

    fit(network, task, steps=22, epoch_steps=4, loss=loss)
    first = len(counted)
    fit(network, task, steps=9, epoch_steps=4, loss=loss)
    assert first == 1
    assert len(counted) == 1  # a new optimizer object of the same call is the same program


def test_optimizers_are_told_apart_by_what_they_compute(network):
    from separatrix.experiment.optimizers import OPTIMIZERS
    from separatrix.training.optimizer import Optimizer

    def made(rate, kind=optax.adam):
        return Optimizer(optax.chain(optax.clip_by_global_norm(1.0), kind(rate)), network)

    for kind in OPTIMIZERS.values():
        assert made(1e-3, kind) == made(1e-3, kind) != made(1e-2, kind)
    assert made(1e-3) != made(1e-3, optax.sgd)
    factor = 1e-3
    schedules = [made(lambda step: factor * step) for _ in range(2)]
    assert schedules[0] == schedules[1]
    factor = 2e-3  # what the same text reads has changed
    assert made(lambda step: factor * step) != schedules[0]


def test_a_training_step_is_gradient_descent(network, task):
    """One step of plain SGD, computed by hand from the network's own equation."""
    rate = 0.1
    after = fit(network, task, steps=1, epoch_steps=1, optimizer=optax.sgd(rate))
    trials = task.draw(jax.random.fold_in(jax.random.key(2), 0), 16)

    def loss(net):
        states = super(sx.networks.CTRNN, net).unroll(trials.inputs)
        logits = jax.nn.log_softmax(jax.vmap(jax.vmap(net.readout))(states))
        return -jnp.take_along_axis(logits, trials.targets[..., None], -1).mean()

    value, gradient = jax.jit(jax.value_and_grad(loss))(network)
    assert after.history.loss[0] == pytest.approx(float(value), rel=1e-5)
    expected = jax.tree.map(lambda w, g: w - rate * g, network, gradient)
    for x, y in zip(jax.tree.leaves(after.network), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6)


def test_the_mask_weighs_the_loss(network, task):
    trials = task.trials(4, key=jax.random.key(0))
    outputs = jax.jit(lambda x: network.outputs(network.unroll(x)))(trials.inputs)
    last = np.zeros(trials.mask.shape, np.float32)
    last[:, -1] = 1.0
    import dataclasses

    weighed = dataclasses.replace(trials, mask=jnp.asarray(last))
    masked = eqx.filter_jit(sx.training.cross_entropy)(outputs, weighed)
    surprise = jax.jit(optax.softmax_cross_entropy_with_integer_labels)(outputs, trials.targets)
    by_hand = np.asarray(surprise)[:, -1].mean()
    assert float(masked) == pytest.approx(float(by_hand), rel=1e-6)


def test_a_window_has_whole_steps_and_there_is_a_whole_number_of_lengths():
    with pytest.raises(sx.InvalidInputError, match="length of a window, must be a whole number"):
        sx.Windows(2.5)
    with pytest.raises(sx.InvalidInputError, match="lengths, at which a batch may end, must be a"):
        sx.WholeTrials(0)


def test_windows_are_consecutive_pieces_of_whole_trials(task):
    windows = sx.Windows(100)
    key = jax.random.key(5)
    draw = jax.jit(lambda number: windows.draw(task, key, number, 3))
    drawn = [draw(jnp.int32(i)) for i in range(4)]
    targets = np.concatenate([np.asarray(w.targets) for w in drawn], axis=1)
    inputs = np.concatenate([np.asarray(w.inputs) for w in drawn], axis=1)
    assert targets.shape == (3, 400)
    # every 22nd step is a decision, across the borders of windows too
    decision = np.arange(400) % 22 == 21
    assert (targets[:, decision] > 0).all()
    assert (targets[:, ~decision] == 0).all()
    # the second window begins with the rest of the trial that the first one cut
    border = jax.jit(lambda: windows.draw(task, key, jnp.int32(1), 3))()
    assert (np.asarray(border.inputs) == inputs[:, 100:200]).all()
    # rows and trials differ
    assert len(np.unique(inputs[:, :, 1])) > 1190


def test_batches_that_end_with_their_trials_teach_the_same():
    task = sx.tasks.DelayComparison(dt=100.0, delay=[200.0, 4000.0])
    network = sx.networks.CTRNN(2, 4, 3, key=jax.random.key(1))
    assert sx.WholeTrials(2).cuts(task) == (28, 56) and task.num_steps == 56
    assert sx.WholeTrials(100).cuts(task) == tuple(range(1, 57))
    computed = set()

    def loss(outputs, trials):
        jax.debug.callback(lambda: computed.add(outputs.shape[1]))
        return sx.training.default_loss(outputs, trials)

    prices = [sx.regularizers.Rates(1e-2), sx.regularizers.Smoothness(1e-3)]
    whole, cut = (
        fit(
            network,
            task,
            steps=12,
            loss=loss,
            regularizers=prices,
            batches=sx.WholeTrials(lengths),
            batch_size=1,
        )
        for lengths in (1, 2)
    )
    assert len(computed) > 1, computed
    for name in ("loss", "accuracy", "penalty"):
        one, other = getattr(whole.history, name), getattr(cut.history, name)
        np.testing.assert_allclose(one, other, rtol=1e-4)
    for a, b in zip(jax.tree.leaves(whole.network), jax.tree.leaves(cut.network), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_divergence_says_where_and_keeps_the_history(network, task):
    with pytest.raises(sx.TrainingDivergedError, match=r"not finite at step \d+") as caught:
        fit(network, task, steps=400, optimizer=optax.sgd(1e8))
    kept = caught.value.training
    assert not np.isfinite(kept.history.loss[caught.value.step])
    assert np.isfinite(kept.history.loss[: caught.value.step]).all()
    leaves = jax.tree.leaves(kept.network)
    assert all(np.isfinite(x).all() for x in leaves)


def test_ctrl_c_keeps_what_was_reached(network, task):
    def press(done, loss, accuracy):
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(sx.TrainingInterruptedError) as caught:
        fit(network, task, steps=100, progress=press)
    assert len(caught.value.training.history) == 8


def test_progress_reports_every_epoch(network, task):
    seen = []
    fit(network, task, steps=10, epoch_steps=4, progress=lambda *row: seen.append(row))
    assert [row[0] for row in seen] == [4, 8, 10]


def test_the_progress_bar_shows_loss_and_accuracy(network, task, capsys):
    fit(network, task, progress=True)
    shown = capsys.readouterr().err
    assert "loss" in shown
    assert "accuracy" in shown


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be a whole number"),
        ({"epoch_steps": -3}, "epoch_steps"),
    ],
)
def test_settings_that_make_no_training(network, task, arguments, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        fit(network, task, **arguments)


def test_network_and_task_must_fit(task):
    key = jax.random.key(0)
    for sizes, text in (((4, 8, 3), "4 input channels, the task has 3"), ((3, 8, 2), "2 outputs")):
        with pytest.raises(sx.InvalidInputError, match=text):
            fit(sx.networks.CTRNN(*sizes, key=key), task)
    with pytest.raises(sx.InvalidInputError, match="dt = 20 ms, the task in dt = 100 ms"):
        fit(sx.networks.CTRNN(3, 8, 3, dt=20.0, key=key), task)
