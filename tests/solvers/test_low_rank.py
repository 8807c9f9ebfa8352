"""Networks of any size whose recurrent matrix is narrow: every zero, proved."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import separatrix as sx
from separatrix.enclosure.interval import Interval
from separatrix.enclosure.krawczyk import certify_zeros
from separatrix.solvers.branch_and_prune import BranchAndPrune
from separatrix.solvers.low_rank import (
    UnboundedRemainderError,
    exhaust,
    exhaust_enclosure,
    latent_system,
    low_rank_enclosure,
)

KAPPA = 1.2991568555472  # REFERENCE 6.6
relu = jax.nn.relu


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


def everywhere(size):
    return Interval(np.full(size, -np.inf), np.full(size, np.inf))


def search_by_factors(residual, size, known=None):
    return exhaust_enclosure(low_rank_enclosure(residual, size, everywhere(size)), residual, known)


def factors(m, n):
    return lambda x: -x + m * (n @ jnp.tanh(x)) / len(m)


def matrix(m, n, precision=float, noise=0.0):
    weights = (np.outer(m, n) / len(m)).astype(precision).astype(float)
    weights += noise * np.random.default_rng(1).standard_normal(weights.shape)
    return lambda x: -x + weights @ jnp.tanh(x)


def written_out(m, n):
    """Every state enters the next one twice: read in each of the places, it would take 2^60."""

    def residual(x):
        y = x
        for _ in range(60):
            y = y + 0.05 * (-y + m * (n @ jnp.tanh(x)) / len(m))
        return y - x

    return residual


# Each with its search, its number of units, and how near to κ m its points are.
FORMS = {
    "factors": (factors, search, 50, 1e-11),
    "a thousand units": (factors, search, 1000, 1e-10),
    "leaky map": (
        lambda m, n: lambda x: 0.8 * x + 0.2 * m * (n @ jnp.tanh(x)) / 50 - x, search, 50, 1e-11,
    ),
    "steps that are written out": (written_out, search, 50, 1e-11),
    "matrix": (matrix, search_by_factors, 50, 1e-11),
    "row vector": (
        lambda m, n: lambda x: jnp.tanh(x) @ (np.outer(n, m) / 50) - x,
        search_by_factors, 50, 1e-11,
    ),
    "outer product inside": (
        lambda m, n: lambda x: -x + (jnp.outer(m, n) / 50) @ jnp.tanh(x),
        search_by_factors, 50, 1e-11,
    ),
    "weights that float32 rounded": (
        lambda m, n: matrix(m, n, np.float32), search_by_factors, 64, 1e-6,
    ),
    "nearly of rank one": (lambda m, n: matrix(m, n, noise=1e-9), search_by_factors, 50, 1e-6),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_rank_one_network_has_exactly_three_fixed_points(form):
    make, by, units, tolerance = FORMS[form]
    m, n = rank_one(units)
    residual = make(m, n)
    found = by(residual, units)
    assert found.complete and len(found.states) == 3
    kappa = brentq(lambda k: k - np.mean(n * np.tanh(k * m)), 0.1, 10, xtol=1e-14)
    assert units != 50 or kappa == pytest.approx(KAPPA, abs=1e-13)
    expected = np.array([-kappa, 0.0, kappa])[:, None] * m
    order = np.argsort(found.states @ m)
    np.testing.assert_allclose(found.states[order], expected, rtol=1e-5, atol=tolerance)
    assert (found.radii > found.error_bounds).all()
    if units < 1000:
        assert certify_zeros(residual, found.states).unique.all()


def test_a_product_of_factors_that_acts_on_unbounded_states_says_what_to_do():
    weights = np.outer(np.linspace(-1.0, 1.0, 20), np.ones(20)) / 20
    system = sx.DiscreteMap(lambda x: jnp.maximum(weights @ x + 1.0, 0), 20)
    with pytest.raises(UnboundedRemainderError):
        search_by_factors(system.residual, 20)
    points = sx.find_fixed_points(system, np.ones((1, 20)))
    assert not points.complete and "U @ (V @ x)" in points.completeness


LEFT, RIGHT = rank_one(50)
WIDE_LEFT, WIDE_RIGHT = rank_many(100, 3)
M = np.random.default_rng(1).standard_normal(40)
RAY = M * 40 / np.square(np.maximum(M, 0)).sum()  # RAY · relu(M) / 40 = 1: all of the ray of M
NOT_COMPLETE = {
    "at the pitchfork": (factors(*rank_one(50, 1.0)), 50, {}, "degenerate"),
    "without a box that holds every zero": (
        lambda x: -x + LEFT * jnp.square(RIGHT @ x / 50) / 10, 50, {}, "unbounded",
    ),
    "too few boxes": (
        lambda x: -x + WIDE_LEFT @ (WIDE_RIGHT.T @ jnp.tanh(x)) / 100,
        100, {"method": BranchAndPrune(max_boxes=50)}, "boxes",
    ),
    "a line attractor": (lambda x: -x + np.ones(20) * jnp.mean(relu(x)), 20, {}, "continuum"),
    "a ray of zeros": (lambda x: M * (RAY @ relu(x)) / 40 - x, 40, {}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_COMPLETE)
def test_what_is_not_proved_is_not_called_complete(name):
    residual, size, options, reason = NOT_COMPLETE[name]
    found = search(residual, size, **options)
    assert not found.complete and reason in found.reason


N = np.linspace(1.0, 3.0, 21)
FULL = np.random.default_rng(0).standard_normal((21, 21))


def leaking(leak):
    def residual(x):
        k = jnp.tanh(N @ jnp.tanh(x) / 21)
        return leak(x, k) + k * N

    return residual


NOT_NARROW = {
    "a leak that depends on the state": leaking(lambda x, k: -x * (1 + k)),
    "a divided leak": leaking(lambda x, k: -x / (2 + k)),
    "a clipped leak": leaking(lambda x, k: -jnp.clip(x, -9, 9)),
    "units leak into others": leaking(lambda x, k: -x[::-1]),
    "no leak": leaking(lambda x, k: x - x),
    "a leak of two kinds": leaking(lambda x, k: jnp.where(k > 0, -x, -2 * x)),
    "leaks of either sign": leaking(lambda x, k: -jnp.linspace(-1.0, 1.0, 21) * x),
    "a full matrix": lambda x: jnp.tanh(FULL @ x) - x,
    "each unit by itself": lambda x: jnp.tanh(2.0 * x) - x,
    "no multiple of x": lambda x: x[::-1] * jnp.mean(jnp.tanh(x)),
    "nearly of rank one": matrix(*rank_one(21), noise=1e-9),
}


@pytest.mark.parametrize("name", NOT_NARROW)
def test_what_is_not_narrow_is_not_reduced(name):
    assert latent_system(NOT_NARROW[name], 21) is None


def test_a_matrix_far_from_low_rank_has_no_factors():
    noisy = matrix(*rank_one(50), noise=1e-2)
    assert low_rank_enclosure(noisy, 50, everywhere(50)) is None


def count_roots_of_rank_one(m, n, bias):
    """Count the zeros of κ − n·relu(κ m + b)/N by its values at all of its kinks."""
    kinks = np.sort(-bias / m)
    far = 1e6 * np.abs(kinks).max()
    k = np.concatenate([[-far], kinks, [far]])
    signs = np.sign(k - np.mean(n * np.maximum(np.multiply.outer(k, m) + bias, 0.0), axis=-1))
    return int(np.sum(signs[1:] != signs[:-1]))


RECTIFIED = {
    "outside": (0.5, lambda m, n, b: lambda x: relu(m * (n @ x) / 50 + b) - x),
    "outside, more overlap": (2.0, lambda m, n, b: lambda x: relu(m * (n @ x) / 50 + b) - x),
    # far away the bias is one number for all units, unlike the rest of the sum
    "inside, a shared bias": (0.5, lambda m, n, b: lambda x: m * (n @ relu(x)) / 50 - x + 0.3),
}


@pytest.mark.parametrize("name", RECTIFIED)
def test_rank_one_rectified_networks_in_all_of_space(name):
    overlap, make = RECTIFIED[name]
    m, n, bias = np.random.default_rng(name == "outside, more overlap").standard_normal((3, 50))
    n = n + overlap * m
    bias = np.full(50, 0.3) if "shared" in name else bias
    residual = make(m, n, bias)
    assert not latent_system(residual, 50).bounded
    found = search(residual, 50)
    assert found.complete and len(found.states) == count_roots_of_rank_one(m, n, bias)
    if len(found.states):
        assert certify_zeros(residual, found.states).unique.all()


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
    residual = lambda x: jnp.where(jnp.isnan(jnp.tanh(coordinate(x))), 0.5, 0.1) - x  # noqa: E731
    assert not np.any(residual(jnp.full(50, 0.5)))
    latent = latent_system(residual, 50)
    assert latent is None or not exhaust(latent).complete
