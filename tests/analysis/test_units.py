"""Fixed points do not depend on the units that states and time are measured in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.analysis.fixed_points.units import fitting_units

WEIGHTS = np.array([[2.0, -0.3, 0.1], [0.4, 1.8, -0.2], [0.1, 0.3, 2.2]])
STARTS = np.random.default_rng(0).uniform(-1, 1, (200, 3))


def _field(x):
    return jnp.tanh(WEIGHTS @ x) - x


@pytest.fixture(scope="module")
def plain():
    return sx.find_fixed_points(sx.Flow(_field, 3), STARTS)


def _sorted(states):
    return states[np.lexsort(states.round(9).T)]


@pytest.mark.parametrize("kind", ["flow", "map"])
@pytest.mark.parametrize("sizes", [[1e6, 1e-6, 1.0], [1e12, 1e-12, 1.0], [3e-9, 1.0, 60.0]])
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


@pytest.mark.parametrize("rates", [[1e6, 1e-6, 1.0], [1e-9, 1.0, 1e9]])
def test_rates_change_no_fixed_points(plain, rates):
    rates = np.array(rates)
    points = sx.find_fixed_points(sx.Flow(lambda x: rates * _field(x), 3), STARTS).fixed
    assert np.allclose(_sorted(points.states), _sorted(plain.fixed.states), rtol=0, atol=1e-9)
    assert points.certified.all()
    assert points.complete


@pytest.mark.parametrize("largest", [1e1, 1e2, 1e3])
def test_units_a_little_apart_lose_no_fixed_points(largest):
    """As of millivolts beside numbers without a unit and rates."""
    weights = np.array([[2.0, -1, 0.3], [1.5, 1.8, -0.2], [0.1, 0.4, 1.1]])
    units = np.array([1 / largest, 1.0, largest])
    starts = np.random.default_rng(1).uniform(-1, 1, (60, 3)) * units
    system = sx.DiscreteMap(lambda x: units * (jnp.tanh(weights @ (x / units)) + 0.05), 3)
    points = sx.find_fixed_points(system, starts, slow_points=False)
    assert len(points) == 3 and points.complete
    assert points.hits.sum() >= 40
    assert (points.radius > 1e-3 * units.min()).all()


@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_rates_of_different_sizes_are_no_units(activation):
    """Units of one network may fire at 0.1 Hz and at 10 Hz."""
    rng = np.random.default_rng(0)
    weights, rates = 0.6 * rng.standard_normal((10, 10)) / 10**0.5, 10 ** rng.uniform(-2, 2, 10)
    active = rates if activation == "relu" else np.log(np.expm1(rates))
    bias = active - weights @ rates
    function = getattr(jax.nn, activation)
    system = sx.DiscreteMap(lambda x: function(weights @ x + bias), 10)
    assert fitting_units(Evaluator(system), rates * rng.uniform(0.5, 1.5, (100, 10))) is None


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


def test_small_candidates_alone_are_no_reason_to_measure_in_small_units():
    system = sx.Flow(_field, 3)
    starts = STARTS * [1.0, 1e-9, 1.0]
    assert fitting_units(Evaluator(system), starts) is None
    points = sx.find_fixed_points(system, starts, completeness=False)
    assert (points.kind == "fixed").sum() > 3
    assert not any("power of two" in text for text in points.certificate)


def _with_slow_points(x):
    """Three units with one stable point, and three minima of the speed where it is not zero."""
    first = jnp.tanh(2 * x[0] + 0.3 * x[1]) + 0.6
    second = jnp.tanh(1.8 * x[1] - 0.2 * x[0] + 0.1 * x[2]) - 0.4
    return jnp.stack([first, second, 0.5 * x[2] + 0.3 * x[0]])


def test_slow_points_do_not_depend_on_units_far_apart():
    """The speed is then measured as the states are: else the largest unit alone decides."""
    starts = np.random.default_rng(0).uniform(-1.5, 1.5, (60, 3))
    near = starts / np.exp2(np.round(np.log2(np.median(np.abs(starts), axis=0))))
    places = []
    for exponent in (10, 15, 100):
        units = np.exp2([exponent, 0, -exponent])
        system = sx.DiscreteMap(lambda y, s=units: s * _with_slow_points(y / s), 3)
        points = sx.find_fixed_points(system, near * units)
        assert len(points.fixed) == 1 and len(points.slow) == 3
        assert not (points.outcomes == "rejected").any()
        with jax.enable_x64(True):
            velocity = jax.vmap(system.velocity)(jnp.asarray(points.states))
        assert np.allclose(points.speed, np.linalg.norm(velocity, axis=1), rtol=1e-9, atol=1e-9)
        places.append(_sorted(points.slow.states / units))
    even = sx.find_fixed_points(sx.DiscreteMap(_with_slow_points, 3), near)
    expected = _sorted(even.slow.states)
    assert all(np.allclose(place, expected, rtol=0, atol=1e-6) for place in places)
