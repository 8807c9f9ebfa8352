"""Ways of following candidates that must not change where they end."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import separatrix as sx
from separatrix.analysis.fixed_points import root_finding


def test_zeros_with_ill_conditioned_jacobians_are_found(monkeypatch):
    """Rates from 1 to 1e-12 in rotated coordinates, of which the slowest has three zeros."""
    monkeypatch.setattr(root_finding, "_ROUGH_FROM", 1)
    size, rng = 24, np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.standard_normal((size, size)))
    rates, gains = np.logspace(0, -12, size), np.full(size, 0.5)
    gains[-1] = 1.5
    field = lambda x: turn @ (rates * (jnp.tanh(gains * (turn.T @ x)) - turn.T @ x))  # noqa: E731
    points = sx.find_fixed_points(
        sx.Flow(field, size), rng.uniform(-1, 1, (60, size)), slow_points=False, completeness=False
    )
    height = brentq(lambda y: np.tanh(1.5 * y) - y, 0.1, 2.0, xtol=1e-15)
    along = np.sort(points.states @ turn[:, -1])
    assert np.abs(along - [-height, 0.0, height]).max() < 1e-3  # 1e-16 of rounding over a rate
    assert (points.outcomes == "fixed").mean() > 0.9


@pytest.mark.parametrize("rough_from", [1, 10**6])
def test_zeros_near_one_another_are_told_apart(monkeypatch, rough_from):
    monkeypatch.setattr(root_finding, "_ROUGH_FROM", rough_from)
    size, low, gap = 24, 0.3, 1e-7

    def field(x):
        pair = (x[:1] - low) * (x[:1] - low - gap) * (x[:1] + 1)
        return jnp.concatenate([pair, 0.1 * jnp.sin(x[:-1]) - x[1:]])

    starts = np.random.default_rng(0).uniform(-1, 1, (60, size))
    points = sx.find_fixed_points(
        sx.Flow(field, size), starts, slow_points=False, completeness=False
    )
    assert points.certified.all()
    assert np.abs(np.sort(points.states[:, 0]) - [-1, low, low + gap]).max() < 1e-3 * gap
