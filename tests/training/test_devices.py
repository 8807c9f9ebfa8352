"""Training with the trials of a batch divided among devices: `tests/conftest.py` makes two."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from same import assert_same

import separatrix as sx
from separatrix.training.devices import Division

TASK = sx.tasks.Yang2019(dt=100.0, rules=["fdgo", "dmsgo"])
"""Trials of many lengths, so that one half of a batch weighs more than the other."""


def network(noise=0.0):
    return sx.networks.CTRNN(85, 8, 33, noise=noise, key=jax.random.key(1))


def fit(network, task=TASK, **kwargs):
    kwargs = {"steps": 8, "epoch_steps": 4, "batch_size": 6, "progress": False} | kwargs
    return sx.train(network, task, key=jax.random.key(2), **kwargs)


def test_two_devices_learn_what_one_learns():
    # This loss is divided by the weights of all trials, so halves cannot be averaged.
    def loss(outputs, trials):
        return sx.training.mean_squared_error(jax.nn.sigmoid(outputs), trials)

    prices = [sx.regularizers.Rates(1e-2), sx.regularizers.Weights(1e-3)]
    one, two = (fit(network(), loss=loss, regularizers=prices, devices=count) for count in (1, 2))
    assert_same(one.history, two.history, rtol=1e-4)
    assert_same(one.network, two.network, rtol=1e-3, atol=1e-5)


def test_each_device_computes_half_of_the_trials_and_draws_noise_of_its_own():
    silent = jax.tree.map(jnp.zeros_like, network(noise=0.5))
    inputs = jnp.zeros((6, 4, 85))
    states = jax.jit(Division(2).unroll)(silent, inputs, jax.random.key(3))
    assert len(states.sharding.device_set) == 2
    assert {shard.data.shape for shard in states.addressable_shards} == {(3, 4, 8)}
    states = np.asarray(states)
    assert len(np.unique(states)) > states.size / 3  # the rectifier leaves half of them
    assert not (states[:3] == states[3:]).all()


def test_what_is_learned_is_bound_to_no_device():
    learned = fit(network(), devices=2).network
    here = jax.device_put(jnp.ones(8), jax.devices()[1])
    assert {len(leaf.devices()) for leaf in jax.tree.leaves(learned)} == {1}
    assert (learned.recurrent_weights @ here).devices() == {jax.devices()[1]}


def test_a_training_on_two_devices_goes_on(tmp_path):
    def stop(done, loss, accuracy):
        if done >= 4:
            raise KeyboardInterrupt

    # An optimizer whose state holds a random key.
    optimizer = optax.chain(optax.add_noise(1e-4, 0.5, jax.random.key(5)), optax.adam(1e-2))
    checkpoint = sx.Checkpoint(tmp_path / "fit.checkpoint", seconds=0)
    noisy, how = network(noise=0.3), {"optimizer": optimizer, "devices": 2}
    whole = fit(noisy, **how)
    with pytest.raises(sx.TrainingInterruptedError) as stopped:
        fit(noisy, checkpoint=checkpoint, progress=stop, **how)
    assert len(stopped.value.training.history) == 4
    with pytest.raises(sx.InvalidInputError, match="devices"):
        fit(noisy, checkpoint=checkpoint, **how | {"devices": 1})
    assert_same(whole.network, fit(noisy, checkpoint=checkpoint, **how).network, rtol=0)


@pytest.mark.parametrize("how", [{"devices": 3}, {"devices": 0}, {"devices": 2, "batch_size": 5}])
def test_devices_that_are_not_there(how):
    with pytest.raises(sx.InvalidInputError, match="devices"):
        fit(network(), **how)


def test_a_processor_is_made_two_devices_only_before_jax_starts():
    program = """
import jax
from separatrix.training.devices import provide_devices
for asked in (1, 2, 1, 3):
    provide_devices(asked)
    print(len(jax.devices()) if asked > 1 else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["0", "2", "0", "2"], done.stderr
