"""Random keys, wherever a user gives one."""

import jax
from same import assert_same

import separatrix as sx


def test_the_keys_of_old_give_the_same_numbers(task):
    for draw in (task.trials, lambda n, key: sx.networks.CTRNN(3, n, 3, key=key)):
        assert_same(draw(4, key=jax.random.key(7)), draw(4, key=jax.random.PRNGKey(7)))
