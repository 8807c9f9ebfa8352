"""`system.run`: trajectories of maps and flows, against steps taken by hand and closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

RNG = np.random.default_rng(0)
W, B, U = RNG.standard_normal((4, 4)), RNG.standard_normal((4, 2)), RNG.standard_normal((6, 2))
X = RNG.standard_normal((2, 3, 4))


def driven():
    return sx.DiscreteMap(lambda x, u: jnp.tanh(W @ x + B @ u), 4, input=U[0])


def by_hand(states, inputs):
    path = [states]
    for u in inputs:
        path.append(np.tanh(path[-1] @ W.T + B @ u))
    return np.stack(path, -2)


def test_a_map_takes_its_steps_at_the_frozen_input_or_one_for_each_input():
    path, driven_path = driven().run(X, 5), driven().run(X, inputs=U)
    assert path.dtype == np.float64 and isinstance(path, np.ndarray)
    np.testing.assert_allclose(path, by_hand(X, [U[0]] * 5), rtol=0, atol=1e-14)
    np.testing.assert_array_equal(driven().run(X, 0), X[..., None, :])
    np.testing.assert_allclose(driven_path, by_hand(X, U), rtol=0, atol=1e-14)
    np.testing.assert_array_equal(driven_path, driven().run(X, 6, inputs=U))


@pytest.mark.parametrize("shape", [(4,), (1, 4), (3, 4), (2, 3, 4), (0, 4)])
def test_trajectories_have_the_axes_of_the_states(shape):
    states, times = np.resize(X, shape), np.array([0.0, 1.0, 2.5])
    assert driven().run(states, 3).shape == (*shape[:-1], 4, 4)
    path = sx.Flow(lambda x: -x, 4).run(states, times)
    assert path.dtype == np.float64
    expected = states[..., None, :] * np.exp(-times)[:, None]
    np.testing.assert_allclose(path, expected, atol=1e-6, strict=True)


def test_a_map_that_leaves_is_followed_into_infinity():
    path = sx.DiscreteMap(lambda x: x**2, 1).run(np.array([[10.0], [0.5]]), 12)[..., 0]
    assert (path[0, 4], path[0, 12], path[1, 12]) == (1e16, np.inf, 0.5**4096)


TIMES = np.array([2.0, 2.5, 4.0, 10.0, 10.1])


def test_a_flow_is_given_at_its_times():
    """Of the logistic equation, 1 / (1 + (1/x − 1) exp(−t/τ)): the first time is the start's."""
    starts = np.array([0.01, 0.5, 0.99, 1.7])
    path = sx.Flow(lambda x: x * (1 - x), 1, tau=2.0).run(starts[:, None], TIMES)[..., 0]
    passed = (TIMES - 2) / 2.0
    expected = 1 / (1 + (1 / starts[:, None] - 1) * np.exp(-passed))
    np.testing.assert_allclose(path, expected, atol=1e-6)


def test_a_duration_is_sampled_evenly():
    flow = sx.Flow(lambda x: jnp.stack([-x[1], x[0]]), 2, tau=10.0)
    path = flow.run(np.array([1.0, 0.0]), 20 * np.pi)
    angles = np.linspace(0, 2 * np.pi, len(path))
    np.testing.assert_allclose(path, np.stack([np.cos(angles), np.sin(angles)], 1), atol=1e-5)


def test_a_flow_holds_each_input_from_one_time_to_the_next():
    flow = sx.Flow(lambda x, u: u - x, 1, tau=2.0, input=np.zeros(1))
    inputs = np.array([1.0, -3.0, 2.0, 100.0])
    expected = [5.0]
    for u, interval in zip(inputs, np.diff(TIMES), strict=True):
        expected.append(u + (expected[-1] - u) * np.exp(-interval / 2.0))
    path = flow.run(np.array([[5.0], [5.0]]), TIMES, inputs=inputs[:, None])
    np.testing.assert_allclose(path[0, :, 0], expected, rtol=1e-6)
    np.testing.assert_array_equal(path[0], path[1])


def test_a_stiff_flow_comes_to_its_end():
    """Two modes, one of them a million times faster: x + y decays slowly, what is left at once."""
    flow = sx.Flow(lambda x: jnp.stack([-x[0], 1e6 * (x[0] - x[1])]), 2)
    path = flow.run(np.array([1.0, 0.0]), [0.0, 1.0, 3.0])
    np.testing.assert_allclose(path[1:, 0], np.exp([-1.0, -3.0]), atol=1e-6)
    np.testing.assert_allclose(path[1:, 1], np.exp([-1.0, -3.0]) / (1 - 1e-6), atol=1e-5)


@pytest.mark.parametrize("inputs", [None, np.zeros((4, 1))])
def test_a_flow_that_ends_is_nan_from_there_on(inputs):
    """1 / (1/x − t): the first state is at infinity at t = 1, the second one stays."""
    flow, times = sx.Flow(lambda x, u: x**2 + u, 1, input=np.zeros(1)), [0.0, 0.5, 0.9, 1.5, 2.0]
    ends, stays = flow.run(np.array([[1.0], [-1.0]]), times, inputs=inputs)[..., 0]
    np.testing.assert_allclose(ends, [1.0, 2.0, 10.0, np.nan, np.nan], rtol=1e-4)
    np.testing.assert_allclose(stays, -1 / (1 + np.array(times)), atol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: driven().run(X[..., :3], 5),
        lambda: driven().run(np.full((2, 4), np.nan), 5),
        lambda: driven().run(X),
        lambda: driven().run(X, -1),
        lambda: driven().run(X, 5, inputs=U),
        lambda: driven().run(X, inputs=U[:, :1]),
        lambda: driven().run(X, inputs=U[0]),
        lambda: driven().run(X, inputs=np.full((6, 2), np.nan)),
        lambda: sx.DiscreteMap(jnp.tanh, 4).run(X, inputs=U),
        lambda: sx.DiscreteMap(lambda x, k: x * k, 4, input=2).run(X, inputs=np.array([1.5])),
        lambda: sx.Flow(jnp.tanh, 4).run(X, 0.0),
        lambda: sx.Flow(jnp.tanh, 4).run(X, [0.0, 1.0, 1.0]),
        lambda: sx.Flow(lambda x, u: x * u, 4, input=1.0).run(X, [0.0, 1.0], inputs=np.ones(2)),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(sx.InvalidInputError):
        call()


def test_whole_inputs_of_a_whole_number_are_taken():
    path = sx.DiscreteMap(lambda x, k: x * k, 1, input=2).run(
        np.ones(1), inputs=np.array([3.0, 2.0])
    )
    np.testing.assert_array_equal(path[:, 0], [1.0, 3.0, 6.0])
