"""Numbers in bulk are those of jax.random, at every size and for every kind of key."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from separatrix._random import integers, standard_normal

LARGE = (2**18 + 4321, 2)


@pytest.mark.parametrize("shape", [(5, 7, 3), LARGE])
@pytest.mark.parametrize("make", [jr.key, jr.PRNGKey, lambda seed: jr.key(seed, impl="rbg")])
def test_the_numbers_are_those_of_jax(make, shape):
    key = make(11)
    drawn = standard_normal(key, shape)
    assert drawn.shape == shape
    assert drawn.dtype == jnp.float32
    # rbg's numbers depend on the shape that is asked for, so the flat one is asked for
    expected = jr.normal(key, (int(np.prod(shape)),)).reshape(shape)
    assert np.array_equal(drawn, expected)


@pytest.mark.parametrize("shape", [(5, 7), (2**12 + 5, 2)])
@pytest.mark.parametrize("count", [1, 2, 5, 2**16, 2**16 + 1])
def test_integers_are_those_of_jax(shape, count):
    drawn = integers(jr.key(12), shape, count)
    assert drawn.dtype == jnp.int32
    assert np.array_equal(drawn, jr.randint(jr.key(12), shape, 0, count))


def test_a_batch_of_keys_draws_what_each_draws_alone():
    keys = jr.split(jr.key(3), 2)
    together = jax.vmap(lambda key: standard_normal(key, LARGE))(keys)
    for key, drawn in zip(keys, together, strict=True):
        assert np.array_equal(drawn, jr.normal(key, LARGE))


def test_the_law_is_the_normal_one():
    from scipy import stats

    drawn = np.asarray(standard_normal(jr.key(5), (2**20,)), float)
    assert stats.kstest(drawn, "norm").pvalue > 0.01
    # four standard errors of the mean, the variance and the fourth moment
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (4, 3, 96)):
        assert abs((drawn**power).mean() - moment) < 4 * (variance / drawn.size) ** 0.5
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 4 / drawn.size**0.5
