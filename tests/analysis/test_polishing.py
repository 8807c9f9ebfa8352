"""The last bits of zeros."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.analysis.fixed_points.polishing import Polishing
from separatrix.solvers.zero_test import ZeroTest


def polishing(field, size):
    with jax.enable_x64(True):
        evaluator = Evaluator(sx.Flow(field, size))
    starts = np.ones((1, size))
    return Polishing(evaluator, ZeroTest(evaluator.system.residual, size, starts))


@pytest.mark.parametrize("size", [3, 40])
def test_newtons_steps_close_in_on_the_root(size):
    roots = jnp.sqrt(jnp.arange(2.0, size + 2))
    state = np.asarray(roots, float)[None] * (1 + 1e-5)
    polished = polishing(lambda x: x**2 - jnp.arange(2.0, size + 2), size).polish(state)
    np.testing.assert_allclose(polished.states[0] ** 2, np.arange(2.0, size + 2), rtol=1e-15)
    assert polished.errors[0] < 1e-15 * size
    np.testing.assert_allclose(
        polished.singular_values[0], 2 * np.sqrt(np.arange(size + 1, 1, -1.0)), rtol=1e-12
    )
    assert not polished.directions.any()  # no singular value is small


@pytest.mark.parametrize("size", [3, 40])
def test_a_line_of_zeros_has_no_error_but_a_direction(size):
    """The last coordinate does not matter: zeros stay where they are along it."""
    keep = jnp.ones(size).at[-1].set(0.0)
    state = np.full((1, size), 0.3)
    state[0, :-1] = 0.0
    polished = polishing(lambda x: -x * keep, size).polish(state)
    np.testing.assert_array_equal(polished.states, state)
    assert np.isinf(polished.errors[0])
    np.testing.assert_allclose(np.abs(polished.directions[0]), np.eye(size)[-1], atol=1e-12)


def test_a_zero_that_comes_again_costs_nothing(monkeypatch):
    work = polishing(lambda x: x**2 - 2, 2)
    states = np.sqrt(2) * np.array([[1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    first = work.polish(states)
    monkeypatch.setattr(Evaluator, "residual_and_jacobian", None)
    for one, again in zip(first, work.polish(states[::-1]), strict=True):
        np.testing.assert_array_equal(one[::-1], again)
