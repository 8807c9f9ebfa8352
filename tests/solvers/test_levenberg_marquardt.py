"""Steps of Levenberg–Marquardt's method, and the Jacobians that they are solved with."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.solvers.levenberg_marquardt import (
    DenseJacobians,
    Ending,
    LevenbergMarquardt,
    ScaledJacobians,
)
from separatrix.solvers.levenberg_marquardt.batch import Batch
from separatrix.solvers.levenberg_marquardt.steps import Factors, squares
from separatrix.solvers.zero_test import ZeroTest

N = 50
W = 1.2 * np.random.default_rng(0).standard_normal((N, N)) / N**0.5
FIELDS = {
    "rows": lambda x: jnp.tanh(W @ x + 0.1) - x,
    "columns": lambda x: W @ jnp.tanh(x) - x + 0.1,
    "rows, no offsets": lambda x: jax.nn.softplus(W @ x),
}


def jacobians(name, states):
    """Return residuals, the Jacobians that scale a matrix, and the same as matrices."""
    evaluator = Evaluator(sx.Flow(FIELDS[name], N))
    residuals, scaled = evaluator.residual_and_rough_jacobian(states)
    assert isinstance(scaled, ScaledJacobians)
    exact, matrices = evaluator.residual_and_jacobian(states)
    np.testing.assert_allclose(residuals, exact, rtol=0, atol=1e-14)
    return residuals, scaled, DenseJacobians(matrices)


@pytest.mark.parametrize("name", FIELDS)
def test_products_and_matrices(name):
    states = np.random.default_rng(1).standard_normal((5, N))
    residuals, scaled, dense = jacobians(name, states)
    for some, others in zip(scaled.measured(residuals), dense.measured(residuals), strict=True):
        np.testing.assert_allclose(some, others, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scaled.matrices(), dense.matrices(), rtol=0, atol=1e-6)
    some = scaled[np.array([4, 1])].joined(scaled[:2])
    assert len(some) == 4
    some[np.array([0, 1])] = scaled[2:4]
    expected = dense.matrices()[[2, 3, 0, 1]]
    np.testing.assert_allclose(some.matrices(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("damping", [1e-2, 1.0, 1e3])
@pytest.mark.parametrize("name", FIELDS)
def test_damped_steps(name, damping):
    states = np.random.default_rng(2).standard_normal((20, N))
    residuals, scaled, dense = jacobians(name, states)
    gradient, columns = dense.measured(residuals)
    damped = scaled.damped(np.full(20, damping), columns)
    steps, weights = damped.steps(residuals, gradient, np.arange(20)), damped.weights
    some = np.array([7, 3])
    again = damped.steps(residuals[some], gradient[some], some)
    np.testing.assert_allclose(again, steps[some], rtol=1e-12)
    # With the weights that were taken, to single precision: that of the squares of the Jacobians
    J = dense.matrices()
    squares = J.swapaxes(1, 2) @ J + weights[:, :, None] * np.eye(N)
    expected = np.linalg.solve(squares, -gradient[..., None])[..., 0]
    error = np.linalg.norm(steps - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert error.max() < 5e-2 if damping < 1 else error.max() < 1e-4
    wanted = np.median(columns, axis=0) if name != "columns" else columns
    assert np.all(weights <= 2.01 * damping * wanted)
    assert np.all(weights >= 0.99 * damping * wanted)


@pytest.mark.parametrize("name", ["rows", "columns"])
def test_the_same_fixed_points_as_with_dense_jacobians(name, monkeypatch):
    starts = np.random.default_rng(3).uniform(-1, 1, (300, N))
    flow = sx.Flow(FIELDS[name], N)
    found = sx.find_fixed_points(flow, starts, slow_points=False)
    monkeypatch.setattr(Evaluator, "_shared_matrix", None)
    again = sx.find_fixed_points(flow, starts, slow_points=False)
    assert found.fixed.certified.all()
    assert found.index_sum == again.index_sum == (1 if name == "rows" else found.index_sum)
    assert len(found.fixed) == len(again.fixed)
    far = np.abs(found.states[:, None] - again.states[None]).max(2).min(1)
    assert far.max() < 1e-9


def test_saturated_units_do_not_slow_the_steps_down():
    """Their scales are as small as 1e-30, and products of those denormal."""
    states = 40 * np.random.default_rng(4).standard_normal((4, N))
    residuals, scaled, dense = jacobians("rows", states)
    _, columns = dense.measured(residuals)
    seen = []
    assemble = scaled._shared.assemble
    scaled._shared.assemble = lambda *a: seen.append(assemble(*a)) or seen[0].copy()
    scaled.damped(np.ones(4), columns)
    entries = np.abs(seen[0][seen[0] != 0])
    assert entries.min() > 1e-30


@pytest.mark.parametrize("size", [5, 60])
def test_a_step_is_repeated_where_that_decreases_the_residual(size):
    """With the factors that there are; Newton's own steps are not."""
    states = 0.2 * np.random.default_rng(6).standard_normal((40, size))
    index = np.arange(40)
    residual = lambda x: np.tanh(2 * x) - 0.1  # noqa: E731
    slopes = lambda x: 2 / np.cosh(2 * x)[..., None] ** 2 * np.eye(size)  # noqa: E731
    linearize = lambda x: (residual(x), DenseJacobians(slopes(x)))  # noqa: E731
    batch = Batch.enter(linearize, states, index, damping=1e-2, newton=False)
    batch.newton[::4] = True
    factors = Factors(batch)
    x = states + 0.1 * factors.steps(batch.r)
    once, r = x.copy(), residual(x)
    factors.repeated(x, r, np.arange(0, 40, 2), residual)
    np.testing.assert_array_equal(r, residual(x))
    moved = (x != once).any(1)
    assert moved[2::4].sum() > 5 and not moved[::4].any() and not moved[1::2].any()
    assert (squares(r) < squares(residual(once)))[moved].all()


def test_it_leads_candidates_to_zeros_in_fewer_steps(monkeypatch):
    """Of 200 starts of a random network, a quarter fewer."""
    weights = 1.5 * np.random.default_rng(0).standard_normal((96, 96)) / 96**0.5
    flow = sx.Flow(lambda x: jnp.tanh(weights @ x) - x, 96)
    starts = np.random.default_rng(1).uniform(-1, 1, (200, 96))
    evaluator = Evaluator(flow)
    test = ZeroTest(evaluator.system.residual, 96, starts)

    def solve():
        return LevenbergMarquardt().solve(
            evaluator.residual_and_rough_jacobian, evaluator.residual, starts,
            evaluator.rough_batch_size, lambda x, r, _: test.estimate(x, r), near=1e-3,
        )  # fmt: skip

    twice = solve()
    monkeypatch.setattr(Factors, "repeated", lambda *_: None)
    once = solve()
    near = [(s.endings == Ending.NEAR).sum() for s in (twice, once)]
    assert near[0] > 0.95 * near[1] and twice.counts.mean() < 0.9 * once.counts.mean()


def test_outlying_candidates_do_not_set_the_scale_of_all():
    evaluator = Evaluator(sx.Flow(lambda x: jnp.sinh(W @ x) - x, N))
    states = np.random.default_rng(5).standard_normal((9, N))
    states[0] *= 20
    residuals, scaled = evaluator.residual_and_rough_jacobian(states)
    _, columns = scaled.measured(residuals)
    weights = scaled.damped(np.ones(9), columns).weights
    assert weights.max() < 2.1 * np.median(columns, axis=0).max() < 1e-3 * columns.max()
