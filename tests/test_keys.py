"""Random keys, wherever a user gives one."""

import jax
import pytest
from same import assert_same

import separatrix as sx
from separatrix._types import require_key
from separatrix.experiment import NETWORKS

KEYS = jax.random.split(jax.random.key(0))
YANG = sx.tasks.Yang2019()
OF_YANG = sx.networks.CTRNN(85, 4, 33, dt=20.0, key=KEYS[0])
CALLS = {
    "trials": lambda key, task, network: task.trials(2, key=key),
    "figures.trials": lambda key, task, network: sx.figures.trials(task, key=key),
    "train": lambda key, task, network: sx.train(network, task, steps=1, key=key, progress=False),
    "performance": lambda key, task, network: sx.performance(network, task, key=key),
    "psychometric": lambda key, task, network: sx.psychometric(network, task, key=key),
    "rule_performance": lambda key, *_: sx.classics.rule_performance(OF_YANG, YANG, key=key),
    "rule_variance": lambda key, *_: sx.classics.rule_variance(OF_YANG, YANG, key=key),
    "aligned_trials": lambda key, *_: YANG.aligned_trials("dm1", 2, key=key),
} | {name: lambda key, *_, make=make: make(3, 4, 3, key=key) for name, make in NETWORKS.items()}


@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_key_is_refused(call, task):
    with pytest.raises(sx.InvalidInputError, match=r"key.* got 0"):
        CALLS[call](0, task, sx.networks.CTRNN(3, 4, 3, key=KEYS[0]))


def test_several_keys_are_not_one():
    with pytest.raises(sx.InvalidInputError, match=r"\(2,\)"):
        require_key(KEYS)
    assert require_key(KEYS[0]) is not None


def test_the_keys_of_old_give_the_same_numbers(task):
    for draw in (task.trials, lambda n, key: sx.networks.CTRNN(3, n, 3, key=key)):
        assert_same(draw(4, key=jax.random.key(7)), draw(4, key=jax.random.PRNGKey(7)))
