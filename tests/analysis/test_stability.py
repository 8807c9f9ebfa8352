"""How many directions leave a point: told where no error can change it, −1 elsewhere."""

import jax.numpy as jnp
import linear_tools
import numpy as np
import pytest
import systems

import separatrix as sx


def at_origin(J, kind="flow"):
    linear = linear_tools.at_origin(np.asarray(J, float), kind)
    return int(linear.n_unstable[0]), str(linear.stability[0])


def test_a_mode_within_the_marginal_band_is_counted():
    """One multiplier is −1.00000013973, another 1 − 1.9e-6."""
    W = np.stack([-np.roll(np.linspace(-1, 1, 7), -i) for i in range(7)])
    system = sx.DiscreteMap(lambda x: jnp.tanh(x @ W), 7)
    starts = systems.box(7, -1, 1, 60)
    points = sx.find_fixed_points(system, starts, slow_points=False, completeness=False)
    assert points.n_unstable.tolist() == [1, 1, 3, 3, 4, 4, 6] and points.n_unstable_certified.all()
    assert sx.linearize(system, points.states).n_unstable.tolist() == points.n_unstable.tolist()
    again = sx.find_fixed_points(system, points.states, certify=False)
    assert again.n_unstable.tolist() == points.n_unstable.tolist()


@pytest.mark.parametrize(
    ("jacobian", "kind", "told"),
    [
        ([[0, 0], [0, -1]], "flow", (-1, "marginal")),
        ([[0, 1], [-1, 0]], "flow", (-1, "marginal")),
        ([[0, 1], [0, 0]], "flow", (-1, "marginal")),  # whose error is the root of rounding
        ([[0, 0], [0, 0]], "flow", (-1, "marginal")),
        ([[0, 0], [0, 1]], "flow", (-1, "saddle")),
        ([[1, 0], [0, 0.5]], "map", (-1, "marginal")),
        ([[-1, 0], [0, 2]], "map", (-1, "saddle")),
        ([[1 + 1e-9, 0], [0, 0.5]], "map", (1, "marginal")),
        ([[1e-9, 0], [0, -1]], "flow", (1, "marginal")),
        ([[-1e-9, 0], [0, -1]], "flow", (0, "marginal")),
        ([[-1, 1], [0, -1]], "flow", (0, "stable")),
    ],
)
def test_a_number_that_rounding_may_change_is_not_told(jacobian, kind, told):
    assert at_origin(jacobian, kind) == told


def test_modes_far_from_orthogonal_are_not_counted_by_rounding():
    """All eigenvalues are −1/2; rounding makes a circle of them, of radius about 1."""
    J = -0.5 * np.eye(60) + 2 * np.eye(60, k=1)
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((60, 60)))[0]
    assert (np.linalg.eigvals(Q @ J @ Q.T).real > 0.1).any()
    assert at_origin(Q @ J @ Q.T) == (-1, "marginal")


@pytest.mark.parametrize(("rate", "told"), [(-1.0, (0, "otherwise stable")), (1.0, (1, "saddle"))])
def test_one_mode_of_a_slow_point_is_neither_stable_nor_unstable(rate, told):
    """Where the speed is least Jᵀ f = 0."""
    flow = sx.Flow(lambda z: jnp.stack([0.01 + jnp.expm1(z[0] ** 2), rate * z[1]]), 2)
    points = sx.find_fixed_points(flow, systems.box(2, -0.5, 0.5, 9))
    for found in (points, sx.linearize(flow, points)):
        assert (int(found.n_unstable[0]), str(found.stability[0])) == told
    assert points.kind.tolist() == ["slow"]


@pytest.mark.parametrize("power", [2, 3])
def test_degenerate_zeros_have_no_number(power):
    points = sx.find_fixed_points(sx.Flow(lambda x: x**power, 1), np.array([[-1.0], [0.7]]))
    assert points.kind.tolist() == ["fixed"]
    assert points.n_unstable.tolist() == [-1] and points.stability.tolist() == ["marginal"]


@pytest.mark.parametrize("unit", [1e-12, 1e-3, 1.0, 1e9])
def test_the_unit_of_time_tells_nothing(unit):
    J = np.array([[-1.0, 3.0, 0.0], [0.0, 0.5, 1.0], [0.0, 0.0, -1e-4]])
    assert at_origin(unit * J) == (1, "saddle")
    assert at_origin(unit * (J - 0.6 * np.eye(3))) == (0, "stable")
