"""Softmax over all of space, and what only looks like it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from enclosure_tools import assert_encloses, bounds_everywhere

W = np.random.default_rng(0).standard_normal((4, 4))


def written_out(y, axis=0):
    grown = jnp.exp(y)
    return grown / jnp.sum(grown, axis, keepdims=True)


SHARES = {
    "softmax": lambda x: jax.nn.softmax(W @ x),
    "without the largest": lambda x: written_out(W @ x),
    "of rows": lambda x: jax.nn.softmax(jnp.outer(x, x) @ W, axis=1).ravel(),
    "of columns": lambda x: written_out(jnp.outer(x, x) @ W).ravel(),
    "of equal numbers": lambda x: jax.nn.softmax(jnp.stack([x[0], x[0], x[0], x[1]])),
}


@pytest.mark.parametrize("name", SHARES)
def test_shares_are_within_0_and_1(name):
    lower, upper = bounds_everywhere(SHARES[name], 4)
    assert (lower == 0).all() and (upper == 1).all()
    for found in assert_encloses(SHARES[name], 4):
        assert found.bounds.lower.min() >= 0 and found.bounds.upper.max() <= 1
        assert np.isfinite(found.slopes.magnitude()).all()


def turned(x):
    grown = jnp.exp(jnp.outer(x, x))
    return (grown / jnp.sum(grown, 1)).ravel()  # rows, divided by the sums of others


OTHERS = {
    "sums of other rows": turned,
    "some of a sum": lambda x: jnp.exp(x) / jnp.sum(jnp.exp(x)[:2]),
    "another sum": lambda x: jnp.exp(x) / jnp.sum(jnp.exp(-x)),
    "negative terms": lambda x: x / jnp.sum(x),
    "0/0 where there is none": lambda x: written_out(jnp.where(np.eye(4)[0] > 2, x, -jnp.inf)),
    "0/0 that is seen": lambda x: jnp.where(written_out(x) >= 0, written_out(x), 5.0),
    "an infinite shift": lambda x: written_out(x - jnp.inf),
    "not a number": lambda x: written_out(jnp.log(x)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_share_is_not_taken_for_one(name):
    lower, upper = bounds_everywhere(OTHERS[name], 4)
    assert not ((lower >= 0) & (upper <= 1)).all()
