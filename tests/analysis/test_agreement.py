"""A residual of one's own that has other zeros than the step makes sure of nothing."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

STARTS = np.random.default_rng(0).uniform(-4, 4, (30, 1))
OTHER = {
    "linear": (lambda x: 0.5 * x + 1, lambda x: x - 7.0, 2.5),
    "smooth": (lambda x: jnp.tanh(x) + 1, lambda x: jnp.tanh(x - 7.0), 5.0),
    "near": (lambda x: jnp.tanh(x) + 1, lambda x: x - 1.96104, 0.000129),
    "single": (
        lambda x: jnp.tanh(2 * x.astype(jnp.float32)), lambda x: x.astype(jnp.float32) - 3, 2.0
    ),
}  # fmt: skip


@pytest.mark.parametrize(("case", "certify"), [*((c, True) for c in OTHER), ("near", False)])
def test_zeros_of_a_residual_at_which_the_state_moves_are_rejected(case, certify):
    step, residual, speed = OTHER[case]
    system = sx.DiscreteMap(step, 1, residual=residual)
    points = sx.find_fixed_points(system, STARTS, certify=certify)
    assert not len(points.fixed) and not points.complete
    assert f"but the speed is {speed:.3g}" in points.outcome_reasons[0]
    assert "other zeros than the speed" in points.completeness or not certify


def test_the_speed_is_told_in_the_units_given():
    sizes = np.array([1e-9, 1e3])
    system = sx.Flow(
        lambda x: (sizes - x) / sizes, 2, residual=lambda x: (3 * sizes - x) / sizes[::-1]
    )
    points = sx.find_fixed_points(system, sizes * np.random.default_rng(0).uniform(0, 2, (20, 2)))
    assert not len(points.fixed) and "the speed is 2.83" in points.outcome_reasons[0]


def test_a_slow_point_is_proved_on_the_step():
    """The residual has no zero near 2, where the step has one."""
    system = sx.DiscreteMap(lambda x: 0.5 * x + 1, 1, residual=lambda x: x**2 + 1.0)
    points = sx.find_fixed_points(system, STARTS)
    assert (points.kind == "slow").all() and (points.speed < 1e-12).all()
    assert not points.certified.any()


def test_zeros_that_differ_by_rounding_are_not_certified():
    root = 2.0
    for _ in range(99):
        root = np.tanh(root) + 1
    root = float(root.round(10))
    system = sx.DiscreteMap(lambda x: jnp.tanh(x) + 1, 1, residual=lambda x: x - root)
    points = sx.find_fixed_points(system, STARTS)
    assert 0 < points.speed[0] < 1e-8
    assert not points.certified[0] and not points.complete and points.index_sum is None
    assert points.certificate[0] == "the residual has a zero there, the step has none"


def test_a_zero_on_all_kinks_that_the_step_does_not_have_is_not_certified():
    weights = np.array([[0.0, -3.0], [3.0, 0.0]])
    starts = np.random.default_rng(0).standard_normal((20, 2))

    def residual(x):
        return weights @ jax.nn.relu(x) - x

    for shift, certified in ((0.0, True), (1e-9, False)):
        system = sx.DiscreteMap(lambda x, b=shift: residual(x) + x + b, 2, residual=residual)
        points = sx.find_fixed_points(system, starts)
        assert points.states.tolist() == [[0.0, 0.0]] and points.certified.tolist() == [certified]
    assert points.certificate[0] == "the residual has a zero there, the step has none"


@pytest.mark.parametrize(
    "residual",
    [
        lambda x: (jnp.tanh(2 * x) - x) / (2 + x),
        lambda x: (jnp.tanh(2 * x) - x) ** 3,
    ],
)
def test_a_residual_with_the_same_zeros_is_taken(residual):
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1, residual=residual)
    points = sx.find_fixed_points(system, STARTS / 4, completeness=False)
    assert set(points.kind) == {"fixed"} and (points.speed < 1e-4).all()


def test_saturated_gates_raise_no_alarm():
    """There the speed of states that are no zeros is at rounding level, and z = 1 but for that."""
    network = sx.networks.GRU(2, 4, 1, key=jax.random.key(0))
    system = jax.tree.map(lambda a: 30 * a if eqx.is_inexact_array(a) else a, network).at_input(
        [1.0, 0.5]
    )
    points = sx.find_fixed_points(
        system, np.random.default_rng(0).uniform(-1, 1, (30, 4)), completeness=False
    )
    assert points.certified.all() and not any("but the speed" in t for t in points.outcome_reasons)


def test_a_complete_set_of_zeros_of_a_residual_given_says_so():
    own = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1, residual=lambda x: x - jnp.tanh(2 * x))
    network = sx.networks.GRU(2, 3, 1, key=jax.random.key(0)).at_input(np.zeros(2))
    plain = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    for system, said in ((own, True), (network, False), (plain, False)):
        starts = np.random.default_rng(0).uniform(-1, 1, (20, system.size))
        points = sx.find_fixed_points(system, starts)
        assert points.complete
        assert ("zeros of `residual`" in points.completeness) == said


def test_nothing_is_certified_of_a_step_without_bounds():
    def residual(x):
        return jnp.tanh(2 * x) - x

    def step(x):  # its fixed points are 1e-12 from the zeros of the residual
        return x + residual(x) + 1e-12 + 0 * jnp.sort(x)

    points = sx.find_fixed_points(sx.DiscreteMap(step, 1, residual=residual), STARTS)
    assert len(points.fixed) == 3 and not points.certified.any() and not points.complete
    assert all("no interval rule for sort" in text for text in points.certificate)
