"""Random keys, wherever a user gives one."""

import jax
import pytest
from same import assert_same

import separatrix as sx
from separatrix._types import require_key

KEYS = jax.random.split(jax.random.key(0))


def test_several_keys_are_not_one():
    with pytest.raises(sx.InvalidInputError, match=r"\(2,\)"):
        require_key(KEYS)
    assert require_key(KEYS[0]) is not None


def test_the_keys_of_old_give_the_same_numbers(task):
    for draw in (task.trials, lambda n, key: sx.networks.CTRNN(3, n, 3, key=key)):
        assert_same(draw(4, key=jax.random.key(7)), draw(4, key=jax.random.PRNGKey(7)))
