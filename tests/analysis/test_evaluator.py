"""Evaluating a system on batches of any size, with few programs and few calls of them."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points import programs
from separatrix.analysis.fixed_points.evaluator import Evaluator

UNITS = 16
RNG = np.random.default_rng(0)
W = RNG.standard_normal((UNITS, UNITS)) / 4
STATES = RNG.uniform(-1, 1, (1300, UNITS))


@pytest.fixture
def sizes(monkeypatch):
    """The number of states in each call of the compiled program."""
    called, program = [], programs.residual_and_jacobian

    def counted(system, states):
        called.append(len(states))
        return program(system, states)

    monkeypatch.setattr(programs, "residual_and_jacobian", counted)
    return called


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, [64]),
        (1, [64]),
        (64, [64]),
        (130, [64, 64, 64]),
        (255, [64] * 4),
        (256, [1024]),  # costs no more than four of 64
        (567, [1024]),
        (1024, [1024]),
        (1300, [1024, 1024]),
    ],
)
def test_few_states_take_small_calls_and_many_one_large(sizes, count, expected):
    evaluator = Evaluator(sx.DiscreteMap(lambda x: jnp.tanh(W @ x), UNITS))
    residuals, jacobians = evaluator.residual_and_jacobian(STATES[:count])
    assert sizes == expected
    rates = np.tanh(STATES[:count] @ W.T)
    slopes = (1 - rates**2)[:, :, None] * W - np.eye(UNITS)
    np.testing.assert_allclose(residuals, rates - STATES[:count], atol=1e-14)
    np.testing.assert_allclose(jacobians, slopes, atol=1e-14)
