"""What latent variables tell of single states: their eigenvalues, their index."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from separatrix.analysis.completeness import latent_indices
from separatrix.enclosure.interval import point
from separatrix.solvers.low_rank import latent_spectra, latent_system

SIZE = 40
ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu}
FORMS = {
    "units first": lambda U, V, phi: lambda x: U @ (V.T @ phi(x)),
    "units last": lambda U, V, phi: lambda x: phi(U @ (V.T @ x) + 0.3),
    "both": lambda U, V, phi: lambda x: jnp.tanh(U @ (V.T @ phi(x)) - 0.2),
}
LEAKS = {
    "one": 1.0,
    "an array": 0.3 * np.ones(SIZE),
}


def factors(rank, repeated=False):
    U, V = np.random.default_rng(rank).standard_normal((2, SIZE, rank))
    if repeated:
        U[SIZE // 2 :], V[SIZE // 2 :] = U[: SIZE // 2], V[: SIZE // 2]
    return U, 3.0 * (V + 1.2 * U) / SIZE


def growth_of(eigenvalues, kind):
    return np.abs(eigenvalues) - 1 if kind == "map" else eigenvalues.real


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_unstable_directions_and_indices_are_those_of_the_whole_jacobian(
    activation, form, leak, kind
):
    for rank, repeated in ((1, False), (2, True), (3, False)):
        core = FORMS[form](*factors(rank, repeated), ACTIVATIONS[activation])
        velocity = lambda x, core=core: core(x) - LEAKS[leak] * x  # noqa: E731
        states = np.random.default_rng(1).uniform(-2, 2, (5, SIZE))
        latent = latent_system(velocity, SIZE)
        values, rest, counts = latent_spectra(latent, kind, states, np.zeros(5))
        with jax.enable_x64(True):
            jacobians = np.asarray(jax.jit(jax.vmap(jax.jacfwd(velocity)))(states))
        growth = growth_of(np.linalg.eigvals(jacobians + np.eye(SIZE) * (kind == "map")), kind)
        assert counts.tolist() == (growth > 0).sum(1).tolist()
        every = np.column_stack([values, np.full(5, rest)])
        np.testing.assert_allclose(growth_of(every, kind).max(1), growth.max(1), atol=1e-9)
        slopes = latent.around(point(states)).slopes.midpoint_radius()[0]
        diagonal = np.broadcast_to(latent.leak.midpoint_radius()[0], SIZE)
        signs = np.sign(-diagonal).prod() * np.linalg.slogdet(slopes)[0]
        np.testing.assert_array_equal(np.linalg.slogdet(-jacobians)[0], signs)


def test_units_that_leak_unlike_each_other_have_an_index_but_no_count():
    (U, V), leak = factors(2), np.linspace(0.5, 2.0, SIZE)
    latent = latent_system(lambda x: U @ (V.T @ jnp.tanh(x)) - leak * x, SIZE)
    assert latent_spectra(latent, "flow", np.zeros((1, SIZE)), np.zeros(1)) is None
    sign = np.linalg.slogdet(np.diag(leak) - U @ V.T)[0]
    for state, expected in ((np.zeros((1, SIZE)), sign), (np.ones((1, SIZE)), 0)):
        assert latent_indices(latent, state, np.zeros(1))[0].tolist() == [expected]


SIGNS = np.where(np.arange(64) % 3, 1.0, -1.0)


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize("gain", [1 - 1e-9, 1.0, 1 + 2**-52, 1 + 1e-9])
def test_near_the_boundary_nothing_is_claimed_that_is_not_so(kind, gain):
    """The flow has the eigenvalues gain − 1 and −1 at 0, exactly."""
    latent = latent_system(lambda x: SIGNS * gain * (SIGNS @ jnp.tanh(x)) / 64 - x, 64)
    state = np.zeros((1, 64))
    found = latent_spectra(latent, kind, state, np.zeros(1))[2][0]
    assert found in (-1, int(gain > 1)) and (gain != 1.0 or found == -1)
    wide = latent_spectra(latent, kind, state, np.full(1, 1e-3))[2][0]
    assert wide == -1 or (gain < 1 and wide == 0)  # tanh' is 1 at most
    index = latent_indices(latent, state, np.zeros(1))[0][0]
    assert index in (0, int(np.sign(1 - gain)))


@pytest.mark.parametrize(
    ("kind", "velocity"),
    [
        ("flow", lambda x: 0.7 * x + SIGNS * (SIGNS @ jnp.tanh(x))),
        ("map", lambda x: -2 * x + 0.5 * SIGNS * (SIGNS @ jnp.tanh(x)) / 64),
    ],
    ids=["units that grow by themselves", "a map that turns over at minus one"],
)
def test_nothing_is_told_where_the_rest_is_at_the_boundary_or_beyond(kind, velocity):
    latent = latent_system(velocity, 64)
    assert latent_spectra(latent, kind, np.zeros((1, 64)), np.zeros(1)) is None


@pytest.mark.parametrize(("gain", "expected"), [(2.0, -1), (0.5, 0)])
def test_on_a_kink_a_number_holds_on_all_sides_or_is_not_told(gain, expected):
    one = np.ones(SIZE)
    latent = latent_system(lambda x: one * gain * (one @ jax.nn.relu(x)) / SIZE - x, SIZE)
    values, _, counts = latent_spectra(latent, "flow", np.zeros((1, SIZE)), np.zeros(1))
    assert counts.tolist() == [expected]
    assert np.isnan(values).all()
