"""Networks of any size whose recurrent matrix is narrow: every zero, proved."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.enclosure.branch_and_prune import BranchAndPrune
from separatrix.enclosure.branch_and_prune.box_search import alone_at_origin
from separatrix.enclosure.interval import Interval
from separatrix.enclosure.krawczyk import certify_zeros
from separatrix.solvers.low_rank import (
    UnboundedRemainderError,
    exhaust,
    exhaust_enclosure,
    latent_system,
    low_rank_enclosure,
)

KAPPA = 1.2991568555472  # REFERENCE 6.6


def rank_one(units, overlap=1.8):
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal(units), rng.standard_normal(units)
    return m, n + (overlap - n @ m / units) * m / (m @ m / units)


def rank_many(units, rank, overlap=1.8):
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal((2, units, rank))
    return m, n + overlap * m


def search(residual, size, **options):
    return exhaust(latent_system(residual, size), **options)


def search_by_factors(residual, size, known=None):
    box = Interval(np.full(size, -np.inf), np.full(size, np.inf))
    return exhaust_enclosure(low_rank_enclosure(residual, size, box), residual, known)


WRITTEN = "factors", "leaky map"
FORMS = {
    "factors": lambda m, n, size: lambda x: -x + m * (n @ jnp.tanh(x)) / size,
    "matrix": lambda m, n, size: lambda x: -x + jnp.asarray(np.outer(m, n) / size) @ jnp.tanh(x),
    "row vector": lambda m, n, size: lambda x: jnp.tanh(x) @ (np.outer(n, m) / size) - x,
    "leaky map": lambda m, n, size: lambda x: 0.8 * x + 0.2 * m * (n @ jnp.tanh(x)) / size - x,
    "outer product inside": lambda m, n, size: (
        lambda x: -x + (jnp.outer(m, n) / size) @ jnp.tanh(x)
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_rank_one_network_has_exactly_three_fixed_points(form):
    m, n = rank_one(50)
    residual = FORMS[form](m, n, 50)
    found = (search if form in WRITTEN else search_by_factors)(residual, 50)
    assert found.complete, found.reason
    assert len(found.states) == 3
    expected = np.array([-KAPPA, 0.0, KAPPA])[:, None] * m
    order = np.argsort(found.states @ m)
    assert np.allclose(found.states[order], expected, atol=1e-11)
    assert certify_zeros(residual, found.states).unique.all()
    assert (found.radii > found.error_bounds).all()


def test_zeros_that_are_known_are_not_proved_again():
    residual = FORMS["matrix"](*rank_one(50), 50)
    every = search_by_factors(residual, 50)
    rest = search_by_factors(residual, 50, (every.states[1:], every.radii[1:], np.zeros(2)))
    assert rest.complete
    assert np.allclose(rest.states, every.states[:1], atol=1e-10)


def test_a_thousand_units():
    m, n = rank_one(1000)
    found = search(FORMS["factors"](m, n, 1000), 1000)
    assert found.complete
    assert len(found.states) == 3
    scale = found.states @ m / (m @ m)
    assert np.allclose(found.states, scale[:, None] * m, atol=1e-10)
    assert np.allclose(scale, [np.mean(n * np.tanh(k * m)) for k in scale], atol=1e-12)


@pytest.mark.parametrize("rank", [2])
@pytest.mark.parametrize("outside", [False, True])
def test_higher_ranks(rank, outside):
    size = 100
    m, n = rank_many(size, rank)
    bias = 0.1 * np.ones(size)

    def residual(x):
        if outside:
            return jnp.tanh(m @ (n.T @ x) / size + bias) - x
        return -x + m @ (n.T @ jnp.tanh(x)) / size + bias

    assert latent_system(residual, size).rank == rank
    found = search(residual, size)
    assert found.complete
    assert certify_zeros(residual, found.states).exists.all()
    with jax.enable_x64(True):
        jacobians = np.asarray(jax.vmap(jax.jacfwd(residual))(jnp.asarray(found.states)))
    assert np.sign(np.linalg.det(-jacobians)).sum() == 1  # the degree of a bounded map


def test_the_reduced_and_the_full_search_agree_where_both_can():
    m, n = rank_many(4, 1)

    def residual(x):
        return jnp.tanh(3.0 * m @ (n.T @ x) / 4 + 0.1) - x

    reduced = search(residual, 4)
    full = BranchAndPrune().search(residual, -np.ones(4), np.ones(4))
    assert reduced.complete
    assert full.complete
    reduced, full = (states[np.argsort(states[:, 0])] for states in (reduced.states, full.states))
    assert np.allclose(reduced, full, atol=1e-12)


def test_a_product_of_factors_that_acts_on_unbounded_states_says_what_to_do():
    matrix = np.outer(np.linspace(-1.0, 1.0, 20), np.ones(20)) / 20
    system = sx.DiscreteMap(lambda x: jnp.maximum(matrix @ x + 1.0, 0), 20)
    with pytest.raises(UnboundedRemainderError, match="has rank 1 within rounding"):
        search_by_factors(system.residual, 20)
    points = sx.find_fixed_points(system, np.ones((1, 20)))
    assert not points.complete
    assert "write it as its two factors, U @ (V @ x)" in points.completeness


def test_a_matrix_that_is_only_nearly_of_low_rank_is_not_taken_for_one():
    m, n = rank_one(50)
    noise = np.random.default_rng(1).standard_normal((50, 50))

    def network(level):
        weights = np.outer(m, n) / 50 + level * noise
        return lambda x: -x + weights @ jnp.tanh(x)

    everywhere = Interval(np.full(50, -np.inf), np.full(50, np.inf))
    assert low_rank_enclosure(network(1e-2), 50, everywhere) is None
    shaken = network(1e-9)
    assert latent_system(shaken, 50) is None
    found = search_by_factors(shaken, 50)
    assert found.complete
    assert len(found.states) == 3
    assert certify_zeros(shaken, found.states).unique.all()


def test_weights_that_float32_rounded():
    m, n = rank_one(64)
    weights = (np.outer(m, n) / 64).astype(np.float32).astype(np.float64)
    found = search_by_factors(lambda x: -x + weights @ jnp.tanh(x), 64)
    assert found.complete
    assert len(found.states) == 3


@pytest.mark.parametrize("overlap", [1.0])
def test_at_the_pitchfork_nothing_is_claimed(overlap):
    m, n = rank_one(50, overlap)
    found = search(FORMS["factors"](m, n, 50), 50)
    assert not found.complete
    assert "degenerate" in found.reason
    m, n = rank_one(50, 1.001)
    assert len(search(FORMS["factors"](m, n, 50), 50).states) == 3


@pytest.mark.parametrize(
    "leak",
    [
        lambda x, k: -x * (1 + k),
        lambda x, k: -x / (2 + k),
        lambda x, k: -jnp.clip(x, -9, 9),
        lambda x, k: -x[::-1],
        lambda x, k: x - x,
        lambda x, k: jnp.where(k > 0, -x, -2 * x),
        lambda x, k: -jnp.linspace(-1.0, 1.0, 21) * x,
    ],
)
def test_what_is_no_leak_is_not_taken_for_one(leak):
    n = np.linspace(1.0, 3.0, 21)

    def residual(x):
        k = jnp.tanh(n @ jnp.tanh(x) / 21)
        return leak(x, k) + k * n

    assert latent_system(residual, 21) is None


def test_what_is_not_narrow_is_not_reduced():
    weights = np.random.default_rng(0).standard_normal((20, 20))
    assert latent_system(lambda x: jnp.tanh(weights @ x) - x, 20) is None
    assert latent_system(lambda x: jnp.tanh(2.0 * x) - x, 20) is None
    assert latent_system(lambda x: x[::-1] * jnp.mean(jnp.tanh(x)), 20) is None  # no multiple of x


def test_a_bottleneck_of_several_parts():
    m, n = rank_many(40, 2)

    def residual(x):
        first = jnp.tanh(n[:, 0] @ jnp.tanh(x) / 40)
        second = jax.nn.sigmoid(n[:, 1] @ x / 40 + first)
        return jnp.tanh(2.0 * m[:, 0] * first + m[:, 1] * second) - x

    latent = latent_system(residual, 40)
    assert latent.rank == 2
    found = exhaust(latent)
    assert found.complete
    assert certify_zeros(residual, found.states).exists.all()
    index = np.linalg.det(-np.asarray(jax.vmap(jax.jacfwd(residual))(found.states)))
    assert np.sign(index).sum() == 1


def test_without_a_box_that_holds_every_zero_the_search_is_refused():
    m, n = rank_one(50)
    found = search(lambda x: -x + m * jnp.square(n @ x / 50) / 10, 50)
    assert not found.complete
    assert "unbounded" in found.reason


def test_too_few_boxes():
    m, n = rank_many(100, 3)

    def residual(x):
        return -x + m @ (n.T @ jnp.tanh(x)) / 100

    found = search(residual, 100, method=BranchAndPrune(max_boxes=50))
    assert not found.complete
    assert "more than 50 boxes" in found.reason


def count_roots_of_rank_one(m, n, bias):
    """Count the zeros of κ − n·relu(κ m + b)/N by its values at all of its kinks."""

    def gap(k):
        return k - np.mean(n * np.maximum(np.multiply.outer(k, m) + bias, 0.0), axis=-1)

    kinks = np.sort(-bias / m)
    far = 1e6 * np.abs(kinks).max()
    signs = np.sign(gap(np.concatenate([[-far], kinks, [far]])))
    return int(np.sum(signs[1:] != signs[:-1]))


@pytest.mark.parametrize("seed", [0, 1])
def test_rank_one_rectified_networks_in_all_of_space(seed):
    rng = np.random.default_rng(seed)
    m, n, bias = rng.standard_normal((3, 50))
    n = n + (2.0 if seed % 2 else 0.5) * m

    def residual(x):
        return jax.nn.relu(m * (n @ x) / 50 + bias) - x

    assert not latent_system(residual, 50).bounded
    found = search(residual, 50)
    assert found.complete, found.reason
    assert len(found.states) == count_roots_of_rank_one(m, n, bias)
    if len(found.states):
        assert certify_zeros(residual, found.states).unique.all()


@pytest.mark.parametrize("seed", [0])
def test_a_bias_that_all_units_share(seed):
    """Far away it is one number for all of them, unlike the rest of the sum."""
    m, n = np.random.default_rng(seed).standard_normal((2, 50))
    n = n + (2.0 if seed % 2 else 0.5) * m
    bias = 0.3 if seed < 2 else -0.3

    def residual(x):
        return m * (n @ jax.nn.relu(x)) / 50 - x + bias

    found = search(residual, 50)
    assert found.complete, found.reason
    assert len(found.states) == count_roots_of_rank_one(m, n, np.full(50, bias))


@pytest.mark.parametrize(("rank", "seed"), [(2, 0)])
def test_rectified_networks_of_higher_rank(rank, seed):
    rng = np.random.default_rng(seed)
    m, n = rng.standard_normal((2, 40, rank))
    n, bias = n + 1.5 * m, rng.standard_normal(40)

    def flow(x):
        return -x + m @ (n.T @ jax.nn.relu(x)) / 40 + bias

    def currents_inside(x):
        return jax.nn.relu(m @ (n.T @ x) / 40 + bias) - x

    one, other = search(flow, 40), search(currents_inside, 40)
    assert one.complete
    assert other.complete
    # x = M κ + b and r = relu(M κ + b) have the same κ
    assert len(one.states) == len(other.states)
    rates = np.maximum(one.states, 0.0)
    for rate in rates:
        assert np.abs(other.states - rate).max(axis=1).min() < 1e-9

    def speed(x):
        return -x + m @ (n.T @ np.maximum(x, 0.0)) / 40 + bias

    starts = 20.0 * rng.standard_normal((200, 40)) @ np.outer(m[:, 0], m[:, 0]) / 40
    for state in starts:  # Newton's method finds nothing else
        for _ in range(30):
            active = np.diag((state > 0).astype(float))
            jacobian = -np.eye(40) + m @ n.T @ active / 40
            state = state - np.linalg.solve(jacobian, speed(state))
        if np.abs(speed(state)).max() < 1e-9:
            assert np.abs(one.states - state).max(axis=1).min() < 1e-6


def test_a_line_attractor_of_rank_one_is_not_called_complete():
    m = np.ones(20)

    def residual(x):
        return -x + m * jnp.mean(jax.nn.relu(x))

    found = search(residual, 20)
    assert not found.complete
    assert "continuum" in found.reason


def relu_network(units, rank, strength, bias=0.0):
    rng = np.random.default_rng(units + rank)
    m, n = rng.standard_normal((2, units, rank))
    return lambda x: strength * m @ (n.T @ jax.nn.relu(x)) / units + bias - x


@pytest.mark.parametrize(
    ("units", "rank", "strength"),
    [(3, 1, 3.0), (100, 2, 2.0)],
)
def test_a_zero_on_all_kinks_is_proved_to_be_the_only_one(units, rank, strength):
    """Krawczyk's test fails there: it sees slopes of all regions at once."""
    residual = relu_network(units, rank, strength)
    assert not certify_zeros(residual, np.zeros((1, units))).exists[0]
    if units <= 8:
        assert alone_at_origin(residual, units)
        return
    found = search(residual, units)
    assert found.complete and found.boxes < 100
    np.testing.assert_allclose(found.states, np.zeros((1, units)), atol=1e-300)


def test_rays_of_zeros_and_constants_leave_the_origin_not_alone():
    m = np.random.default_rng(1).standard_normal(40)
    n = m * 40 / np.square(np.maximum(m, 0)).sum()  # n · relu(m) / 40 = 1: all of the ray of m

    def line(x):
        return m * (n @ jax.nn.relu(x)) / 40 - x

    assert np.abs(line(2 * m)).max() < 1e-6
    assert not search(line, 40).complete
    assert not alone_at_origin(lambda x: jax.nn.relu(x) - x, 2)
    assert not alone_at_origin(relu_network(4, 1, 2.0, bias=1e-300), 4)
    assert not alone_at_origin(lambda x: jnp.tanh(x) - 2 * x, 2)
    assert not alone_at_origin(lambda x: x * jnp.inf, 2)  # NaN at 0
    assert not alone_at_origin(lambda x: jax.nn.relu(x) @ np.eye(30) * 0.5 - x, 30)
    assert alone_at_origin(lambda x: jax.nn.relu(x) @ np.eye(3) * 0.5 - x, 3)


def test_steps_that_are_written_out_one_by_one_are_read_once():
    """Every state enters the next one twice: read in each of the places, it would take 2^60."""
    m, n = rank_one(50)

    def residual(x):
        y = x
        for _ in range(60):
            y = y + 0.05 * (-y + m * (n @ jnp.tanh(x)) / 50)
        return y - x

    found = search(residual, 50)
    assert found.complete and len(found.states) == 3


@pytest.mark.parametrize(
    "coordinate",
    [
        lambda x: jnp.tanh((jnp.sum(x) - 25) / (jnp.sum(x) - 25)),
        lambda x: jnp.tanh(jnp.sum((x - 0.5) / (x - 0.5))),
        lambda x: jnp.sum(jnp.tanh((x - 0.5) / (x - 0.5))) / 50,
    ],
)
def test_a_zero_whose_coordinate_is_nan_is_not_passed_over(coordinate):
    """Each is NaN where all of x are 1/2, which is a zero, as is 1/10."""

    def residual(x):
        return jnp.where(jnp.isnan(jnp.tanh(coordinate(x))), 0.5, 0.1) - x

    assert not np.any(residual(jnp.full(50, 0.5)))
    latent = latent_system(residual, 50)
    assert latent is None or not exhaust(latent).complete
