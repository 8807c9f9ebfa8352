"""Systems whose Jacobian is too large to be formed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fields import assert_fields

import separatrix as sx

SIZE = 4096
GAINS = np.full(SIZE, 0.1)
GAINS[:6] = 3.0, 2.0, 1.5, 0.8, 0.5, 0.3
ACTIVE = np.zeros(SIZE)  # of the units whose gain is above 1, the positive root of x = tanh(g x)
ACTIVE[:3] = 0.9949015284526289, 0.9575040240772687, 0.8585596366401104


def units(kind="map"):
    """x ↦ tanh(g x), unit by unit: 27 fixed points, whose eigenvalues are g (1 − x²)."""
    flow = sx.Flow(lambda x: jnp.tanh(GAINS * x) - x, SIZE)
    return flow if kind == "flow" else sx.DiscreteMap(lambda x: jnp.tanh(GAINS * x), SIZE)


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_zeros_of_many_units(kind):
    starts = np.array([[0.9], [-1.0], [0.8], [0.0]]) * np.ones(SIZE)
    points = sx.find_fixed_points(units(kind), starts)
    assert_fields(
        points,
        kind=["fixed"] * 3,
        n_unstable=[0, 0, 3],
        stability=["stable", "stable", "saddle"],
        largest_eigenvalue=np.array([0.8, 0.8, 3.0]) - (kind == "flow"),
        certified=[False] * 3,
        atol=1e-6,
    )
    assert points.hits.tolist() in ([2, 1, 1], [1, 2, 1])
    expected = np.array([ACTIVE, ACTIVE, 0 * ACTIVE])
    np.testing.assert_allclose(np.abs(points.states), expected, atol=1e-14)
    assert (points.residual <= points.rounding_level).all()
    assert all(text.startswith("too large") for text in points.certificate)
    assert not points.complete and points.index_sum is None and points.coverage < 1.0


UNKNOWN = {
    "more unstable directions than are looked for": sx.DiscreteMap(
        lambda x: jnp.tanh((1.2 + jnp.arange(SIZE)) * x), SIZE
    ),
    "derivatives that are NaN": sx.Flow(lambda x: jnp.sqrt(jax.nn.relu(x - 1)) - x, SIZE),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_number_of_unstable_directions_that_is_not_known(name):
    points = sx.find_fixed_points(UNKNOWN[name], np.zeros((1, SIZE)))
    assert points.kind.tolist() == ["fixed"] and points.states.any() == 0
    assert points.n_unstable.tolist() == [-1] and points.stability.tolist() == ["unknown"]


def test_a_continuum_of_a_large_system_is_one_point():
    m = np.random.default_rng(0).standard_normal(SIZE) / np.sqrt(SIZE)
    system = sx.DiscreteMap(lambda x: x - m * jnp.tanh(m @ x), SIZE)  # all of m · x = 0 is fixed
    points = sx.find_fixed_points(system, np.random.default_rng(1).uniform(-1, 1, (12, SIZE)))
    assert points.kind.tolist() == ["fixed"] and points.hits.tolist() == [12]
    assert "a continuum of fixed points is likely (others lie between)" in points.certificate[0]
    assert np.isinf(points.error_bound[0]) and abs(m @ points.states[0]) < 1e-12


def rank_one(nonlinearity, bias=0.0, size=SIZE):
    """A flow whose zeros lie where one variable, the overlap with `right`, does."""
    left = np.random.default_rng(0).standard_normal((size, 1))
    right = 1.6 * left + 0.1 * np.random.default_rng(1).standard_normal((size, 1))
    return sx.Flow(lambda x: -x + left @ (right.T @ nonlinearity(x)) / size + bias, size)


def unlike_leaks(x):
    left = np.random.default_rng(0).standard_normal((SIZE, 1))
    return 1.6 * left @ (left.T @ jnp.tanh(x)) / SIZE - np.linspace(0.5, 1.5, SIZE) * x


TANH = rank_one(jnp.tanh)
LATENT = {  # a system, and whether its index sum and its unstable directions are counted
    "tanh, map": (sx.DiscreteMap(lambda x: x + TANH.evaluate(x), SIZE), True, True),
    "tanh, flow": (TANH, True, True),
    "unlike leaks": (sx.Flow(unlike_leaks, SIZE), True, False),
    "relu": (rank_one(jax.nn.relu, bias=0.1), False, True),
    "relu, fewer units": (rank_one(jax.nn.relu, bias=0.1, size=60), False, True),
}


@pytest.mark.parametrize("name", LATENT)
def test_what_latent_variables_decide_is_proved_of_many_units(name):
    system, has_box, counted = LATENT[name]
    starts = np.random.default_rng(2).standard_normal((6, system.size))
    points = sx.find_fixed_points(system, starts)
    assert points.kind.tolist() == ["fixed"] * 3 and points.certified.all()
    assert points.complete and points.index_sum == (1 if has_box else None)
    assert points.stability.tolist() == ["stable", "stable", "saddle"]
    assert points.n_unstable.tolist() == [0, 0, 1]
    assert (points.n_unstable_certified == counted).all()
    assert points.hits.sum() == 6  # of candidates, whose own points are taken for those proved
    known = sx.find_fixed_points(system, starts, completeness=False)
    assert known.certified.all() and not known.complete
    if "tanh" in name:
        assert np.abs(points.states[0] + points.states[1]).max() < 1e-12
        assert (np.abs(points.states).max(1) <= 6).all() and (points.radius > 1).all()


def test_a_continuum_is_not_searched_to_the_end():
    """A ring of 2100 units: boxes along it could be halved for ever."""
    plane = np.linalg.qr(np.random.default_rng(0).standard_normal((2100, 2)))[0]

    def field(x):
        k = plane.T @ x
        length = jnp.sqrt(1e-12 + k @ k)
        return -x + plane @ (k / length * jnp.tanh(1.5 * length))

    starts = np.random.default_rng(1).standard_normal((20, 2100))
    points = sx.find_fixed_points(sx.Flow(field, 2100), np.vstack([starts, np.zeros((1, 2100))]))
    assert "continuum" in points.completeness and not points.complete
    middle = np.abs(points.states).max(axis=1) < 1e-9
    assert middle.tolist() == [False, True] and not points.certified.any()
    assert points.certificate[0].startswith("degenerate: a continuum")


def test_a_residual_that_the_step_contradicts_proves_nothing_of_many_units():
    """Where latent variables decide the residual, but nothing is known of the step."""
    half = lambda x: x + 0.5 * TANH.velocity(x)  # noqa: E731
    jump = jax.custom_jvp(lambda x: half(x) + jnp.sort(x)[0] * 0.0)
    jump.defjvp(lambda x, dx: (jump(*x), jax.jvp(half, x, dx)[1]))
    system = sx.DiscreteMap(jump, SIZE, residual=TANH.velocity)
    points = sx.find_fixed_points(system, np.random.default_rng(0).standard_normal((3, SIZE)))
    assert not points.certified.any() and not points.complete
