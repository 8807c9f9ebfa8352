import jax.numpy as jnp
import numpy as np
import pytest
import systems
from fields import assert_fields
from linear_tools import linear_flow, linear_map, with_spectrum

import separatrix as sx
from separatrix.analysis.lyapunov import kaplan_yorke

TangentQR = sx.solvers.TangentQR


VALUES = np.array([1.05, -0.8, 0.3, 0.05])


@pytest.mark.parametrize("every", [1, 3])
def test_a_linear_map_has_the_logarithms_of_its_eigenvalues(every):
    method, rates = TangentQR(steps=100, transient=300, every=every), np.log(np.abs(VALUES))
    system = linear_map(with_spectrum(VALUES))
    got = sx.lyapunov_exponents(system, np.ones((2, 4)), method=method)
    # 1 + ln 1.05 / |ln 0.8|: the area of one direction and a part of the next is kept
    dimension = 1 + np.log(1.05) / -np.log(0.8)
    assert_fields(got, exponents=[rates] * 2, standard_error=np.zeros((2, 4)), atol=1e-11)
    assert_fields(got, time_constants=[-10 / rates] * 2, kaplan_yorke=dimension, rtol=1e-8)
    assert (got.step, got.checkpoints[-1], got.system) == (10.0, 100, "map")


def test_a_linear_flow_has_the_real_parts_of_its_eigenvalues():
    """Runge–Kutta grows by e^{λh} to the fifth order, which is what is left of the error."""
    values = np.array([0.2, -0.5, -2.0])
    method = TangentQR(steps=200, transient=4000, dt=0.4)
    system = linear_flow(with_spectrum(values), tau=20.0)
    got = sx.lyapunov_exponents(system, np.ones(3), method=method)
    np.testing.assert_allclose(got.exponents[0], values, atol=1e-7)
    np.testing.assert_allclose(got.time_constants[0], [-100, 40, 10], rtol=1e-6)
    assert got.step == pytest.approx(0.4)


def around_a_circle(x):
    """The normal form of a Hopf bifurcation: on its cycle of radius 1 the exponents are 0, −2."""
    return x * (1 - x @ x) + 2 * jnp.stack([-x[1], x[0]])


def spiral(x):
    return jnp.array([[-0.3, 2.0], [-2.0, -0.3]]) @ x


@pytest.mark.parametrize("dt", [None, 0.05, 0.2])
@pytest.mark.parametrize(
    ("field", "exponents"),
    [(spiral, [-0.3, -0.3]), (around_a_circle, [0.0, -2.0])],
    ids=["linear", "cycle"],
)
def test_the_error_of_a_flow_holds_what_its_integrator_does(field, exponents, dt):
    method = TangentQR(steps=3000, dt=dt)
    got = sx.lyapunov_exponents(sx.Flow(field, 2), np.array([1.0, 0.0]), method=method)
    off, said = np.abs(got.exponents[0] - exponents), np.asarray(got.standard_error[0])
    assert (off <= 2 * said + 1e-14).all() and (said < 2 * off.max() + 1e-12).all(), (off, said)


CHAOTIC = {  # its exponents, how well they are known, their sum and how well it is met, dimension
    "Hénon": (
        systems.henon(),
        TangentQR(steps=20_000),
        {0: (0.4192, 2e-3), 1: (-1.6229, 2e-3)},
        (np.log(0.3), 1e-10),
        (1.2583, 0.01),
    ),
    # volumes shrink at the constant rate −10 − 1 − 8/3; what is left is the integrator's error
    "Lorenz": (
        systems.lorenz(28.0),
        TangentQR(steps=40_000, transient=2000),
        {0: (0.9056, 0.01), 2: (-14.5721, 0.01)},
        (-41 / 3, 2e-4),
        (2.062, 0.005),
    ),
}


@pytest.mark.parametrize("name", CHAOTIC)
def test_chaotic_systems_have_the_exponents_of_the_literature(name):
    system, method, known, (total, error), (dimension, tolerance) = CHAOTIC[name]
    starts = 0.1 * np.random.default_rng(0).standard_normal((8, system.size))
    got = sx.lyapunov_exponents(system, starts, method=method)
    for index, (exponent, worst) in known.items():
        estimates = got.exponents[:, index]
        standard_error = estimates.std(ddof=1) / len(estimates) ** 0.5
        assert standard_error < worst
        # within four standard errors of a number that is known to four digits
        assert abs(estimates.mean() - exponent) < 4 * standard_error + 1e-4
    np.testing.assert_allclose(got.exponents.sum(1), total, atol=error)
    np.testing.assert_allclose(got.kaplan_yorke, dimension, atol=tolerance)
    if name == "Lorenz":
        np.testing.assert_allclose(got.exponents[:, 1], 0, atol=0.01)


def test_inputs_that_vary_in_time():
    """Against the product of the Jacobians, step by step."""
    J = np.array([[1.2, 0.4], [-0.6, 0.9]])
    system = sx.DiscreteMap(lambda x, u: jnp.tanh(J @ x + u), 2, input=np.zeros(2))
    inputs, method = np.random.default_rng(0).standard_normal((3, 60, 2)), TangentQR(transient=10)
    got = sx.lyapunov_exponents(system, np.zeros((3, 2)), inputs=inputs, method=method)
    for trial in range(3):
        x, log_det = np.zeros(2), 0.0
        for t, u in enumerate(inputs[trial]):
            x = np.tanh(J @ x + u)
            log_det += (t >= 10) * np.log(abs(np.linalg.det((1 - x**2)[:, None] * J)))
        np.testing.assert_allclose(got.exponents[trial].sum(), log_det / 50, rtol=1e-10)
        np.testing.assert_allclose(got.end[trial], x, atol=1e-12)
    shared = sx.lyapunov_exponents(system, np.zeros((2, 2)), inputs=inputs[1], method=method)
    np.testing.assert_allclose(shared.exponents, got.exponents[[1, 1]], rtol=1e-12)


def test_units_that_collapse_at_once_have_minus_infinity():
    """relu(W x + b) with one unit that is never active: its direction is gone after a step."""
    W, b = np.array([[0.5, 0.2], [0.3, 0.1]]), np.array([1.0, -9.0])
    system = sx.DiscreteMap(lambda x: jnp.maximum(W @ x + b, 0), 2)
    got = sx.lyapunov_exponents(system, np.ones(2), method=TangentQR(steps=200))
    np.testing.assert_allclose(got.exponents, [[np.log(0.5), -np.inf]], atol=1e-12)
    assert (got.time_constants[0, 1], got.standard_error[0, 1], got.kaplan_yorke[0]) == (0, 0, 0)


def test_a_trajectory_that_leaves_does_not_disturb_the_others():
    system = sx.DiscreteMap(lambda x: x**2 - 0.5, 1)
    method = TangentQR(steps=400, transient=0)
    got = sx.lyapunov_exponents(system, np.array([[0.1], [5.0]]), method=method)
    fixed = (1 - 3**0.5) / 2
    assert got.history[0, -1, 0] == pytest.approx(np.log(2 * abs(fixed)), abs=0.02)
    assert np.isnan(got.exponents[1, 0]) and np.isnan(got.kaplan_yorke[1])
    assert "infinity" in got.outcome[1] and "infinity" not in got.outcome[0]
    alone = sx.lyapunov_exponents(system, np.array([5.0]))
    assert np.isnan(alone.exponents).all() and "unknown" in repr(alone)


def test_growth_without_bound_is_not_called_chaos():
    """relu(1.1 x): the state grows by 1.1 a step for ever, and so do its neighbors."""
    system = sx.DiscreteMap(lambda x: jnp.maximum(1.1 * x, 0), 1)
    got = sx.lyapunov_exponents(system, np.ones((1, 1)), method=TangentQR(steps=1000))
    np.testing.assert_allclose(got.exponents, np.log(1.1), atol=1e-12)
    assert "bound" in got.outcome[0]


def test_an_exponent_that_may_be_zero_is_said_to_be():
    """On a circle that is gone round by an irrational angle there is no growth and no decay."""
    turn = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    push = np.array([1.0, 0.8])
    step = lambda z: push * (turn @ (z / push)) / jnp.linalg.norm(z / push) ** 0.5  # noqa: E731
    method = TangentQR(steps=997, transient=100)
    got = sx.lyapunov_exponents(sx.DiscreteMap(step, 2), np.ones(2), method=method)
    np.testing.assert_allclose(got.exponents, [[0, np.log(0.5)]], atol=2e-3)
    assert abs(got.exponents[0, 0]) < 1e-3 and "may be 0" in got.outcome[0]


@pytest.mark.parametrize(
    ("system", "starts", "exponent", "dt"),
    [(systems.van_der_pol(), 2.0, 0.0, 0.02), (systems.henon(), 0.1, 0.41922, None)],
    ids=["cycle", "chaos"],
)
def test_two_standard_errors_cover_the_exponent(system, starts, exponent, dt):
    """Of 96 runs that start anywhere and last 80 to 100 % of some time; more in the benchmarks."""
    rng, runs = np.random.default_rng(0), []
    for steps in np.linspace(3200, 4000, 12).astype(int).tolist():
        method = TangentQR(steps=steps, transient=1500, num_exponents=1, dt=dt)
        states = rng.uniform(-starts, starts, (8, 2))
        runs.append(sx.lyapunov_exponents(system, states, method=method))
    off = np.abs(np.concatenate([run.exponents[:, 0] for run in runs]) - exponent)
    said = np.concatenate([run.standard_error[:, 0] for run in runs])
    assert (off <= 2 * said).mean() >= 0.85 and (off <= 3 * said).mean() >= 0.97
    assert 0.7 < np.sqrt((said**2).mean() / (off**2).mean()) < 2.2


@pytest.mark.parametrize(
    ("exponents", "size", "dimension"),
    [
        ([0.9056, 0, -14.5721], 3, 2 + 0.9056 / 14.5721),
        ([-0.1, -0.2], 2, 0),
        ([0.5, -np.inf], 2, 1),
        ([0.5, 0.1], 2, 2),
        ([0.5, 0.1], 3, np.nan),
        ([0.5, -1.0], 3, 1.5),
        ([np.nan, np.nan], 2, np.nan),
    ],
)
def test_the_kaplan_yorke_dimension(exponents, size, dimension):
    np.testing.assert_allclose(kaplan_yorke(np.array(exponents, float), size), dimension)


def test_points_are_starts():
    """Exponents at fixed points are the logarithms of their multipliers."""
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    points = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    found = sx.lyapunov_exponents(system, points, method=TangentQR(steps=50, transient=0))
    expected = np.log(2 * (1 - np.square(points.states)))
    np.testing.assert_allclose(found.exponents, expected, atol=1e-6)
