"""Functions that jump, that are not finite somewhere, and candidates that overflow."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

EPS = np.finfo(float).eps
STARTS = np.random.default_rng(0).uniform(-4, 4, (60, 1))

NO_ZERO = {
    "two pieces that end before their zeros": (
        sx.Flow(lambda x: jnp.where(x > 1, -(x - 1), 6 - x), 1)
    ),
    "a zero taken out": sx.Flow(lambda x: jnp.where(x == 1, 5.0, -jnp.tanh(x - 1)), 1),
    "a step in what is computed": sx.DiscreteMap(lambda x: 0.5 * jnp.floor(jnp.cos(x)), 1),
    "a step in an integer": (
        sx.DiscreteMap(lambda x: x + 0.3 + 0.5 * (jnp.floor(x).astype(int) % 2) * (x - 1), 1)
    ),
}

ZEROS = {
    "far from the jump": (sx.Flow(lambda x: jnp.where(x > 0.5, x - 1, x), 1), [0.0, 1.0]),
    "on the jump": (sx.Flow(lambda x: jnp.where(x >= 1, -jnp.tanh(x - 1), 5.0), 1), [1.0]),
    "one place before the jump": (
        sx.Flow(lambda x: jnp.where(x > 0.5 + EPS, 3.0, -jnp.sinh(x - 0.5)), 1),
        [0.5],
    ),
    "on a jump of floor": (
        sx.DiscreteMap(lambda x: 0.5 * x + 0.1 * jnp.floor(x), 1),
        [-0.2, 0.0],
    ),
    "a kink without a bound of its slope": (
        sx.Flow(lambda x: -jnp.sqrt(jnp.abs(x)) * jnp.sign(x) - 0.1 * x, 1),
        [0.0],
    ),
    "on a jump of an integer": (
        sx.DiscreteMap(
            lambda x: 0.5 * jnp.array([1.0, 2.0, 3.0])[jnp.clip(jnp.floor(x).astype(int), 0, 2)],
            1,
        ),
        [0.5, 1.0],
    ),
    "beside a remainder of integers": (
        sx.DiscreteMap(lambda x: 0.5 * x + 0.1 * (jnp.floor(x).astype(int) % 2), 1),
        [0.0],
    ),
}


@pytest.mark.parametrize("name", list(NO_ZERO))
def test_a_jump_is_no_zero(name):
    points = sx.find_fixed_points(NO_ZERO[name], STARTS)
    assert not (points.kind == "fixed").any()
    assert not points.complete or name == "a zero taken out"


@pytest.mark.parametrize("name", list(ZEROS))
def test_a_zero_beside_a_jump_is_found_and_its_rounding_level_is_no_jump(name):
    system, zeros = ZEROS[name]
    points = sx.find_fixed_points(system, STARTS)
    fixed = points.kind == "fixed"
    np.testing.assert_allclose(np.sort(points.states[fixed, 0]), zeros, atol=1e-15)
    assert (points.residual[fixed] <= points.rounding_level[fixed]).all()
    assert (points.rounding_level[fixed] < 1e-13).all()


def test_a_unit_that_jumps_at_0_may_rest_there_among_others():
    """Newton's steps end beside 0, where the residual is distinguished from zero."""
    drive = lambda x: jnp.where(x[0] > 0, jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0]))  # noqa: E731
    system = sx.DiscreteMap(lambda x: jnp.tanh(drive(x) + 0.3 * x), 2)
    starts = np.random.default_rng(0).uniform(-4, 4, (60, 2))
    points = sx.find_fixed_points(system, starts, completeness=False)
    other = 0.849650556
    np.testing.assert_allclose(points.states[points.certified], [[other, 0]], atol=1e-9)
    np.testing.assert_allclose(points.states[~points.certified], [[0, other]], atol=1e-9)
    assert points.states.min() == 0
    assert (points.outcomes == "fixed").all()


def test_a_state_at_which_the_system_is_not_finite_is_no_fixed_point():
    """0/0 at 0: what is called fixed is a state beside it."""
    points = sx.find_fixed_points(sx.Flow(lambda x: -x * jnp.sin(x) / x, 1), STARTS)
    fixed = points.kind == "fixed"
    assert np.isfinite(points.residual).all() and np.isfinite(points.speed).all()
    assert (points.residual[fixed] <= points.rounding_level[fixed]).all()
    assert points.states[fixed].all()


def test_a_candidate_that_overflows_disturbs_nothing():
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    points = sx.find_fixed_points(system, np.array([[1e160], [1e308], [0.3]]))
    np.testing.assert_allclose(np.sort(points.states[:, 0]), [-0.957504, 0, 0.957504], atol=1e-6)
    assert points.certified.all()


@pytest.mark.parametrize("step", [lambda x: x.astype(jnp.int32).astype(x.dtype), jnp.floor])
def test_a_number_turned_into_an_integer_jumps_as_its_floor_does(step):
    points = sx.find_fixed_points(sx.DiscreteMap(step, 1), np.array([[1.0], [2.0]]))
    assert points.stability.tolist() == ["kink", "kink"]
    assert points.n_unstable.tolist() == [-1, -1]
