"""What is reported of fixed points is in the units that states and time are measured in."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx


@pytest.mark.runs
@pytest.mark.parametrize("opening", [2.0**-12, 2.0**-24])
def test_gates_that_hardly_open_change_no_fixed_point(opening):
    weights = np.random.default_rng(0).normal(0, 2 / np.sqrt(8), (8, 8))
    weights = (weights + weights.T) / 2 + 1.2 * np.eye(8)
    starts = np.random.default_rng(1).uniform(-1, 1, (100, 8))
    gates = np.where(np.arange(8) % 2 == 0, 1.0, opening)
    system = sx.DiscreteMap(lambda x: x + gates * (jnp.tanh(weights @ x) - x), 8)
    points = sx.find_fixed_points(system, starts)
    assert np.abs(np.tanh(points.states @ weights.T) - points.states).max() < 1e-9
    assert len(points) == 21 and points.certified.all() and points.index_sum == 1
    assert len(points.slow) == 0  # all that a closed gate is far from is slow
