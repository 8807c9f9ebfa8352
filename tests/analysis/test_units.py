"""What is reported of fixed points is in the units that states and time are measured in."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

WEIGHTS = np.array([[2.0, -0.3, 0.1], [0.4, 1.8, -0.2], [0.1, 0.3, 2.2]])
STARTS = np.random.default_rng(0).uniform(-1, 1, (200, 3))


def _field(x):
    return jnp.tanh(WEIGHTS @ x) - x


def _sorted(states):
    return states[np.lexsort(states.round(9).T)]


@pytest.mark.parametrize("kind", ["flow", "map"])
@pytest.mark.parametrize("size", [1e-12, 1e9])
def test_the_unit_of_the_states_changes_nothing(size, kind):
    flow = sx.Flow(lambda y: size * _field(y / size), 3)
    step = sx.DiscreteMap(lambda y: size * jnp.tanh(WEIGHTS @ (y / size)), 3)
    system = flow if kind == "flow" else step
    points = sx.find_fixed_points(system, STARTS * size).fixed
    fixed = sx.find_fixed_points(sx.Flow(_field, 3), STARTS).fixed
    assert len(fixed.kind) == 23
    assert np.allclose(_sorted(points.states / size), _sorted(fixed.states), rtol=0, atol=1e-9)
    assert points.certified.all() and points.complete
    assert (np.abs(points.residual) <= points.rounding_level).all()


@pytest.mark.parametrize("opening", [2.0**-12, 2.0**-24])
def test_gates_that_hardly_open_change_no_fixed_point(opening):
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 2 / np.sqrt(8), (8, 8))
    weights = (weights + weights.T) / 2 + 1.2 * np.eye(8)
    starts = np.random.default_rng(1).uniform(-1, 1, (100, 8))
    gates = np.where(np.arange(8) % 2 == 0, 1.0, opening)

    def found(gates):
        step = lambda x: x + gates * (jnp.tanh(weights @ x) - x)  # noqa: E731
        return sx.find_fixed_points(sx.DiscreteMap(step, 8), starts)

    points, expected = found(gates), found(np.ones(8)).fixed
    states = points.fixed.states
    assert len(states) >= len(expected)
    assert np.abs(np.tanh(states @ weights.T) - states).max() < 1e-9
    assert points.fixed.certified.all() and points.index_sum == 1
    assert len(points.slow) == 0  # all that a closed gate is far from is slow
