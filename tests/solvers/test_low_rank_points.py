"""What few variables tell of single zeros: that they exist, their eigenvalues, their index."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from separatrix.analysis.completeness import few_indices
from separatrix.enclosure.interval import point
from separatrix.enclosure.krawczyk import certify_zeros
from separatrix.solvers.low_rank import certify, few_eigenvalues, reduce, settle

SIZE = 40
ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu, "softplus": jax.nn.softplus}
FORMS = {
    "units first": lambda U, V, phi: lambda x: U @ (V.T @ phi(x)),
    "units last": lambda U, V, phi: lambda x: phi(U @ (V.T @ x) + 0.3),
    "both": lambda U, V, phi: lambda x: jnp.tanh(U @ (V.T @ phi(x)) - 0.2),
}
LEAKS = {
    "one": 1.0,
    "rounded": 0.3 * np.ones(SIZE) + np.where(np.arange(SIZE) % 2, 1e-16, 0.0),
    "nearly one": 1 + 1e-12 * np.cos(np.arange(SIZE)),
    "negative": -0.7,
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
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_unstable_directions_and_indices_are_those_of_the_whole_jacobian(
    activation, form, leak, kind
):
    rng = np.random.default_rng(1)
    for rank, repeated in ((1, False), (2, True), (3, False)):
        core = FORMS[form](*factors(rank, repeated, rank), ACTIVATIONS[activation])
        velocity = lambda x, core=core: core(x) - LEAKS[leak] * x  # noqa: E731
        states = rng.uniform(-2, 2, (5, SIZE))
        reduction = reduce(velocity, SIZE, as_written=True)
        found = few_eigenvalues(reduction, kind, states, np.zeros(5))
        with jax.enable_x64(True):
            of = jax.jit(jax.vmap(jax.jacfwd(velocity)))
            jacobians = np.asarray(of(states))
        slopes = reduction.around(point(states)).slopes.midpoint_radius()[0]
        for J, values, number, small in zip(jacobians, *found[::3], slopes, strict=True):
            whole = J + np.eye(SIZE) * (kind == "map")
            expected, margin, largest = counted(whole, kind)
            assert number in (expected, -1) and (number >= 0 or margin < 1e-6)
            every = np.append(values, found.rest)
            growth = np.abs(every) - 1 if kind == "map" else every.real
            assert np.isclose(growth.max(), largest, atol=1e-9)
            sign = np.linalg.slogdet(-J)[0]
            diagonal = reduction.diagonal.midpoint_radius()[0]
            assert sign == np.sign(-diagonal).prod() * np.linalg.slogdet(small)[0]
        assert (found.n_unstable >= 0).all()


def test_units_that_leak_unlike_each_other_have_an_index_but_no_count():
    U, V = factors(2, False)
    leak = np.linspace(0.5, 2.0, SIZE)
    velocity = lambda x: U @ (V.T @ jnp.tanh(x)) - leak * x  # noqa: E731
    reduction = reduce(velocity, SIZE, as_written=True)
    assert few_eigenvalues(reduction, "flow", np.zeros((1, SIZE)), np.zeros(1)) is None
    jacobian = U @ V.T - np.diag(leak)
    index = few_indices(reduction, np.zeros((1, SIZE)), np.zeros(1))
    assert index.signs.tolist() == [np.linalg.slogdet(-jacobian)[0]]
    assert few_indices(reduction, np.ones((1, SIZE)), np.zeros(1)).signs.tolist() == [0]


SIGNS = np.where(np.arange(64) % 3, 1.0, -1.0)


def along_one_direction(gain):
    """A flow whose eigenvalues at 0 are gain − 1 and −1, exactly."""
    return lambda x: SIGNS * gain * (SIGNS @ jnp.tanh(x)) / 64 - x


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize("gain", [1 - 1e-9, 1.0, 1 + 2**-52, 1 + 1e-9])
def test_near_the_boundary_nothing_is_claimed_that_is_not_so(kind, gain):
    reduction = reduce(along_one_direction(gain), 64, as_written=True)
    state = np.zeros((1, 64))
    found = few_eigenvalues(reduction, kind, state, np.zeros(1)).n_unstable[0]
    assert found in (-1, int(gain > 1)) and (gain != 1.0 or found == -1)
    wide = few_eigenvalues(reduction, kind, state, np.full(1, 1e-3)).n_unstable[0]
    assert wide == -1 or (gain < 1 and wide == 0)  # tanh' is 1 at most
    index = few_indices(reduction, state, np.zeros(1)).signs[0]
    assert index in (0, int(np.sign(1 - gain)))


def test_a_map_that_turns_over_at_minus_one_is_at_the_boundary():
    step = lambda x: -x + 0.5 * SIGNS * (SIGNS @ jnp.tanh(x)) / 64  # noqa: E731
    reduction = reduce(lambda x: step(x) - x, 64, as_written=True)
    assert few_eigenvalues(reduction, "map", np.zeros((1, 64)), np.zeros(1)) is None


def test_on_a_kink_a_number_holds_on_all_sides_or_is_not_told():
    one = np.ones(SIZE)
    for gain, expected in ((2.0, -1), (0.5, 0)):
        velocity = lambda x, g=gain: one * g * (one @ jax.nn.relu(x)) / SIZE - x  # noqa: E731
        reduction = reduce(velocity, SIZE, as_written=True)
        found = few_eigenvalues(reduction, "flow", np.zeros((1, SIZE)), np.zeros(1))
        assert found.n_unstable.tolist() == [expected]
        assert np.isnan(found.eigenvalues).all()


def test_a_matrix_of_low_rank_within_rounding_tells_nothing_of_single_points():
    U, V = factors(1, False)
    W = jnp.asarray(U @ V.T)
    reduction = reduce(lambda x: jnp.tanh(W @ x) - x, SIZE)
    assert not reduction.exact
    with pytest.raises(ValueError, match="no slopes that are exact"):
        reduction.around(point(np.zeros((1, SIZE))))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_zeros_are_proved_whatever_the_variables_are_measured_in(scale, activation):
    U, V = factors(2, False)
    phi = ACTIVATIONS[activation]
    residual = lambda x: (U / scale) @ ((scale * V).T @ phi(x)) - x - 0.4  # noqa: E731
    reduction = reduce(residual, SIZE, as_written=True)
    starts = np.array([np.full(SIZE, -0.41), *np.random.default_rng(0).uniform(-1, 1, (3, SIZE))])
    states = settle(reduction, starts)
    proof, whole = certify(reduction, states), certify_zeros(residual, states)
    assert proof.unique.any() and (whole.exists | ~proof.exists).all()
    for row in np.flatnonzero(proof.unique):
        assert proof.error_bound[row] < 1e-12 < 1e-2 * whole.radius[row] < proof.radius[row]


def test_what_is_no_zero_is_not_proved():
    U, V = factors(1, False)
    reduction = reduce(lambda x: U @ (V.T @ jnp.tanh(x)) - x - 0.4, SIZE, as_written=True)
    states = np.array([np.full(SIZE, 5.0), np.full(SIZE, np.nan)])
    proof = certify(reduction, states)
    assert not (proof.exists & (proof.error_bound < 1.0)).any()
    assert np.isnan(settle(reduction, states)[1]).all()
