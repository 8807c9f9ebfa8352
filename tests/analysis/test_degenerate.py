"""Zeros that are not isolated, functions that only come near zero, and float32 arithmetic."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx

LIKELY = "degenerate: a continuum"


def line_of_bent_returns(x):
    """Beside the line along v the field is not in the range of its Jacobian, as in real ones."""
    v = jnp.array([0.48, 0.6, 0.64])
    away = x - v * (v @ x)
    return -away - away**3


CONTINUA = {
    "line of a rectified network": (  # every r ≥ 0 with r₁ + r₂ = 1
        lambda: sx.Flow(lambda r: -r + jnp.maximum(1.0 - r[::-1], 0), 2, tau=100.0),
        systems.box(2, 0, 1, 40),
    ),
    "half line of one rectified unit": (
        lambda: sx.DiscreteMap(lambda x: jnp.maximum(x, 0), 1), systems.box(1, -1, 1, 9)
    ),
    "curved line with gaps": (  # damped steps from within a gap go far along the line
        lambda: sx.Flow(lambda x: jnp.stack([jnp.sin(x[1]) - x[0], 0 * x[1]]), 2),
        3 * np.random.default_rng(0).standard_normal((500, 2)),
    ),
    "identity up to rounding": (
        lambda: sx.DiscreteMap(lambda x: jnp.arcsinh(jnp.sinh(x)), 2), systems.box(2, -1, 1, 200)
    ),
    "line that Newton's steps would run away along": (
        lambda: sx.Flow(line_of_bent_returns, 3), systems.box(3, -1, 1, 40)
    ),
    "plane in three dimensions": (
        lambda: sx.Flow(lambda x: jnp.stack([0 * x[0], 0 * x[1], jnp.tanh(x[0]) - x[2]]), 3),
        systems.box(3, -2, 2, 60),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTINUA)
def test_a_continuum_is_one_point_that_says_so(name):
    system, starts = CONTINUA[name]
    points = sx.find_fixed_points(system(), starts)
    assert points.kind.tolist() == ["fixed"]
    assert not points.certified.any()
    assert points.certificate[0].startswith(LIKELY)
    assert points.stability.tolist() == ["marginal"]
    # rounding decides of single candidates, whether they run out of steps
    assert points.hits[0] >= 0.85 * len(starts)
    fixed = points.outcomes == "fixed"
    assert all(reason.startswith(LIKELY) for reason in points.outcome_reasons[fixed])
    assert points.speed[0] < 1e-14


def test_a_ring_and_the_isolated_point_within_are_told_apart():
    system = sx.Flow(lambda x: x * (1 - x @ x), 2)
    points = sx.find_fixed_points(system, systems.box(2, -1, 1, 60))
    order = np.argsort(points.certified)
    np.testing.assert_allclose(np.linalg.norm(points.states[order], axis=1), [1, 0], atol=1e-15)
    assert points.certified[order].tolist() == [False, True]
    assert points.stability[order[1]] == "unstable"


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_a_slow_system_is_no_continuum(kind):
    """Its slopes are small, but rounding leaves more than enough of them."""
    slow = lambda x: 1e-9 * (jnp.tanh(2 * x) - x)  # noqa: E731
    system = sx.Flow(slow, 2) if kind == "flow" else sx.DiscreteMap(lambda x: x + slow(x), 2)
    points = sx.find_fixed_points(system, systems.box(2, -1, 1, 100), completeness=False)
    assert len(points.fixed) == 9 and points.fixed.certified.all()


def test_two_separate_lines_are_two_continua():
    system = sx.Flow(lambda x: jnp.stack([0 * x[0], x[1] - x[1] ** 3]), 2)
    points = sx.find_fixed_points(system, systems.box(2, -2, 2, 80))
    assert sorted(points.states[:, 1]) == pytest.approx([-1, 0, 1], abs=1e-9)
    assert all(text.startswith(LIKELY) for text in points.certificate)


def test_a_degenerate_zero_that_is_isolated_is_no_continuum():
    points = sx.find_fixed_points(sx.Flow(lambda x: x**2, 1), np.linspace(-1, 1, 7)[:, None])
    assert points.kind.tolist() == ["fixed"] and abs(points.states[0, 0]) < 1e-7
    assert points.certificate[0].startswith("degenerate") and LIKELY not in points.certificate[0]


def test_a_far_off_candidate_does_not_make_a_ghost_fixed():
    points = sx.find_fixed_points(sx.Flow(lambda x: 1e-10 + x**2, 1), np.array([[1.0], [1e12]]))
    assert points.kind.tolist() == ["slow"] and points.certified.all()
    assert points.speed == pytest.approx([1e-10], rel=1e-12)


def test_an_unknown_operation_does_not_keep_points_from_being_found():
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * jnp.sort(x)), 2)
    points = sx.find_fixed_points(system, systems.box(2, -1, 1, 60)).fixed
    assert len(points) == 6  # of −0.9575, 0, 0.9575 those pairs that are in order
    assert all("sort" in text for text in points.certificate) and not points.certified.any()
    assert (points.residual <= points.rounding_level).all()


def test_an_input_in_float32_is_a_constant_like_any_other():
    """As in the primer's port, lambda h: cell(x, h), where BrainPy's x is of single precision."""
    exact, starts = systems.flip_flop("tanh16")
    held, weights = jnp.linspace(-0.1, 0.1, 16, dtype=jnp.float32), jnp.eye(16, dtype=jnp.float32)
    system = sx.DiscreteMap(lambda h: exact.function(h + held @ weights), 16)
    points = sx.find_fixed_points(system, starts[::16])
    assert points.precision == "float64" and points.index_sum == 1
    assert points.fixed.certified.all() and len(points.fixed) >= 8


def test_numbers_drawn_with_a_fixed_key_are_constants():
    step = lambda x: jnp.tanh(0.5 * x + jax.random.normal(jax.random.key(0), (2,)))  # noqa: E731
    points = sx.find_fixed_points(sx.DiscreteMap(step, 2), np.zeros((1, 2)))
    assert points.certified.tolist() == [True] and points.complete


def test_a_rectified_network_in_float32_is_led_near_by_the_exact_one():
    W, b = np.float32([[0.0, -0.5], [-0.5, 0.0]]), np.float32([1.0, 1.5])
    step = lambda x: jnp.maximum(W @ x.astype(jnp.float32) + b, 0)  # noqa: E731
    points = sx.find_fixed_points(sx.DiscreteMap(step, 2), systems.box(2, -3, 3, 20))
    assert points.states == pytest.approx(np.array([[1 / 3, 4 / 3]]), abs=1e-6)
    assert points.hits.tolist() == [20]
    assert points.precision == "float32" and not points.certified.any()


def test_the_last_steps_do_not_lead_across_a_jump():
    system = sx.DiscreteMap(lambda x: jnp.round(2 * x) / 4, 2)  # 1/4 is a limit, not a fixed point
    points = sx.find_fixed_points(system, systems.box(2, -1, 1, 20))
    assert (points.fixed.speed <= 1e-15).all()
    assert not points.certified[points.states.any(1)].any()
