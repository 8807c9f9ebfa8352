"""Fixed points of functions that are read as piecewise linear."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

STARTS = np.random.default_rng(0).uniform(0, 4, (20, 2))
MASK = np.array([1.0, 0.0])
COMPARED_WITH_ITSELF = {
    "at least": lambda x: MASK * x >= 0,
    "at most": lambda x: -MASK * x <= 0,
    "a sign": lambda x: jnp.sign(MASK * x) >= 0,
    "a row without weights": lambda x: jnp.diag(MASK) @ x >= 0,
}


@pytest.mark.parametrize("holds", COMPARED_WITH_ITSELF.values(), ids=COMPARED_WITH_ITSELF.keys())
def test_a_unit_that_is_masked_is_at_least_zero(holds):
    step = lambda x: jnp.where(holds(x), 0.5 * x, -0.25 * x) + 1  # noqa: E731
    points = sx.find_fixed_points(sx.DiscreteMap(step, 2), STARTS)
    assert (points.outcomes == "fixed").all()
    np.testing.assert_allclose(points.states, [[2.0, 2.0]], rtol=1e-14)
    assert points.speed.max() < 1e-15
