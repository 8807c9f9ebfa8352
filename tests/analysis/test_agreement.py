"""A residual of one's own that has other zeros than the step makes sure of nothing."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import separatrix as sx


def twice(x):
    return jnp.tanh(2 * x)


STARTS = np.random.default_rng(0).uniform(-4, 4, (30, 1))
SIZES = np.array([1e-9, 1e3])
STARTS_BY_SIZE = SIZES * np.random.default_rng(0).uniform(0, 2, (20, 2))
OTHER = {  # a system whose residual has other zeros, starts, and the speed there
    "linear": (sx.DiscreteMap(lambda x: 0.5 * x + 1, 1, residual=lambda x: x - 7.0), STARTS, "2.5"),
    "smooth": (
        sx.DiscreteMap(lambda x: jnp.tanh(x) + 1, 1, residual=lambda x: jnp.tanh(x - 7.0)),
        STARTS,
        "5",
    ),
    "near": (
        sx.DiscreteMap(lambda x: jnp.tanh(x) + 1, 1, residual=lambda x: x - 1.96104),
        STARTS,
        "0.000129",
    ),
    "single": (
        sx.DiscreteMap(
            lambda x: jnp.tanh(2 * x.astype(jnp.float32)),
            1,
            residual=lambda x: x.astype(jnp.float32) - 3,
        ),
        STARTS,
        "2",
    ),
    "units of any size": (
        sx.Flow(lambda x: (SIZES - x) / SIZES, 2, residual=lambda x: (3 * SIZES - x) / SIZES[::-1]),
        STARTS_BY_SIZE,
        "2.83",
    ),
}


@pytest.mark.parametrize(("case", "certify"), [*((c, True) for c in OTHER), ("near", False)])
def test_zeros_of_a_residual_at_which_the_state_moves_are_rejected(case, certify):
    system, starts, speed = OTHER[case]
    points = sx.find_fixed_points(system, starts, certify=certify)
    assert not len(points.fixed) and not points.complete
    assert f"the speed is {speed};" in points.outcome_reasons[0]


def test_a_slow_point_is_proved_on_the_step():
    """The residual has no zero near 2, where the step has one."""
    system = sx.DiscreteMap(lambda x: 0.5 * x + 1, 1, residual=lambda x: x**2 + 1.0)
    points = sx.find_fixed_points(system, STARTS)
    assert (points.kind == "slow").all() and (points.speed < 1e-12).all()
    assert not points.certified.any()


def test_zeros_that_differ_by_rounding_are_not_certified():
    root = round(brentq(lambda x: np.tanh(x) + 1 - x, 1, 3, xtol=1e-14), 10)
    system = sx.DiscreteMap(lambda x: jnp.tanh(x) + 1, 1, residual=lambda x: x - root)
    points = sx.find_fixed_points(system, STARTS)
    assert 0 < points.speed[0] < 1e-8
    assert not points.certified[0] and not points.complete and points.index_sum is None
    assert "the step has none" in points.certificate[0]


@pytest.mark.parametrize(
    "residual",
    [
        lambda x: (twice(x) - x) / (2 + x),
        lambda x: (twice(x) - x) ** 3,
    ],
)
def test_a_residual_with_the_same_zeros_is_taken(residual):
    system = sx.DiscreteMap(twice, 1, residual=residual)
    points = sx.find_fixed_points(system, STARTS / 4, completeness=False)
    assert set(points.kind) == {"fixed"} and (points.speed < 1e-4).all()


def test_saturated_gates_raise_no_alarm():
    """There the speed of states that are no zeros is at rounding level, and z = 1 but for that."""
    network = sx.networks.GRU(2, 4, 1, key=jax.random.key(0))
    large = jax.tree.map(lambda a: 30 * a if eqx.is_inexact_array(a) else a, network)
    starts = np.random.default_rng(0).uniform(-1, 1, (30, 4))
    points = sx.find_fixed_points(large.at_input([1.0, 0.5]), starts, completeness=False)
    assert points.certified.all() and not any("but the speed" in t for t in points.outcome_reasons)


@pytest.mark.parametrize(
    ("system", "said"),
    [
        (sx.DiscreteMap(twice, 1, residual=lambda x: x - twice(x)), True),
        (sx.networks.GRU(2, 3, 1, key=jax.random.key(0)).at_input(np.zeros(2)), False),
        (sx.DiscreteMap(twice, 1), False),
    ],
)
def test_a_complete_set_of_zeros_of_a_residual_given_says_so(system, said):
    starts = np.random.default_rng(0).uniform(-1, 1, (20, system.size))
    points = sx.find_fixed_points(system, starts)
    assert points.complete and ("`residual`" in points.completeness) == said


def test_nothing_is_certified_of_a_step_without_bounds():
    residual = lambda x: twice(x) - x  # noqa: E731
    # the fixed points of the step are 1e-12 from the zeros of the residual
    step = lambda x: x + residual(x) + 1e-12 + 0 * jnp.sort(x)  # noqa: E731
    points = sx.find_fixed_points(sx.DiscreteMap(step, 1, residual=residual), STARTS)
    assert len(points.fixed) == 3 and not points.certified.any() and not points.complete
    assert all("sort" in text for text in points.certificate)
