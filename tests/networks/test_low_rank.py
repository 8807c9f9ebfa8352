import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

LowRank = sx.networks.LowRankRNN
KAPPA = 1.2991568555472


def textbook(dt=100.0):
    """The rank-one network of 50 units whose points are known (tests/systems.py)."""
    m, n = np.random.default_rng(0).standard_normal((2, 50))
    n += (1.8 - n @ m / 50) * m / (m @ m / 50)
    net = LowRank(1, 50, 1, tau=100.0, dt=dt, key=jax.random.key(0))
    return eqx.tree_at(lambda n: (n.left, n.right), net, (m[:, None], n[:, None]))


def test_the_latent_system_has_the_same_points_in_one_dimension():
    net = textbook(dt=20.0)
    latent, full = net.latent_at_input([0.0]), net.at_input([0.0])
    points = sx.find_fixed_points(latent, np.linspace(*latent.domain, 20))
    assert sorted(points.states[:, 0]) == pytest.approx([-KAPPA, 0, KAPPA], abs=1e-12)
    assert points.certified.all()
    with jax.enable_x64(True):
        embed = jax.jit(jax.vmap(lambda k: net.embed(k, jnp.zeros(1))))
        embedded = embed(jnp.asarray(points.states))
        assert jax.jit(jax.vmap(full.speed))(embedded).max() < 1e-12
    own = sx.linearize(latent, points.states).eigenvalues[:, 0].real
    spectra = np.sort(sx.linearize(full, np.asarray(embedded)).eigenvalues.real, axis=1)
    for one, spectrum in zip(own, spectra, strict=True):
        nearest = np.abs(spectrum - one).argmin()
        assert spectrum[nearest] == pytest.approx(one, abs=1e-10)
        np.testing.assert_allclose(np.delete(spectrum, nearest), 0.8, atol=1e-7)  # 1 − α


def test_the_connectivity(key):
    for strength in (0.0, 0.5):
        net = LowRank(2, 30, 1, rank=2, random_strength=strength, key=key)
        low = np.asarray(net.left) @ np.asarray(net.right).T / 30
        random = net.random_weights if strength else 0
        np.testing.assert_allclose(net.connectivity(), low + random, atol=1e-6)
        assert np.linalg.matrix_rank(low, tol=1e-5) == 2
    large = LowRank(2, 400, 1, random_strength=1.5, key=key)
    radius = np.abs(np.linalg.eigvals(np.asarray(large.random_weights, float))).max()
    assert radius == pytest.approx(1.5, rel=0.1)  # Girko's circle has radius g


def test_the_readout_is_an_average_over_units(key):
    net = LowRank(2, 30, 2, key=key)
    x = jnp.linspace(-1, 1, 30)
    expected = np.asarray(net.readout_weights) @ np.tanh(np.asarray(x)) / 30
    np.testing.assert_allclose(net.readout(x), expected, rtol=1e-5)


@pytest.mark.parametrize("rank", [1, 2])
def test_rest_of_rectified_units_without_input_is_proved_to_be_all_there_is(rank, key):
    """All units are at their kinks there, so Krawczyk's test alone can prove nothing."""
    net = LowRank(1, 60, 1, rank=rank, activation="relu", key=key)
    starts = np.random.default_rng(0).standard_normal((20, 60))
    points = sx.find_fixed_points(net.at_input([0.0]), starts)
    assert points.complete, points.completeness
    assert points.certified.tolist() == [True] and np.abs(points.states).max() < 1e-300
    assert points.radius[0] > 15
