"""Networks of low rank of many units: proofs by latent variables tell the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points import evaluator

SIZE = 256


def low_rank(activation, kind, rank=1, bias=0.1, leak=0.2):
    left, right = np.random.default_rng(0).standard_normal((2, SIZE, rank))
    right = (right + 1.8 * left) / SIZE
    field = lambda x: left @ (right.T @ activation(x)) - x + bias  # noqa: E731
    step = lambda x: (1 - leak) * x + leak * (field(x) + x)  # noqa: E731
    return sx.Flow(field, SIZE) if kind == "flow" else sx.DiscreteMap(step, SIZE)


def candidates(count=12):
    return 2 * np.random.default_rng(1).standard_normal((count, SIZE))


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize(("activation", "bias"), [(jnp.tanh, 0.1), (jax.nn.relu, -0.5)])
def test_the_same_is_told_as_in_all_units(activation, bias, kind, monkeypatch):
    system = low_rank(activation, kind, bias=bias)
    latent = sx.find_fixed_points(system, candidates())
    monkeypatch.setattr(evaluator, "latent_system", lambda function, size: None)
    every = sx.find_fixed_points(system, candidates())
    assert latent.certified.all() and latent.n_unstable_certified.all() and latent.complete
    assert len(latent) == len(every) and latent.index_sum == every.index_sum
    nearest = np.abs(latent.states[:, None] - every.states[None]).max(-1).argmin(1)
    for name, error in {"states": 1e-11, "n_unstable": 0, "largest_eigenvalue": 1e-9}.items():
        expected = getattr(every, name)[nearest]
        np.testing.assert_allclose(getattr(latent, name), expected, rtol=0, atol=error)
    assert latent.stability.tolist() == every.stability[nearest].tolist()
    assert (latent.error_bound < 1e-11).all() and (latent.radius > 1e-3).all()


def test_slow_points_are_found_and_proved_not_to_be_fixed():
    """With a constant drift along the only direction, beside where it nearly vanishes."""
    m = np.random.default_rng(0).standard_normal(SIZE)
    m /= np.linalg.norm(m)
    ghost = sx.Flow(lambda x: m * (m @ x) - x + m * (0.05 + (m @ x) ** 2), SIZE)
    points = sx.find_fixed_points(ghost, 0.3 * candidates(4))
    assert points.kind.tolist() == ["slow"] and points.hits.tolist() == [4]
    assert abs(m @ points.states[0]) < 1e-6 and points.certified.all()


@pytest.mark.parametrize("gain", [1 - 1e-9, 1 + 1e-9])
def test_no_number_of_unstable_directions_is_claimed_beside_the_boundary(gain):
    signs = np.where(np.arange(SIZE) % 3, 1.0, -1.0)
    field = lambda x: signs * gain * (signs @ jnp.tanh(x)) / SIZE - x  # noqa: E731
    points = sx.find_fixed_points(sx.Flow(field, SIZE), np.zeros((1, SIZE)))
    at_zero = np.abs(points.states).max(1) == 0
    claimed = points.n_unstable_certified[at_zero]
    assert not claimed.any() or points.n_unstable[at_zero].tolist() == [int(gain > 1)]
    assert points.stability[at_zero].tolist() == ["marginal"]


def test_without_proofs_none_is_made():
    points = sx.find_fixed_points(low_rank(jnp.tanh, "map"), candidates(3), certify=False)
    assert set(points.certificate) == {"not asked for"} and not points.certified.any()
