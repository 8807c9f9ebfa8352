"""Users may forbid promotion in their own code: the analysis works all the same."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

W = np.array([[1.5, 0.4], [0.1, 1.2]])
STARTS = np.random.default_rng(0).normal(size=(40, 2))


def flow():
    return sx.Flow(lambda x: jnp.tanh(jnp.asarray(W) @ x) - x, 2)


def rectified():
    return sx.DiscreteMap(lambda h: jax.nn.relu(1.0 - 0.5 * jnp.asarray(W) @ h), 2)


def rotation(x):
    return jnp.stack([x[0] - x[1], x[0] + x[1]]) - x * (x**2).sum()


def points():
    return sx.find_fixed_points(flow(), STARTS)


STUDIES = {
    "find_fixed_points": lambda: points().states,
    "of a rectified map": lambda: sx.find_fixed_points(rectified(), STARTS).states,
    "linearize": lambda: sx.linearize(flow(), points().states).eigenvalues,
    "lyapunov_exponents": lambda: sx.lyapunov_exponents(flow(), STARTS[:2]).exponents,
    "fixed_point_graph": lambda: sx.fixed_point_graph(flow(), points()).times,
    "find_cycles": lambda: sx.find_cycles(sx.Flow(rotation, 2), STARTS).period,
    "slow_curve": lambda: sx.slow_curve(flow(), np.array([1.0, 0.0]), [-1.0, 0.5]).speed,
    "continue_fixed_points": lambda: (
        sx.continue_fixed_points(
            lambda a: sx.Flow(lambda x: a - x**2, 1), np.ones((1, 1)), (1.0, 2.0)
        ).states
    ),
}


@contextlib.contextmanager
def forbidden():
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        yield


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES.keys())
def test_the_analysis_works(study):
    with forbidden():
        assert np.isfinite(study()).any()


def test_settings_are_the_users_afterwards():
    with forbidden():
        points()
        with pytest.raises(ValueError, match="jax_numpy_rank_promotion"):
            jnp.ones((2, 3)) + jnp.ones(3)
