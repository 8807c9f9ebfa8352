import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx

LowRank = sx.networks.LowRankRNN
KAPPA = 1.2991568555472


def textbook(dt=100.0):
    """The rank-one network of 50 units whose points are known (tests/systems.py)."""
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal(50), rng.standard_normal(50)
    n += (1.8 - n @ m / 50) * m / (m @ m / 50)
    net = LowRank(1, 50, 1, tau=100.0, dt=dt, key=jax.random.key(0))
    return eqx.tree_at(lambda n: (n.left, n.right), net, (m[:, None], n[:, None]))


def test_the_rank_one_network_has_its_known_points():
    net = textbook()
    known = systems.rank_one()
    points = sx.find_fixed_points(net.flow_at_input([0.0]), known.candidates)
    assert len(points.fixed) == 3
    assert points.n_unstable.tolist() == [0, 0, 1]
    expected = known.states[np.argsort(known.states[:, 0])]
    found = points.states[np.argsort(points.states[:, 0])]
    np.testing.assert_allclose(found, expected, atol=1e-11)


def test_the_latent_system_has_the_same_points_in_one_dimension():
    net = textbook(dt=20.0)
    latent = net.latent_at_input([0.0])
    points = sx.find_fixed_points(latent, np.linspace(*latent.domain, 20))
    assert sorted(points.states[:, 0]) == pytest.approx([-KAPPA, 0, KAPPA], abs=1e-12)
    assert points.certified.all()
    full = net.at_input([0.0])
    with jax.enable_x64(True):
        embed = jax.jit(jax.vmap(lambda k: net.embed(k, jnp.zeros(1))))
        embedded = np.asarray(embed(jnp.asarray(points.states)))
        speeds = np.asarray(jax.jit(jax.vmap(full.speed))(jnp.asarray(embedded)))
    assert speeds.max() < 1e-12
    own = sx.linearize(latent, points.states).eigenvalues[:, 0].real
    spectra = np.sort(sx.linearize(full, embedded).eigenvalues.real, axis=1)
    for one, spectrum in zip(own, spectra, strict=True):
        nearest = np.abs(spectrum - one).argmin()
        assert spectrum[nearest] == pytest.approx(one, abs=1e-10)
        np.testing.assert_allclose(np.delete(spectrum, nearest), 0.8, atol=1e-7)  # 1 − α


def test_the_state_falls_onto_the_latent_subspace(key):
    net = LowRank(2, 40, 1, rank=3, tau=100.0, dt=50.0, key=key)
    u = jnp.array([0.3, -0.7])
    inputs = np.broadcast_to(np.asarray(u), (1, 60, 2))
    states = np.asarray(eqx.filter_jit(net.unroll)(jnp.asarray(inputs)), float)[0]
    basis = np.asarray(net.left, float)
    offset = states - np.asarray(eqx.filter_jit(net.embed)(jnp.zeros(3), u), float)
    kappa = np.linalg.lstsq(basis, offset.T, rcond=None)[0].T
    outside = np.linalg.norm(offset - kappa @ basis.T, axis=1)
    np.testing.assert_allclose(outside[1:8] / outside[:7], 0.5, rtol=1e-3)  # 1 − α
    # From there on κ follows its own equation.
    step = jax.jit(jax.vmap(lambda k: net.latent_step(k, u)))
    following = np.asarray(step(jnp.float32(kappa[40:-1])))
    np.testing.assert_allclose(following, kappa[41:], atol=1e-5)


def test_the_connectivity(key):
    net = LowRank(2, 30, 1, rank=2, random_strength=0.5, key=key)
    low = np.asarray(net.left) @ np.asarray(net.right).T / 30
    np.testing.assert_allclose(net.connectivity(), low + net.random_weights, atol=1e-6)
    alone = LowRank(2, 30, 1, rank=2, key=key)
    np.testing.assert_allclose(alone.connectivity(), low, atol=1e-6)
    assert np.linalg.matrix_rank(np.asarray(alone.connectivity(), float), tol=1e-5) == 2


def test_the_random_part_has_the_spectral_radius_g(key):
    net = LowRank(2, 400, 1, random_strength=1.5, key=key)
    radius = np.abs(np.linalg.eigvals(np.asarray(net.random_weights, float))).max()
    assert radius == pytest.approx(1.5, rel=0.1)


def test_the_readout_is_an_average_over_units(key):
    net = LowRank(2, 30, 2, key=key)
    x = jnp.linspace(-1, 1, 30)
    expected = np.asarray(net.readout_weights) @ np.tanh(np.asarray(x)) / 30
    np.testing.assert_allclose(net.readout(x), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"rank": 0}, "rank must be a whole number"),
        ({"rank": 9}, "rank 9 is more than the 8 units allow"),
        ({"random_strength": -1.0}, "random_strength must not be negative"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
        ({"dt": 300.0}, "larger than 2 tau"),
    ],
)
def test_settings_that_make_no_network(arguments, text, key):
    with pytest.raises(sx.InvalidInputError, match=text):
        LowRank(2, 8, 1, key=key, **arguments)


def test_no_latent_system_with_a_random_part(key):
    with pytest.raises(sx.InvalidInputError, match="no latent system"):
        LowRank(2, 8, 1, random_strength=0.1, key=key).latent_at_input([0.0, 0.0])


@pytest.mark.parametrize("rank", [1, 2])
def test_rest_of_rectified_units_without_input_is_proved_to_be_all_there_is(rank, key):
    """All units are at their kinks there, so Krawczyk's test alone can prove nothing."""
    net = LowRank(1, 60, 1, rank=rank, activation="relu", key=key)
    starts = np.random.default_rng(0).standard_normal((20, 60))
    points = sx.find_fixed_points(net.at_input([0.0]), starts)
    assert points.complete, points.completeness
    assert points.certified.tolist() == [True]
    assert not np.asarray(points.states).any()
    assert "alone within 1.6e+01" in points.certificate[0]
