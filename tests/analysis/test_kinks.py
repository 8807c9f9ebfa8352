"""Points on a kink, where the Jacobian that JAX gives is that of one side."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.kinks import on_kinks

STARTS = np.linspace(-1, 1, 11)[:, None]


def _relu(slope):
    return sx.DiscreteMap(lambda x: jax.nn.relu(slope * x), 1)


def _split(left, right):
    """Return the flow with one slope on the left of 0 and another on the right."""
    return sx.Flow(lambda x: jnp.where(x > 0, right * x, left * x), 1)


@pytest.mark.parametrize(
    ("system", "stability", "number"),
    [
        (_relu(2.0), "kink", -1),  # what is above 0 leaves it, what is below goes there
        (_relu(0.5), "stable", 0),
        (_split(-1.0, 2.0), "kink", -1),
        (_split(2.0, -1.0), "kink", -1),
        (_split(-1.0, -2.0), "stable", 0),
        (_split(1.0, 2.0), "unstable", 1),
        (sx.DiscreteMap(lambda x: 0.5 * x + 0.2 * jnp.sign(x), 1), "kink", -1),  # 0 is fixed alone
        (
            sx.DiscreteMap(lambda x: jax.lax.cond(x[0] > 0, lambda x: 1.8 * x, jnp.sin, x), 1),
            "kink",
            -1,
        ),
    ],
)
def test_stability_at_a_kink_is_told_only_where_all_sides_agree(system, stability, number):
    points = sx.find_fixed_points(system, STARTS)
    at_zero = points.filter(np.abs(points.states[:, 0]) == 0)
    assert at_zero.stability.tolist() == [stability]
    assert at_zero.n_unstable.tolist() == [number]
    assert at_zero.n_unstable_certified.tolist() == [number >= 0]


def test_linearization_says_that_its_jacobian_is_of_one_side():
    linearization = sx.linearize(_relu(2.0), np.array([[0.0], [0.5], [-0.5], [1e-9]]))
    assert linearization.stability.tolist() == ["kink", "unstable", "stable", "unstable"]
    assert linearization.n_unstable.tolist() == [-1, 1, 0, 1]


@pytest.mark.parametrize("function", [jnp.tanh, jax.nn.softplus, jax.nn.gelu, lambda x: x**2])
@pytest.mark.parametrize("stiffness", [1.0, 1e6])
def test_steep_is_no_kink(function, stiffness):
    system = sx.DiscreteMap(lambda x: function(stiffness * x), 3)
    states = np.concatenate([np.zeros((1, 3)), np.random.default_rng(0).normal(size=(20, 3))])
    assert not on_kinks(system.evaluate, states / stiffness).any()


def test_states_that_come_to_rest_on_a_kink_have_settled():
    system = _relu(2.0)
    points = sx.find_fixed_points(system, STARTS)
    basins = sx.basins(system, points, STARTS)
    assert np.array_equal(basins.reached == 0, STARTS[:, 0] <= 0)
    assert "kink" in sx.fixed_point_graph(system, points).roles[0]


WEIGHTS = np.array([[0.0, 1.0], [1.0, 0.3]])


def test_a_branch_on_a_kink_says_so():
    system_of = lambda gain: sx.DiscreteMap(lambda x: jax.nn.relu(gain * WEIGHTS @ x), 2)  # noqa: E731
    branches = sx.continue_fixed_points(system_of, np.zeros(2), (0.5, 1.5), disconnected=None)
    assert (branches.stability == "kink").all() and (branches.n_unstable == -1).all()


def test_a_branch_that_passes_a_kink_is_told_on_either_side():
    """The slope is 0.3 on the right of 0, which is fixed at p = 0, and −0.7 on the left."""
    system_of = lambda p: sx.DiscreteMap(lambda x: 0.5 * jnp.abs(x) - 0.2 * x + p, 1)  # noqa: E731
    branches = sx.continue_fixed_points(system_of, np.array([1 / 0.7]), (1.0, -1.0))
    assert set(branches.stability.tolist()) <= {"stable", "kink"}
    assert (branches.stability == "kink").sum() <= 1
