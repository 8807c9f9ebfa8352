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


def factors(rank, repeated, seed=0):
    rng = np.random.default_rng(seed)
    U, V = rng.standard_normal((2, SIZE, rank))
    if repeated:
        U[SIZE // 2 :], V[SIZE // 2 :] = U[: SIZE // 2], V[: SIZE // 2]
    return U, 3.0 * (V + 1.2 * U) / SIZE


def counted(jacobian, kind):
    """The number of unstable eigenvalues, and how far the nearest is from the boundary."""
    values = np.linalg.eigvals(jacobian)
    growth = np.abs(values) - 1 if kind == "map" else values.real
    return int((growth > 0).sum()), float(np.abs(growth).min()), float(growth.max())


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_unstable_directions_and_indices_are_those_of_the_whole_jacobian(
    activation, form, leak, kind
):
    rng = np.random.default_rng(1)
    for rank, repeated in ((1, False), (2, True), (3, False)):
        core = FORMS[form](*factors(rank, repeated, rank), ACTIVATIONS[activation])
        velocity = lambda x, core=core: core(x) - LEAKS[leak] * x  # noqa: E731
        states = rng.uniform(-2, 2, (5, SIZE))
        latent = latent_system(velocity, SIZE)
        found = latent_spectra(latent, kind, states, np.zeros(5))
        with jax.enable_x64(True):
            of = jax.jit(jax.vmap(jax.jacfwd(velocity)))
            jacobians = np.asarray(of(states))
        slopes = latent.around(point(states)).slopes.midpoint_radius()[0]
        for J, values, number, small in zip(jacobians, *found[::2], slopes, strict=True):
            whole = J + np.eye(SIZE) * (kind == "map")
            expected, margin, largest = counted(whole, kind)
            assert number in (expected, -1) and (number >= 0 or margin < 1e-6)
            every = np.append(values, found.rest)
            growth = np.abs(every) - 1 if kind == "map" else every.real
            assert np.isclose(growth.max(), largest, atol=1e-9)
            sign = np.linalg.slogdet(-J)[0]
            diagonal = np.broadcast_to(latent.leak.midpoint_radius()[0], SIZE)
            assert sign == np.sign(-diagonal).prod() * np.linalg.slogdet(small)[0]
        assert (found.n_unstable >= 0).all()


def test_units_that_leak_unlike_each_other_have_an_index_but_no_count():
    U, V = factors(2, False)
    leak = np.linspace(0.5, 2.0, SIZE)
    velocity = lambda x: U @ (V.T @ jnp.tanh(x)) - leak * x  # noqa: E731
    latent = latent_system(velocity, SIZE)
    assert latent_spectra(latent, "flow", np.zeros((1, SIZE)), np.zeros(1)) is None
    jacobian = U @ V.T - np.diag(leak)
    index = latent_indices(latent, np.zeros((1, SIZE)), np.zeros(1))
    assert index.signs.tolist() == [np.linalg.slogdet(-jacobian)[0]]
    assert latent_indices(latent, np.ones((1, SIZE)), np.zeros(1)).signs.tolist() == [0]


SIGNS = np.where(np.arange(64) % 3, 1.0, -1.0)


def along_one_direction(gain):
    """A flow whose eigenvalues at 0 are gain − 1 and −1, exactly."""
    return lambda x: SIGNS * gain * (SIGNS @ jnp.tanh(x)) / 64 - x


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize("gain", [1 - 1e-9, 1.0, 1 + 2**-52, 1 + 1e-9])
def test_near_the_boundary_nothing_is_claimed_that_is_not_so(kind, gain):
    latent = latent_system(along_one_direction(gain), 64)
    state = np.zeros((1, 64))
    found = latent_spectra(latent, kind, state, np.zeros(1)).n_unstable[0]
    assert found in (-1, int(gain > 1)) and (gain != 1.0 or found == -1)
    wide = latent_spectra(latent, kind, state, np.full(1, 1e-3)).n_unstable[0]
    assert wide == -1 or (gain < 1 and wide == 0)  # tanh' is 1 at most
    index = latent_indices(latent, state, np.zeros(1)).signs[0]
    assert index in (0, int(np.sign(1 - gain)))


def test_nothing_is_told_of_units_that_grow_by_themselves():
    latent = latent_system(lambda x: 0.7 * x + SIGNS * (SIGNS @ jnp.tanh(x)), 64)
    assert latent_spectra(latent, "flow", np.zeros((1, 64)), np.zeros(1)) is None


def test_a_map_that_turns_over_at_minus_one_is_at_the_boundary():
    step = lambda x: -x + 0.5 * SIGNS * (SIGNS @ jnp.tanh(x)) / 64  # noqa: E731
    latent = latent_system(lambda x: step(x) - x, 64)
    assert latent_spectra(latent, "map", np.zeros((1, 64)), np.zeros(1)) is None


def test_on_a_kink_a_number_holds_on_all_sides_or_is_not_told():
    one = np.ones(SIZE)
    for gain, expected in ((2.0, -1), (0.5, 0)):
        velocity = lambda x, g=gain: one * g * (one @ jax.nn.relu(x)) / SIZE - x  # noqa: E731
        latent = latent_system(velocity, SIZE)
        found = latent_spectra(latent, "flow", np.zeros((1, SIZE)), np.zeros(1))
        assert found.n_unstable.tolist() == [expected]
        assert np.isnan(found.eigenvalues).all()
