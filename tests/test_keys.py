"""Random keys, wherever a user gives one."""

import jax
import numpy as np
import pytest

import separatrix as sx
from separatrix._types import require_key
from separatrix.experiment import NETWORKS

KEYS = jax.random.split(jax.random.key(0))
CALLS = {
    "trials": lambda key, task, network: task.trials(2, key=key),
    "figures.trials": lambda key, task, network: sx.figures.trials(task, key=key),
    "train": lambda key, task, network: sx.train(network, task, steps=1, key=key, progress=False),
    "performance": lambda key, task, network: sx.performance(network, task, key=key),
    "psychometric": lambda key, task, network: sx.psychometric(network, task, key=key),
    "rule_performance": lambda key, task, network: sx.classics.rule_performance(
        sx.networks.CTRNN(85, 4, 33, dt=20.0, key=KEYS[0]), sx.tasks.Yang2019(), key=key
    ),
    "rule_variance": lambda key, task, network: sx.classics.rule_variance(
        sx.networks.CTRNN(85, 4, 33, dt=20.0, key=KEYS[0]), sx.tasks.Yang2019(), key=key
    ),
    "aligned_trials": lambda key, task, network: sx.tasks.Yang2019().aligned_trials(
        "dm1", 2, key=key
    ),
} | {
    name: lambda key, task, network, make=make: make(3, 4, 3, key=key)
    for name, make in NETWORKS.items()
}


@pytest.fixture(scope="module")
def network():
    return sx.networks.CTRNN(3, 4, 3, key=KEYS[0])


@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_key_is_refused(call, task, network):
    with pytest.raises(sx.InvalidInputError) as caught:
        CALLS[call](0, task, network)
    assert str(caught.value) == (
        "key must be a random key of JAX, such as jax.random.key(0), got 0."
    )


def test_several_keys_are_not_one():
    with pytest.raises(sx.InvalidInputError, match=r"of them of shape \(2,\). Take one, such as"):
        require_key(KEYS)
    assert require_key(KEYS[0]) is not None


def test_the_keys_of_old_give_the_same_numbers(task):
    new, old = (task.trials(3, key=make(7)) for make in (jax.random.key, jax.random.PRNGKey))
    np.testing.assert_array_equal(new.inputs, old.inputs)
    new, old = (
        sx.networks.CTRNN(3, 4, 3, key=make(7)) for make in (jax.random.key, jax.random.PRNGKey)
    )
    np.testing.assert_array_equal(new.recurrent_weights, old.recurrent_weights)
