"""Slow curves: exact lines, ghosts and kinks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx

SWAP = np.array([[0.0, -1.0], [-1.0, 0.0]])
LINE = sx.Flow(lambda r: -r + jax.nn.relu(SWAP @ r + 1.0), 2, tau=10.0)
DIFFERENCE = np.array([1.0, -1.0])


def relu_map(size, seed, gain=1.2):
    rng = np.random.default_rng(seed)
    W = gain * rng.standard_normal((size, size)) / np.sqrt(size)
    b = 0.3 * rng.standard_normal(size)
    return sx.DiscreteMap(lambda h: 0.8 * h + 0.2 * jax.nn.relu(W @ h + b), size, dt=20.0)


def smooth_network(size=12, seed=0):
    W = np.random.default_rng(seed).standard_normal((size, size)) * 1.5 / np.sqrt(size)
    return sx.DiscreteMap(lambda h: 0.8 * h + 0.2 * jnp.tanh(W @ h), size, dt=20.0)


def test_an_exact_line_attractor_is_flat_where_it_is_one():
    values = np.linspace(-1.5, 1.5, 13)
    curve = sx.slow_curve(LINE, DIFFERENCE, values)
    on_it = np.abs(values) <= 1
    assert (curve.outcomes == np.where(on_it, "fixed", "minimum")).all()
    exact = np.column_stack([1 + values, 1 - values]) / 2
    np.testing.assert_allclose(curve.states[on_it], exact[on_it], atol=1e-15)
    np.testing.assert_allclose(curve.tangents[3:-3], [[0.5, -0.5]] * 7, atol=1e-12)
    # λ = −2 across the line: 10 ms / 2; at its ends the tangent has a corner
    np.testing.assert_allclose(curve.transverse_time[3:-3], 5.0, rtol=1e-12)
    # beyond the ends r1 = c + …: minimum of |v|² on the slice, and the drift back
    np.testing.assert_allclose(curve.drift[[0, -1]], [0.3, -0.3], atol=1e-12)
    assert curve.joined[1:].all() and not curve.joined[0]
    assert curve.flat(1e6) == [(-1.0, 1.0)]
    assert not len(curve.crossings)  # a continuum is no isolated point
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


def assert_minima(curve, system, trials=400, seed=0):
    """No state on the slice beside a minimum, at any of several distances, is slower."""
    rng = np.random.default_rng(seed)
    unit = np.asarray(curve.axis) / np.linalg.norm(curve.axis)
    with jax.enable_x64(True):
        speed = jax.jit(jax.vmap(system.speed))
        for x, lowest in zip(curve.states, curve.speed, strict=True):
            step = rng.standard_normal((trials, len(x)))
            step -= np.outer(step @ unit, unit)
            step /= np.linalg.norm(step, axis=1, keepdims=True)
            step *= 10.0 ** rng.uniform(-7, -2, (trials, 1))
            assert (np.asarray(speed(x + step)) >= lowest * (1 - 1e-12)).all()


def test_minima_of_relu_systems_may_lie_on_kinks():
    seed = 0
    system = relu_map(10, seed)
    axis = np.random.default_rng(seed + 10).standard_normal(10)
    starts = np.random.default_rng(seed).standard_normal((50, 10))
    curve = sx.slow_curve(system, axis, np.linspace(-2, 2, 9), starts)
    assert set(curve.outcomes) <= {"minimum", "fixed"}
    assert any("on 0 kinks" not in reason for reason in curve.reasons)
    np.testing.assert_allclose(curve.states @ axis, curve.values, atol=1e-12)
    assert_minima(curve, system)


def test_minima_of_smooth_systems():
    system = smooth_network()
    axis = np.random.default_rng(1).standard_normal(12)
    curve = sx.slow_curve(system, axis, np.linspace(-2, 2, 9))
    np.testing.assert_allclose(curve.states @ axis, curve.values, atol=1e-12)
    assert (curve.outcomes != "rejected").all()
    assert_minima(curve, system)


def test_a_kink_of_a_function_that_is_not_piecewise_linear_is_not_called_a_minimum():
    system = sx.Flow(lambda x: jnp.stack([1.0 + x[0] ** 2, 0.1 + jnp.abs(jnp.sinh(x[1]))]), 2)
    curve = sx.slow_curve(system, np.array([1.0, 0.0]), [0.0, 0.5], np.array([[0.0, 0.4]]))
    assert (curve.outcomes == "rejected").all()
    assert all("kink" in reason for reason in curve.reasons)
    assert np.isnan(curve.states).all() and np.isnan(curve.drift).all()


def test_a_curve_that_jumps_says_so():
    """Two wells in y; the lower one changes sides at x = 0."""

    def field(z):
        x, y = z
        return jnp.stack([jnp.ones(()), (y**2 - 1) ** 2 + 0.3 * x * y + 1.0])

    system = sx.Flow(field, 2)
    starts = np.array([[x, np.sign(-x)] for x in np.linspace(-1, 1, 8)])
    curve = sx.slow_curve(system, np.array([1.0, 0.0]), np.linspace(-1, 1, 8), starts)
    assert (np.sign(curve.states[:, 1]) == -np.sign(curve.values)).all()
    assert curve.joined.tolist() == [False, *[True] * 3, False, *[True] * 3]


def test_a_start_that_is_not_finite_is_refused_and_a_slice_where_the_system_fails_is_rejected():
    with pytest.raises(sx.InvalidInputError, match="start: no state is finite"):
        sx.slow_curve(LINE, DIFFERENCE, [0.0], np.full((2, 2), np.nan))
    log = sx.Flow(lambda x: jnp.log(x) + x[::-1], 2)
    curve = sx.slow_curve(log, np.array([1.0, 0.0]), [-1.0, 1.0], np.array([[1.0, 0.3]]))
    assert curve.outcomes.tolist()[0] == "rejected"
    nowhere = sx.slow_curve(sx.Flow(jnp.log, 2), np.array([1.0, 0.0]), [-1.0, 0.0, 1.0])
    assert nowhere.outcomes.tolist() == ["rejected"] * 3
    assert np.isnan(nowhere.drift).all()


@pytest.mark.parametrize(
    ("axis", "values", "start", "text"),
    [
        (np.ones(3), [0.0], None, r"axis must have shape \(2,\).*got \(3,\)"),
        (np.zeros(2), [0.0], None, "axis is zero everywhere"),
        (np.array([np.nan, 1]), [0.0], None, "axis has 1 values that are NaN"),
        (np.ones(2), [], None, "values must be a list"),
        (np.ones(2), [1.0, 0.0], None, "values must increase"),
        (np.ones(2), [0.0, np.inf], None, "values has 1 values"),
        (np.ones(2), [0.0], np.ones((4, 3)), r"start must have shape \(…, 2\).*got \(4, 3\)"),
    ],
)
def test_what_does_not_fit_is_refused(axis, values, start, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.slow_curve(LINE, axis, values, start)


def test_a_pole_is_neither_fixed_nor_a_minimum():
    size = 2
    field = lambda x: jnp.append(1 / (x[0] - 0.5), -x[1:])  # noqa: E731
    curve = sx.slow_curve(sx.Flow(field, size), np.eye(size)[0], [0.0, 0.5, 1.0])
    assert curve.outcomes.tolist() == ["minimum", "rejected", "minimum"]
    assert curve.reasons[1] == "the start, or the system there, is NaN or infinite"
    assert np.isnan(curve.drift[1])
