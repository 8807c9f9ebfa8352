import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import separatrix as sx
from separatrix.training.regularizers import (
    AbstractRegularizer,
    Rates,
    Smoothness,
    Weights,
    rates_of,
    trained_matrices,
)

KEY = jax.random.key(4)
RATE = 0.05
RIDGE_AND_LASSO = (Weights(0.3), Weights(0.1, norm=1))


@pytest.fixture
def network():
    """A network whose gradients are small, for plain gradient descent."""
    return sx.networks.CTRNN(3, 8, 3, recurrent_initialization="diagonal", key=jax.random.key(1))


def penalty(regularizer, network, states, trials):
    return float(eqx.filter_jit(regularizer.penalty)(network, states, trials))


def fit(network, task, **settings):
    """Train a little; few programs, because each of them is compiled."""
    few = {"epoch_steps": 20, "batch_size": 4, "optimizer": optax.sgd(RATE), "progress": False}
    settings = {"steps": 3, "regularizers": ()} | few | settings
    return sx.train(network, task, key=KEY, **settings)


def test_the_rates_of_each_kind_of_network():
    states = jax.random.normal(KEY, (2, 4, 24))
    current = sx.networks.LowRankRNN(3, 24, 3, rank=1, key=KEY)
    np.testing.assert_allclose(rates_of(current, states), np.tanh(states), rtol=1e-5)
    lstm = sx.networks.LSTM(3, 12, 3, key=KEY)
    np.testing.assert_array_equal(rates_of(lstm, states), states[..., :12])


def test_signed_and_masked_weights_count_as_they_act_and_those_that_are_not_trained_are_free():
    dale = sx.networks.DaleCTRNN(3, 10, 3, connection_probability=0.4, key=KEY)
    matrices = trained_matrices(dale)
    assert set(matrices) == {"input_weights", "recurrent_weights", "readout_weights"}
    np.testing.assert_array_equal(matrices["recurrent_weights"], dale.connectivity())
    assert np.count_nonzero(matrices["recurrent_weights"]) < 60
    low_rank = sx.networks.LowRankRNN(3, 10, 3, rank=1, random_strength=0.5, key=KEY)
    assert low_rank.random_weights is not None
    assert "random_weights" not in trained_matrices(low_rank)


def test_the_gradient_is_that_of_loss_and_penalty(network, task):
    """One step of plain SGD with a price on the weights: w − η (g + 2 λ w + μ sign w)."""
    plain = fit(network, task, steps=1)
    priced = fit(network, task, steps=1, regularizers=RIDGE_AND_LASSO)
    for name in ("input_weights", "recurrent_weights", "readout_weights"):
        weights = np.asarray(getattr(network, name))
        slope = 0.6 * weights + 0.1 * np.sign(weights)
        expected = np.asarray(getattr(plain.network, name)) - RATE * slope
        np.testing.assert_allclose(getattr(priced.network, name), expected, atol=1e-6)
    np.testing.assert_allclose(priced.network.bias, plain.network.bias, atol=1e-6)


def test_the_history_keeps_loss_and_penalty_apart(network, task):
    plain = fit(network, task).history
    assert plain.penalty is None and "penalty" not in plain.to_xarray()
    assert set(plain.epochs()) == {"loss", "accuracy"}
    priced = fit(network, task, regularizers=RIDGE_AND_LASSO).history
    none, trials = jnp.zeros((4, 22, 8)), task.trials(4, key=KEY)
    expected = sum(penalty(each, network, none, trials) for each in RIDGE_AND_LASSO)
    assert priced.penalty.shape == (3,) and "penalty" in priced.to_xarray()
    assert float(priced.penalty[0]) == pytest.approx(expected, rel=1e-5)
    # the first step has seen no update yet, so the loss of the task is that without a penalty
    assert priced.loss[0] == pytest.approx(plain.loss[0], rel=1e-6)
    assert priced.epochs()["penalty"] == pytest.approx([priced.penalty.mean()])


def test_a_penalty_of_ones_own_that_is_not_finite_stops_the_training(network, task):
    class Division(AbstractRegularizer):
        def penalty(self, network, states, trials):
            return 1 / jnp.sum(jnp.square(network.bias))

    with pytest.raises(sx.TrainingDivergedError) as caught:
        fit(network, task, regularizers=[Division()])
    assert caught.value.step == 0
    history = caught.value.training.history
    assert np.isposinf(history.penalty).all() and np.isfinite(history.loss).all()


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Weights(0.1, of=("recurent_weights",)), "recurrent_weights"),
    ],
)
def test_what_is_no_regularizer(network, task, make, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        fit(network, task, regularizers=[make()])


def test_each_is_its_formula_on_random_activity_of_trials_of_different_length():
    """Once more in NumPy, trial by trial, over the steps that the trial has."""
    task = sx.tasks.DelayComparison(delay=[200.0, 1000.0])
    network = sx.networks.DaleCTRNN(2, 10, 3, connection_probability=0.6, key=KEY)
    trials = task.trials(6, key=KEY)
    states = np.asarray(jax.random.normal(KEY, (6, task.num_steps, 10)), float)
    ends = 16 + np.asarray(trials.conditions["delay"], int) // 100
    assert len(set(ends)) == 2
    rates = [np.maximum(states[k, :end], 0) for k, end in enumerate(ends)]
    values = np.concatenate([r.ravel() for r in rates])
    slopes = np.concatenate([(np.diff(r, axis=0) / 0.1).ravel() for r in rates])
    signed = np.abs(network.recurrent_weights) * np.asarray(network.mask)
    matrices = network.input_weights, signed, network.readout_weights
    weights = np.concatenate([np.ravel(w) for w in matrices]).astype(float)
    for regularizer, expected in (
        (Rates(0.2), 0.2 * np.mean(values**2)),
        (Rates(0.2, norm=1), 0.2 * np.mean(np.abs(values))),
        (Smoothness(0.3), 0.3 * np.mean(slopes**2)),
        (Weights(0.4), 0.4 * np.sum(weights**2)),
        (Weights(0.4, norm=1), 0.4 * np.sum(np.abs(weights))),
        (Weights(0.4, of="recurrent_weights"), 0.4 * np.sum(np.float64(signed) ** 2)),
    ):
        charged = penalty(regularizer, network, jnp.float32(states), trials)
        assert charged == pytest.approx(expected, rel=1e-5)
