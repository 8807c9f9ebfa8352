"""Fixed points do not depend on the units that states and time are measured in."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

WEIGHTS = np.array([[2.0, -0.3, 0.1], [0.4, 1.8, -0.2], [0.1, 0.3, 2.2]])
STARTS = np.random.default_rng(0).uniform(-1, 1, (200, 3))


def _field(x):
    return jnp.tanh(WEIGHTS @ x) - x


@pytest.fixture(scope="module")
def plain():
    return sx.find_fixed_points(sx.Flow(_field, 3), STARTS)


def _sorted(states):
    return states[np.lexsort(states.round(9).T)]


@pytest.mark.parametrize(
    ("kind", "sizes"), [("flow", [1e12, 1e-12, 1.0]), ("map", [3e-9, 1.0, 60.0])]
)
def test_units_of_the_states_change_nothing(plain, sizes, kind):
    sizes = np.array(sizes)
    flow = sx.Flow(lambda y: sizes * _field(y / sizes), 3)
    step = sx.DiscreteMap(lambda y: sizes * jnp.tanh(WEIGHTS @ (y / sizes)), 3)
    system = flow if kind == "flow" else step
    points = sx.find_fixed_points(system, STARTS * sizes).fixed
    fixed = plain.fixed
    assert len(fixed.kind) == 23
    assert np.allclose(_sorted(points.states / sizes), _sorted(fixed.states), rtol=0, atol=1e-9)
    assert points.certified.all()
    assert points.complete
    assert (np.abs(points.residual) <= points.rounding_level).all()


def test_the_bounds_hold_in_the_units_given():
    # x = tanh(2 x) in units of 2^30 and y = x/2 in units of 2^-30; both known to 1e-15.
    sizes = np.array([2.0**30, 2.0**-30])

    def field(state):
        x, y = state[0] / sizes[0], state[1] / sizes[1]
        return jnp.stack([jnp.tanh(2 * x) - x + 0.1 * jnp.tanh(y - x / 2), x / 2 - y]) * sizes

    starts = np.random.default_rng(1).uniform(-1, 1, (40, 2)) * sizes
    points = sx.find_fixed_points(sx.Flow(field, 2), starts).fixed
    exact = 0.9575040240772687 * sizes[0]
    row = np.argmax(points.states[:, 0])
    assert abs(points.states[row, 0] - exact) <= points.error_bound[row] < 1e-4
    # Neighbors are at distance 1 of the larger unit: the radius may only claim the smaller.
    assert 0 < points.radius[row] < sizes[1]
    assert "power of two" in points.certificate[row]


def test_the_speed_is_that_in_the_units_given():
    scale = 2.0**30

    def field(y):  # no zero: the slowest state is x = 0, z = 0, of speed 0.5 scale
        x, z = y[0] / scale, y[1] * scale
        return jnp.stack([(x**2 + z**2 + 0.5) * scale, (x - z) / scale])

    starts = np.array([[0.3 * scale, 0.2 / scale], [-0.4 * scale, 0.1 / scale]])
    points = sx.find_fixed_points(sx.Flow(field, 2), starts)
    assert not (points.kind == "fixed").any()
    assert np.allclose(points.speed, 0.5 * scale, rtol=1e-6)
