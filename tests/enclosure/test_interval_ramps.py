"""Differences of rectifiers: exact at every height, and never wider than its height."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from enclosure_tools import assert_encloses, bounds_everywhere

rng = np.random.default_rng(0)
W, H = rng.standard_normal((6, 3)), np.array([1.0, -1.0, 0.5, -0.25, 0.0, 2.0])
relu = jax.nn.relu
RAMPS = {
    "clipped": lambda x: relu(W @ x + H) - relu(W @ x),
    "the other order": lambda x: jnp.maximum(0, H + W @ x) - jnp.maximum(0, W @ x),
    "one height": lambda x: relu(W @ x + 0.5) - relu(W @ x),
    "a sum of some": lambda x: W.T @ (relu(W @ x + H) - relu(W @ x)) - x,
}


@pytest.mark.parametrize("name", RAMPS)
def test_values_and_slopes_are_enclosed(name):
    assert_encloses(RAMPS[name], 3)


def test_a_ramp_has_the_bounds_of_its_height():
    lower, upper = bounds_everywhere(RAMPS["clipped"], 3)
    np.testing.assert_allclose(lower, np.minimum(H, 0), atol=1e-15)
    np.testing.assert_allclose(upper, np.maximum(H, 0), atol=1e-15)


OTHERS = {
    "of two quantities": lambda x: relu(W @ x + H) - relu(2 * W @ x),
    "a height that depends on the state": lambda x: relu(W @ x + x[0]) - relu(W @ x),
    "other thresholds": lambda x: jnp.maximum(W @ x + H, 1) - jnp.maximum(W @ x, 0),
    "quantities in another order": lambda x: relu(W @ x + H) - relu((W @ x)[::-1]),
    "one with all others": lambda x: relu(x[0] + H) - relu((W @ x)[:1]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_differences_have_no_bound(name):
    assert not np.isfinite(bounds_everywhere(OTHERS[name], 3)).all()
