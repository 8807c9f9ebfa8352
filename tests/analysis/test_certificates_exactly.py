"""Certificates of trained networks beside the same points in ball arithmetic of 200 bits (Arb)."""

from fractions import Fraction

import flint
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx

DATA = np.load(systems.DATA / "flipflop_tanh16.npz")
W = DATA["rnn.weight_hh_l0"].astype(float)
B = DATA["rnn.bias_ih_l0"] + DATA["rnn.bias_hh_l0"]


@pytest.fixture(autouse=True)
def bits():
    before, flint.ctx.prec = flint.ctx.prec, 200
    yield
    flint.ctx.prec = before


@pytest.fixture(scope="module")
def points():
    return sx.find_fixed_points(*systems.flip_flop("tanh16"), slow_points=False).fixed


def exact_zero(state, weights=W, bias=B):
    """Return the zero of tanh(W x + b) − x near a state, by Newton's method, and W D there."""
    size = len(state)
    weights, bias = flint.arb_mat(weights.tolist()), flint.arb_mat([[float(b)] for b in bias])
    x = flint.arb_mat([[float(v)] for v in state])
    one = flint.arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
    for _ in range(7):
        drive = weights * x + bias
        rates = [drive[i, 0].tanh() for i in range(size)]
        slopes = flint.arb_mat(size, size)
        for i, rate in enumerate(rates):
            slopes[i, i] = 1 - rate * rate
        step = (one - slopes * weights).solve(flint.arb_mat([[r] for r in rates]) - x)
        x = flint.arb_mat([[(x[i, 0] + step[i, 0]).mid()] for i in range(size)])
    assert max(abs(float(step[i, 0])) for i in range(size)) < 1e-40
    return x, slopes * weights


def test_exact_points_lie_within_the_error_bounds(points):
    assert points.certified.sum() == 27
    for state, bound in zip(points.states, points.error_bound, strict=True):
        zero, _ = exact_zero(state)
        for i, value in enumerate(state):
            assert abs(zero[i, 0] - float(value)) <= float(bound)


def test_certified_numbers_of_unstable_directions_are_those_of_the_exact_points(points):
    assert points.n_unstable_certified.all()
    for state, number in zip(points.states[::3], points.n_unstable[::3], strict=True):
        _, jacobian = exact_zero(state)
        eigenvalues = flint.acb_mat(jacobian).eig(algorithm="approx")
        assert sum(bool(abs(value) > 1) for value in eigenvalues) == number


def test_error_bounds_of_a_large_network_hold():
    """Of 72 units: long enough for sums in wide numbers."""
    weights = np.random.default_rng(3).standard_normal((72, 72)) * 1.5 / np.sqrt(72)
    with jax.enable_x64(True):
        known = jnp.asarray(weights)
    system = sx.DiscreteMap(lambda x: jnp.tanh(known @ x), 72)
    starts = np.random.default_rng(4).uniform(-1, 1, (40, 72))
    found = sx.find_fixed_points(system, starts, slow_points=False, completeness=False).fixed
    assert len(found) > 1 and found.certified.all() and found.n_unstable_certified.all()
    moved = [state for state in found.states if state.any()]
    zero, _ = exact_zero(moved[0], weights, np.zeros(72))
    (bound,) = found.error_bound[[np.array_equal(state, moved[0]) for state in found.states]]
    distance = max(abs(zero[i, 0] - float(value)) for i, value in enumerate(moved[0]))
    assert distance <= float(bound) < 1e-12


@pytest.mark.parametrize("slope_below", [0.01, 0.0], ids=["leaky ReLU", "an Euler step"])
def test_error_bounds_of_kinked_functions_hold_in_rational_numbers(slope_below):
    """Reading such a function rounds its coefficients, so its pieces have other zeros."""
    rng = np.random.default_rng(0)
    count = 0
    for _ in range(6):
        w, c = 0.8 * rng.normal(), rng.normal()
        if slope_below:
            step = lambda x, w=w, c=c: jax.nn.leaky_relu(w * x + c)  # noqa: E731
        else:
            step = lambda x, w=w, c=c: x + 0.2 * (-x + jax.nn.relu(w * x + c))  # noqa: E731
        found = sx.find_fixed_points(sx.DiscreteMap(step, 1), np.linspace(-3, 3, 9)[:, None])
        proved = found.fixed[found.fixed.certified]
        for state, bound in zip(proved.states[:, 0], proved.error_bound, strict=True):
            slope = Fraction(1) if w * state + c > 0 else Fraction(slope_below)
            exact = slope * Fraction(c) / (1 - slope * Fraction(w))
            assert abs(Fraction(float(state)) - exact) <= Fraction(float(bound))
            count += 1
    assert count >= 5


def test_no_zeros_are_proved_that_only_rounding_makes():
    """A gap of 5e-9 beside slopes of 1e-8: as it is read the function has three zeros, it has one.

    Exactly, h − a h + a min(relu(2 h + b), 3) + a = h at h = 4 alone: where relu is 0 it asks for
    h = 1, whose 2 h + b is positive.
    """
    a = 1e-8
    b = -2.0 - (((1.0 - a) - 1.0) + a) / a
    step = lambda h: h + a * (-h + jnp.minimum(jax.nn.relu(2 * h + b), 3.0) + 1.0)  # noqa: E731
    found = sx.find_fixed_points(sx.DiscreteMap(step, 1), np.linspace(-3, 6, 41)[:, None])
    proved = found.states[found.certified & (found.kind == "fixed"), 0]
    np.testing.assert_allclose(proved, [4.0])
