"""Few numbers in bulk are those of jax.random; many are independent and normal."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from separatrix._random import integers, standard_normal

LARGE = (2**18 + 4321, 2)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (jr.key, (5, 7, 3)),
        (jr.PRNGKey, (5, 7, 3)),
        (lambda seed: jr.key(seed, impl="rbg"), (5, 7, 3)),
        (lambda seed: jr.key(seed, impl="rbg"), LARGE),
    ],
)
def test_few_numbers_and_those_of_other_generators_are_those_of_jax(make, shape):
    key = make(11)
    drawn = standard_normal(key, shape)
    assert drawn.shape == shape
    assert drawn.dtype == jnp.float32
    # rbg's numbers depend on the shape that is asked for, so the flat one is asked for
    expected = jr.normal(key, (int(np.prod(shape)),)).reshape(shape)
    assert np.array_equal(drawn, expected)


@pytest.mark.parametrize("shape", [LARGE, (2**9 + 1, 2**9 + 3), (1, *LARGE), (2**18 + 1,)])
def test_many_numbers_are_the_pairs_of_box_and_muller(shape):
    key = jr.key(11)
    drawn = standard_normal(key, shape)
    assert drawn.shape == shape
    assert drawn.dtype == jnp.float32
    folded = shape[1:] if shape[0] == 1 else shape
    half = (-(-folded[0] // 2), *folded[1:])
    with jax.enable_x64(True):  # JAX's 64 bits are both words of the hash
        bits = np.asarray(jr.bits(key, half, jnp.uint64))
    uniform = np.float64((bits >> np.uint64(33)).astype(np.float32) + np.float32(0.5)) / 2**31
    turns = (bits & np.uint64(0xFFFFFFFF)) / 2**32
    radius = np.sqrt(-2 * np.log(uniform))
    expected = np.concatenate(
        [radius * np.cos(2 * np.pi * turns), radius * np.sin(2 * np.pi * turns)]
    )
    np.testing.assert_allclose(drawn, expected[: folded[0]].reshape(shape), rtol=0, atol=3e-6)


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
        assert np.array_equal(drawn, standard_normal(key, LARGE))
