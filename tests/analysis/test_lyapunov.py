import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.lyapunov import kaplan_yorke

TangentQR = sx.solvers.TangentQR


def henon(x):
    return jnp.stack([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]])


def lorenz(x):
    return jnp.stack([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])


def with_eigenvalues(values, seed=0):
    basis = np.random.default_rng(seed).standard_normal((len(values), len(values)))
    return basis @ np.diag(values) @ np.linalg.inv(basis)


VALUES = np.array([1.05, -0.8, 0.3, 0.05])


@pytest.mark.parametrize("every", [1, 3])
def test_a_linear_map_has_the_logarithms_of_its_eigenvalues(every):
    J = with_eigenvalues(VALUES)
    method = TangentQR(steps=100, transient=300, every=every)
    got = sx.lyapunov_exponents(
        sx.DiscreteMap(lambda x: J @ x, 4, dt=10.0), np.ones((2, 4)), method=method
    )
    np.testing.assert_allclose(got.exponents, [np.log(np.abs(VALUES))] * 2, atol=1e-11)
    np.testing.assert_allclose(got.time_constants[0], -10 / np.log(np.abs(VALUES)), rtol=1e-8)
    assert (got.standard_error < 1e-12).all()
    assert (got.step, got.checkpoints[-1], got.system) == (10.0, 100, "map")
    # 1 + ln 1.05 / |ln 0.8|: the area of one direction and a part of the next is kept
    np.testing.assert_allclose(got.kaplan_yorke, 1 + np.log(1.05) / -np.log(0.8), rtol=1e-9)


def test_a_linear_flow_has_the_real_parts_of_its_eigenvalues():
    """Runge–Kutta grows by e^{λh} to the fifth order, which is what is left of the error."""
    values = np.array([0.2, -0.5, -2.0])
    A = with_eigenvalues(values)
    system = sx.Flow(lambda x: A @ x, 3, tau=20.0)
    method = TangentQR(steps=200, transient=4000, dt=0.4)
    got = sx.lyapunov_exponents(system, np.ones(3), method=method)
    np.testing.assert_allclose(got.exponents[0], values, atol=1e-7)
    np.testing.assert_allclose(got.time_constants[0], [-100, 40, 10], rtol=1e-6)
    assert got.step == pytest.approx(0.4)


def within_error(got, index, known, worst):
    """The mean over trajectories is the known number within four of its standard errors."""
    estimates = got.exponents[:, index]
    error = estimates.std(ddof=1) / len(estimates) ** 0.5
    assert error < worst
    assert abs(estimates.mean() - known) < 4 * error + 1e-4  # known to four digits


def test_the_henon_map():
    starts = 0.1 * np.random.default_rng(0).standard_normal((8, 2))
    got = sx.lyapunov_exponents(sx.DiscreteMap(henon, 2), starts, method=TangentQR(steps=20_000))
    within_error(got, 0, 0.4192, 2e-3)
    within_error(got, 1, -1.6229, 2e-3)
    np.testing.assert_allclose(got.exponents.sum(1), np.log(0.3), atol=1e-10)
    np.testing.assert_allclose(got.kaplan_yorke, 1.2583, atol=0.01)


def test_the_lorenz_system():
    starts = np.random.default_rng(0).standard_normal((8, 3))
    method = TangentQR(steps=40_000, transient=2000)
    got = sx.lyapunov_exponents(sx.Flow(lorenz, 3), starts, method=method)
    within_error(got, 0, 0.9056, 0.01)
    within_error(got, 2, -14.5721, 0.01)
    np.testing.assert_allclose(got.exponents[:, 1], 0, atol=0.01)
    # volumes shrink at the constant rate −10 − 1 − 8/3; what is left is the integrator's error
    np.testing.assert_allclose(got.exponents.sum(1), -41 / 3, atol=2e-4)
    np.testing.assert_allclose(got.kaplan_yorke, 2.062, atol=0.005)


def driven(x, u):
    return jnp.tanh(jnp.array([[1.2, 0.4], [-0.6, 0.9]]) @ x + u)


def test_inputs_that_vary_in_time():
    """Against the product of the Jacobians, step by step."""
    system = sx.DiscreteMap(driven, 2, input=np.zeros(2))
    inputs = np.random.default_rng(0).standard_normal((3, 60, 2))
    got = sx.lyapunov_exponents(
        system, np.zeros((3, 2)), inputs=inputs, method=TangentQR(transient=10)
    )
    for trial in range(3):
        x, log_det = np.zeros(2), 0.0
        for t, u in enumerate(inputs[trial]):
            J = np.array([[1.2, 0.4], [-0.6, 0.9]])
            x = np.tanh(J @ x + u)
            if t >= 10:
                log_det += np.log(abs(np.linalg.det((1 - x**2)[:, None] * J)))
        np.testing.assert_allclose(got.exponents[trial].sum(), log_det / 50, rtol=1e-10)
        np.testing.assert_allclose(got.end[trial], x, atol=1e-12)
    shared = sx.lyapunov_exponents(
        system, np.zeros((2, 2)), inputs=inputs[1], method=TangentQR(transient=10)
    )
    np.testing.assert_allclose(shared.exponents, got.exponents[[1, 1]], rtol=1e-12)


def test_the_largest_exponents_alone():
    W = 1.5 * np.random.default_rng(0).standard_normal((12, 12)) / 12**0.5
    system = sx.DiscreteMap(lambda x: jnp.tanh(W @ x), 12)
    start = np.random.default_rng(1).standard_normal((2, 12))
    every = sx.lyapunov_exponents(system, start, method=TangentQR(steps=2000))
    some = sx.lyapunov_exponents(system, start, method=TangentQR(steps=2000, num_exponents=3))
    assert some.exponents.shape == (2, 3)
    np.testing.assert_allclose(some.exponents, every.exponents[:, :3], atol=0.02)


def test_units_that_collapse_at_once_have_minus_infinity():
    """relu(W x + b) with one unit that is never active: its direction is gone after a step."""
    W = np.array([[0.5, 0.2], [0.3, 0.1]])
    b = np.array([1.0, -9.0])
    system = sx.DiscreteMap(lambda x: jnp.maximum(W @ x + b, 0), 2)
    got = sx.lyapunov_exponents(system, np.ones(2), method=TangentQR(steps=200))
    assert got.exponents[0, 0] == pytest.approx(np.log(0.5), abs=1e-12)
    assert got.exponents[0, 1] == -np.inf
    assert got.time_constants[0, 1] == 0
    assert got.standard_error[0, 1] == 0
    assert got.kaplan_yorke[0] == 0


def test_a_trajectory_that_leaves_says_so_and_the_others_go_on():
    system = sx.DiscreteMap(lambda x: x**2 - 0.5, 1)
    got = sx.lyapunov_exponents(
        system, np.array([[0.1], [5.0]]), method=TangentQR(steps=400, transient=0)
    )
    fixed = (1 - 3**0.5) / 2
    assert got.history[0, -1, 0] == pytest.approx(np.log(2 * abs(fixed)), abs=0.02)
    assert np.isnan(got.exponents[1, 0])
    assert np.isnan(got.kaplan_yorke[1])
    assert got.outcome[0] == "followed for 400 steps"
    assert got.outcome[1].startswith("left to infinity after at least 0 steps")
    assert "largest -0.3" in repr(got)
    alone = sx.lyapunov_exponents(system, np.array([5.0]))
    assert "largest unknown" in repr(alone)


def test_growth_without_bound_is_not_called_chaos():
    """relu(1.1 x): the state grows by 1.1 a step for ever, and so do its neighbors."""
    system = sx.DiscreteMap(lambda x: jnp.maximum(1.1 * x, 0), 1)
    got = sx.lyapunov_exponents(system, np.ones((1, 1)), method=TangentQR(steps=1000))
    np.testing.assert_allclose(got.exponents, np.log(1.1), atol=1e-12)
    assert "grew without bound" in got.outcome[0]


def test_an_exponent_that_may_be_zero_is_said_to_be():
    """On a circle that is gone round by an irrational angle there is no growth and no decay."""
    turn = lambda z: z / jnp.sqrt(z @ z) ** 0.5  # noqa: E731
    angle = jnp.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    push = jnp.array([1.0, 0.8])
    circle = sx.DiscreteMap(lambda z: push * (angle @ turn(z / push)), 2)
    got = sx.lyapunov_exponents(circle, np.ones(2), method=TangentQR(steps=997, transient=100))
    assert abs(got.exponents[0, 0]) < 1e-3
    assert "may be 0" in got.outcome[0]
    np.testing.assert_allclose(got.exponents[0, 1], np.log(0.5), atol=2e-3)


def van_der_pol(x):
    return jnp.stack([x[1], (1 - x[0] ** 2) * x[1] - x[0]])


@pytest.mark.parametrize(
    ("system", "starts", "exponent", "steps", "dt"),
    [
        (sx.Flow(van_der_pol, 2), (-2, 2), 0.0, 4000, 0.02),
        (sx.DiscreteMap(henon, 2), (-0.1, 0.1), 0.41922, 4000, None),
    ],
    ids=["cycle", "chaos"],
)
def test_two_standard_errors_cover_the_exponent(system, starts, exponent, steps, dt):
    """Of 96 runs that start anywhere and last 80 to 100 % of some time; more in the benchmarks."""
    rng, off, said = np.random.default_rng(0), [], []
    for share in np.linspace(0.8, 1, 12):
        method = TangentQR(steps=int(share * steps), transient=1500, num_exponents=1, dt=dt)
        got = sx.lyapunov_exponents(system, rng.uniform(*starts, (8, system.size)), method=method)
        off.append(got.exponents[:, 0] - exponent)
        said.append(got.standard_error[:, 0])
    off, said = np.abs(np.concatenate(off)), np.concatenate(said)
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


MAP = sx.DiscreteMap(driven, 2, input=np.zeros(2))


@pytest.mark.parametrize(
    ("message", "start", "options"),
    [
        (r"start must have shape \(2,\) or \(trajectory, 2\), got \(3,\)", np.zeros(3), {}),
        ("start holds no trajectory", np.zeros((0, 2)), {}),
        ("start has 1 values that are NaN", np.array([0, np.nan]), {}),
        ("inputs must have shape", np.zeros(2), {"inputs": np.zeros((2000, 3))}),
        ("do not fit 1 starts", np.zeros(2), {"inputs": np.zeros((2, 2000, 2))}),
        ("the inputs last 20 steps", np.zeros(2), {"inputs": np.zeros((20, 2))}),
        ("num_exponents must be at most 2", np.zeros(2), {"method": TangentQR(num_exponents=3)}),
        ("dt is the integrator's step of a flow", np.zeros(2), {"method": TangentQR(dt=1.0)}),
    ],
)
def test_what_does_not_fit_is_refused(message, start, options):
    with pytest.raises(sx.InvalidInputError, match=message):
        sx.lyapunov_exponents(MAP, start, **options)


def test_inputs_need_a_system_that_takes_them():
    with pytest.raises(sx.InvalidInputError, match="the system takes no input"):
        sx.lyapunov_exponents(sx.DiscreteMap(henon, 2), np.zeros(2), inputs=np.zeros((20, 1)))


@pytest.mark.parametrize("options", [{"steps": 0}, {"transient": -1}])
def test_impossible_options_are_refused(options):
    with pytest.raises(sx.InvalidInputError, match=f"{next(iter(options))} must be a whole number"):
        TangentQR(**options)


def test_points_are_starts_and_none_of_them_is_refused():
    """Exponents at fixed points are the logarithms of their multipliers."""
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    points = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    few = sx.solvers.TangentQR(steps=50, transient=0)
    found = sx.lyapunov_exponents(system, points, method=few)
    expected = np.log(2 * (1 - np.square(points.states)))
    np.testing.assert_allclose(found.exponents, expected, atol=1e-6)
    nowhere = sx.find_fixed_points(sx.DiscreteMap(lambda x: x + 1, 1), np.zeros((3, 1)))
    for none in (nowhere, points.slow):
        with pytest.raises(sx.InvalidInputError, match="start holds no point"):
            sx.lyapunov_exponents(system, none)
