import dataclasses
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from same import assert_same

import separatrix as sx
from separatrix.experiment.optimizers import OPTIMIZERS
from separatrix.training.optimizer import Optimizer


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
    loss = trained.history.epochs()["loss"]
    assert loss.shape == (20,) and loss[-1] < 0.02


def test_the_same_key_gives_the_same_bits(network, task):
    a, b = (fit(network, task) for _ in range(2))
    assert_same((a.network, a.history), (b.network, b.history), rtol=0)
    assert (a.history.loss != fit(network, task, key=jax.random.key(7)).history.loss).any()


def test_the_numbers_do_not_depend_on_the_length_of_an_epoch(network, task):
    reports = []
    a = fit(network, task, steps=10, progress=lambda *row: reports.append(row[0]))
    b = fit(network, task, steps=10, epoch_steps=10)
    np.testing.assert_allclose(a.history.loss, b.history.loss, rtol=1e-5)
    assert len(a.history) == 10 and reports == [4, 8, 10]


def test_one_compilation_whatever_the_number_of_steps(network, task):
    counted = []

    def loss(outputs, trials):
        counted.append(1)  # runs once for every tracing
        return sx.training.cross_entropy(outputs, trials)

    for steps in (22, 9):  # a new optimizer object of the same call is the same program
        fit(network, task, steps=steps, loss=loss)
        assert len(counted) == 1


def test_optimizers_are_told_apart_by_what_they_compute(network):
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
    assert_same(after.network, expected, rtol=1e-4, atol=1e-6)


def test_the_mask_weighs_the_loss(network, task):
    trials = task.trials(4, key=jax.random.key(0))
    outputs = jax.jit(lambda x: network.outputs(network.unroll(x)))(trials.inputs)
    last = jnp.zeros(trials.mask.shape).at[:, -1].set(1.0)
    weighed = dataclasses.replace(trials, mask=last)
    masked = eqx.filter_jit(sx.training.cross_entropy)(outputs, weighed)
    surprise = jax.jit(optax.softmax_cross_entropy_with_integer_labels)(outputs, trials.targets)
    assert float(masked) == pytest.approx(float(surprise[:, -1].mean()), rel=1e-6)


def test_windows_are_consecutive_pieces_of_whole_trials(task):
    draw = jax.jit(lambda number: sx.Windows(100).draw(task, jax.random.key(5), number, 3))
    drawn = [draw(jnp.int32(i)) for i in range(4)]
    targets, inputs = (
        np.concatenate([getattr(w, name) for w in drawn], axis=1) for name in ("targets", "inputs")
    )
    assert targets.shape == (3, 400)
    # every 22nd step is a decision, across the borders of windows too
    decision = np.arange(400) % 22 == 21
    assert (targets[:, decision] > 0).all() and (targets[:, ~decision] == 0).all()
    assert len(np.unique(inputs[:, :, 1])) > 1190  # rows and trials differ


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
    how = {"steps": 12, "loss": loss, "regularizers": prices, "batch_size": 1}
    whole, cut = (fit(network, task, batches=sx.WholeTrials(n), **how) for n in (1, 2))
    assert len(computed) > 1, computed
    assert_same(whole.history, cut.history, rtol=1e-4)
    assert_same(whole.network, cut.network, rtol=1e-3, atol=1e-5)


def test_divergence_says_where_and_keeps_the_history(network, task):
    with pytest.raises(sx.TrainingDivergedError) as caught:
        fit(network, task, steps=400, optimizer=optax.sgd(1e8))
    kept, step = caught.value.training, caught.value.step
    assert np.isfinite(kept.history.loss[:step]).all() and not np.isfinite(kept.history.loss[step])
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(kept.network))
    with pytest.raises(sx.TrainingDivergedError, match="No weight had changed") as caught:
        fit(network, task, loss=lambda outputs, trials: outputs.mean() * jnp.nan)
    assert caught.value.step == 0  # before anything was learned


@pytest.mark.parametrize(
    ("value", "got"),
    [(lambda x: x, "float32[16, 22, 3]"), (lambda x: "a", "a str"), (lambda x: 1, "int32[]")],
    ids=["of each output", "text", "whole"],
)
def test_a_loss_is_one_real_number(network, task, value, got):
    expected = re.escape(f"must give one real number for a batch, got {got}.")
    with pytest.raises(sx.InvalidInputError, match="loss " + expected):
        fit(network, task, loss=lambda outputs, trials: value(outputs))

    class Own(sx.training.AbstractRegularizer):
        def penalty(self, network, states, trials):
            return value(network.outputs(states))

    with pytest.raises(sx.InvalidInputError, match="Own " + expected):
        fit(network, task, regularizers=[Own()])


def a_network(*sizes, **settings):
    return sx.networks.CTRNN(*sizes, key=jax.random.key(0), **settings)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda task: fit(a_network(3, 8, 3), task, batch_size=2**31 - 1), "GiB"),
        (lambda task: task.trials(2**31 - 1, key=jax.random.key(0)), "GiB"),
        (lambda task: a_network(3, 10**6, 3, recurrent_initialization="gaussian"), "GiB"),
        (lambda task: a_network(3, 10**6, 3), "GiB"),
        (lambda task: sx.networks.DaleCTRNN(3, 10**9, 3, key=jax.random.key(0)), "GiB"),
        (lambda task: fit(a_network(4, 8, 3), task), "input"),
        (lambda task: fit(a_network(3, 8, 2), task), "outputs"),
        (lambda task: fit(a_network(3, 8, 3, dt=20.0), task), "dt"),
    ],
)
def test_settings_that_make_no_training(task, make, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        make(task)
