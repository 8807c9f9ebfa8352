"""Slow curves: exact lines, ghosts and kinks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from fields import assert_fields

import separatrix as sx

SWAP = np.array([[0.0, -1.0], [-1.0, 0.0]])
LINE = sx.Flow(lambda r: -r + jax.nn.relu(SWAP @ r + 1.0), 2, tau=10.0)
DIFFERENCE = np.array([1.0, -1.0])


def random_map(activation, size, seed, gain, bias=0.0):
    rng = np.random.default_rng(seed)
    W = gain * rng.standard_normal((size, size)) / np.sqrt(size)
    b = bias * rng.standard_normal(size)
    return sx.DiscreteMap(lambda h: 0.8 * h + 0.2 * activation(W @ h + b), size, dt=20.0)


def test_an_exact_line_attractor_is_flat_where_it_is_one():
    values = np.linspace(-1.5, 1.5, 13)
    curve = sx.slow_curve(LINE, DIFFERENCE, values)
    on_it = np.abs(values) <= 1
    exact = np.column_stack([1 + values, 1 - values])[on_it] / 2
    np.testing.assert_allclose(curve.states[on_it], exact, atol=1e-15)
    # λ = −2 across the line: 10 ms / 2; at its ends the tangent has a corner
    assert_fields(curve[3:-3], tangents=[[0.5, -0.5]] * 7, transverse_time=[5.0] * 7)
    # beyond the ends r1 = c + …: minimum of |v|² on the slice, and the drift back
    np.testing.assert_allclose(curve.drift[[0, -1]], [0.3, -0.3], atol=1e-12)
    outcomes = np.where(on_it, "fixed", "minimum")
    assert_fields(curve, outcomes=outcomes, joined=np.arange(13) > 0)
    assert not len(curve.crossings)  # a continuum is no isolated point
    assert curve.flat(1e6) == [(-1.0, 1.0)]
    assert curve.passage_time() == np.inf


def test_a_ghost_takes_as_long_as_its_integral_says():
    """dx/dt = μ + x² takes 2 arctan(1/√μ)/√μ from −1 to 1."""
    mu = 1e-4
    values = np.linspace(-1, 1, 401)
    curve = sx.slow_curve(systems.ghost(mu).system, np.ones(1), values)
    assert (curve.outcomes == "minimum").all()  # slow, and never called fixed
    np.testing.assert_allclose(curve.drift, mu + values**2, rtol=1e-13)
    exact = 2 * np.arctan(1 / np.sqrt(mu)) / np.sqrt(mu)
    np.testing.assert_allclose(curve.passage_time(), exact, rtol=2e-3)
    assert np.isnan(curve.transverse_time).all()  # nothing is across in one dimension
    (stretch,) = curve.flat(2 / (4 * mu))  # where the drift is at most 4 μ: |x| ≤ √(3 μ)
    np.testing.assert_allclose(stretch, [-np.sqrt(3 * mu), np.sqrt(3 * mu)], atol=2 / 400)


def test_wong_wang_along_the_difference():
    values = np.linspace(-0.7, 0.65, 12)
    book = systems.wong_wang(30.0, 0.0)
    curve = sx.slow_curve(book.system, DIFFERENCE, values, book.states)
    known = np.sort(book.states @ DIFFERENCE)
    np.testing.assert_allclose(curve.crossing_values, known, atol=1e-11)
    assert curve.crossing_stability.tolist() == ["stable", "saddle", "stable"]
    assert curve.crossing_n_unstable.tolist() == [0, 1, 0]
    assert curve.joined[1:].all()
    assert np.isfinite(curve.transverse_time).all() and (curve.transverse_time > 0).all()


@pytest.mark.parametrize(
    ("system", "count"),
    [
        (random_map(jax.nn.relu, 10, 0, 1.2, 0.3), 50),  # its minima may lie on kinks
        (random_map(jnp.tanh, 12, 0, 1.5), 1),
    ],
)
def test_no_state_of_the_slice_beside_a_minimum_is_slower(system, count):
    size, rng = system.size, np.random.default_rng(0)
    axis = np.random.default_rng(10).standard_normal(size)
    starts = rng.standard_normal((count, size))
    curve = sx.slow_curve(system, axis, np.linspace(-2, 2, 9), starts)
    assert set(curve.outcomes) <= {"minimum", "fixed"}
    assert any("kinks" in r and "on 0" not in r for r in curve.reasons) == (count == 50)
    np.testing.assert_allclose(curve.states @ axis, curve.values, atol=1e-12)
    step = rng.standard_normal((400, size))
    step -= np.outer(step @ axis, axis) / (axis @ axis)
    step *= 10.0 ** rng.uniform(-7, -2, (400, 1)) / np.linalg.norm(step, axis=1, keepdims=True)
    with jax.enable_x64(True):
        speed = jax.jit(jax.vmap(system.speed))
        for x, lowest in zip(curve.states, curve.speed, strict=True):
            assert (np.asarray(speed(x + step)) >= lowest * (1 - 1e-12)).all()


FIRST = np.array([1.0, 0.0])
REJECTED = {  # a flow, values along its first unit, a start, and the outcomes
    # of a function that is not piecewise linear a kink is not called a minimum
    "a kink": (
        lambda x: jnp.stack([1.0 + x[0] ** 2, 0.1 + jnp.abs(jnp.sinh(x[1]))]),
        [0.0, 0.5],
        [[0.0, 0.4]],
        ["rejected", "rejected"],
    ),
    "a pole": (
        lambda x: jnp.append(1 / (x[0] - 0.5), -x[1:]),
        [0.0, 0.5, 1.0],
        None,
        ["minimum", "rejected", "minimum"],
    ),
    "a logarithm": (jnp.log, [-1.0, 0.0, 1.0], None, ["rejected"] * 3),
}


@pytest.mark.parametrize("name", REJECTED)
def test_what_is_neither_fixed_nor_a_minimum_is_rejected(name):
    field, values, start, outcomes = REJECTED[name]
    start = start if start is None else np.array(start)
    curve = sx.slow_curve(sx.Flow(field, 2), FIRST, values, start)
    assert curve.outcomes.tolist() == outcomes
    rejected = curve.outcomes == "rejected"
    assert np.isnan(curve.drift[rejected]).all() and np.isnan(curve.states[rejected]).all()


def test_a_curve_that_jumps_says_so():
    """Two wells in y; the lower one changes sides at x = 0."""

    def field(z):
        x, y = z
        return jnp.stack([jnp.ones(()), (y**2 - 1) ** 2 + 0.3 * x * y + 1.0])

    values = np.linspace(-1, 1, 8)
    curve = sx.slow_curve(sx.Flow(field, 2), FIRST, values, np.stack([values, -np.sign(values)], 1))
    assert (np.sign(curve.states[:, 1]) == -np.sign(curve.values)).all()
    assert curve.joined.tolist() == [False, *[True] * 3, False, *[True] * 3]
