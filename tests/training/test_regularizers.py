import dataclasses

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
    check_regularizers,
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


@pytest.fixture
def trials(task):
    return task.trials(5, key=KEY)


def penalty(regularizer, network, states, trials):
    return float(eqx.filter_jit(regularizer.penalty)(network, states, trials))


def fit(network, task, **settings):
    """Train a little; few programs, because each of them is compiled."""
    settings = {"steps": 3, "regularizers": ()} | settings
    return sx.train(
        network,
        task,
        epoch_steps=20,
        batch_size=4,
        optimizer=optax.sgd(RATE),
        key=KEY,
        progress=False,
        **settings,
    )


@pytest.mark.parametrize("dt", [20.0, 100.0])
def test_smoothness_is_the_squared_rate_of_change_whatever_the_time_step(dt):
    network = sx.networks.CTRNN(3, 8, 3, dt=dt, key=KEY)
    task = sx.tasks.PerceptualDecisionMaking(dt=dt)
    ramp = 0.25 * jnp.arange(task.num_steps) * dt / 1000  # a quarter in a second
    states = jnp.broadcast_to(ramp[None, :, None], (2, task.num_steps, 8))
    charged = penalty(Smoothness(3.0), network, states, task.trials(2, key=KEY))
    assert charged == pytest.approx(3.0 * 0.25**2, rel=1e-4)


@pytest.mark.parametrize("regularizer", [Rates(1.0), Rates(1.0, norm=1), Smoothness(1.0)])
def test_what_is_after_the_end_of_a_trial_is_free(network, trials, regularizer):
    """Padding a trial changes nothing, whatever the units do there."""
    states = jax.random.normal(KEY, (5, 22, 8))
    short = jax.tree.map(lambda x: x[:, :15] if x.ndim > 1 else x, trials)
    inside = np.arange(22) < 15
    ended = dataclasses.replace(trials, mask=trials.mask * inside)
    padded = penalty(regularizer, network, states * np.where(inside, 1, 100)[:, None], ended)
    assert padded == pytest.approx(penalty(regularizer, network, states[:, :15], short), rel=1e-5)


def test_the_rates_of_each_kind_of_network():
    states = jax.random.normal(KEY, (2, 4, 24))
    current = sx.networks.LowRankRNN(3, 24, 3, rank=1, key=KEY)
    np.testing.assert_allclose(rates_of(current, states), np.tanh(states), rtol=1e-5)
    lstm = sx.networks.LSTM(3, 12, 3, key=KEY)
    np.testing.assert_array_equal(rates_of(lstm, states), states[..., :12])


def test_signed_and_masked_weights_count_as_they_act():
    dale = sx.networks.DaleCTRNN(3, 10, 3, connection_probability=0.4, key=KEY)
    assert set(trained_matrices(dale)) == {"input_weights", "recurrent_weights", "readout_weights"}
    recurrent = trained_matrices(dale)["recurrent_weights"]
    np.testing.assert_array_equal(recurrent, dale.connectivity())
    assert np.count_nonzero(recurrent) < 60


def test_the_random_part_of_a_low_rank_network_is_free():
    settings = {"rank": 1, "random_strength": 0.5, "key": KEY}
    network = sx.networks.LowRankRNN(3, 10, 3, **settings)
    assert network.random_weights is not None
    assert "random_weights" not in trained_matrices(network)


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
    plain = fit(network, task)
    assert plain.history.penalty is None
    assert set(plain.history.epochs()) == {"loss", "accuracy"}
    priced = fit(network, task, regularizers=RIDGE_AND_LASSO)
    none = jnp.zeros((4, 22, 8))
    trials = task.trials(4, key=KEY)
    expected = sum(penalty(each, network, none, trials) for each in RIDGE_AND_LASSO)
    assert priced.history.penalty.shape == (3,)
    assert float(priced.history.penalty[0]) == pytest.approx(expected, rel=1e-5)
    # the first step has seen no update yet, so the loss of the task is that without a penalty
    assert priced.history.loss[0] == pytest.approx(plain.history.loss[0], rel=1e-6)
    assert "penalty" in priced.history.to_xarray()
    assert "penalty" not in plain.history.to_xarray()
    assert priced.history.epochs()["penalty"] == pytest.approx([priced.history.penalty.mean()])


def test_a_penalty_of_ones_own_that_is_not_finite_stops_the_training(network, task):
    class Division(AbstractRegularizer):
        def penalty(self, network, states, trials):
            return 1 / jnp.sum(jnp.square(network.bias))

    assert not network.bias.any()
    with pytest.raises(sx.TrainingDivergedError, match="at step 0") as caught:
        fit(network, task, regularizers=[Division()])
    history = caught.value.training.history
    assert np.isposinf(history.penalty).all()
    assert np.isfinite(history.loss).all()


@pytest.mark.parametrize("strength", [-1.0, float("nan"), float("inf"), "much", True, None])
def test_strengths_that_are_none(strength):
    for kind in (Rates, Weights, Smoothness):
        with pytest.raises(sx.InvalidInputError, match="the strength of a regularizer must"):
            kind(strength)


def test_what_is_no_regularizer(network, task):
    with pytest.raises(sx.InvalidInputError, match="norm of a regularizer must be 1 or 2, got 3"):
        Rates(1.0, norm=3)
    with pytest.raises(sx.InvalidInputError) as caught:
        check_regularizers([0.001])
    assert str(caught.value) == (
        "regularizers must be objects such as sx.regularizers.Rates(1e-3), got 0.001."
    )
    with pytest.raises(sx.InvalidInputError) as caught:
        fit(network, task, regularizers=[Weights(0.1, of=("recurent_weights",))])
    assert str(caught.value).startswith(
        "CTRNN has no trained matrix 'recurent_weights': did you mean 'recurrent_weights'"
    )


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
