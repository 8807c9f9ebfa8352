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
def bits(monkeypatch):
    monkeypatch.setattr(flint.ctx, "prec", 200)


def exact_zero(state, weights=W, bias=B):
    """Return the zero of tanh(W x + b) − x near a state, by Newton's method, and W D there."""
    size = len(state)
    weights, bias = flint.arb_mat(weights.tolist()), flint.arb_mat([[float(b)] for b in bias])
    x, one = flint.arb_mat([[float(v)] for v in state]), flint.arb_mat(np.eye(size).tolist())
    for _ in range(7):
        rates = [drive.tanh() for drive in (weights * x + bias).entries()]
        slopes = flint.arb_mat(np.diag([1 - rate * rate for rate in rates]).tolist())
        step = (one - slopes * weights).solve(flint.arb_mat([[r] for r in rates]) - x)
        x = flint.arb_mat([[value.mid()] for value in (x + step).entries()])
    assert max(abs(float(value)) for value in step.entries()) < 1e-40
    return x.entries(), slopes * weights


def distance(state, zero):
    return max(abs(exact - float(value)) for exact, value in zip(zero, state, strict=True))


def test_exact_points_lie_within_the_error_bounds():
    """And every third has as many unstable directions as the exact one."""
    points = sx.find_fixed_points(*systems.flip_flop("tanh16"), slow_points=False).fixed
    assert points.certified.sum() == 27 and points.n_unstable_certified.all()
    for k, state in enumerate(points.states):
        zero, jacobian = exact_zero(state)
        assert distance(state, zero) <= float(points.error_bound[k])
        if k % 3 == 0:
            eigenvalues = flint.acb_mat(jacobian).eig(algorithm="approx")
            assert sum(bool(abs(value) > 1) for value in eigenvalues) == points.n_unstable[k]


def test_error_bounds_of_a_large_network_hold():
    """Of 72 units: long enough for sums in wide numbers."""
    weights = np.random.default_rng(3).standard_normal((72, 72)) * 1.5 / np.sqrt(72)
    system = sx.DiscreteMap(lambda x: jnp.tanh(weights @ x), 72)
    starts = np.random.default_rng(4).uniform(-1, 1, (40, 72))
    found = sx.find_fixed_points(system, starts, slow_points=False, completeness=False).fixed
    assert len(found) > 1 and found.certified.all() and found.n_unstable_certified.all()
    first = int(found.states.any(1).argmax())  # that is not the origin
    zero, _ = exact_zero(found.states[first], weights, np.zeros(72))
    assert distance(found.states[first], zero) <= float(found.error_bound[first]) < 1e-12


KINKED = {
    0.01: lambda w, c: lambda x: jax.nn.leaky_relu(w * x + c),
    0.0: lambda w, c: lambda x: x + 0.2 * (-x + jax.nn.relu(w * x + c)),  # an Euler step
}
"""By the slope below the kink."""


@pytest.mark.parametrize("slope_below", KINKED)
def test_error_bounds_of_kinked_functions_hold_in_rational_numbers(slope_below):
    """Reading such a function rounds its coefficients, so its pieces have other zeros."""
    rng, count = np.random.default_rng(0), 0
    for _ in range(6):
        w, c = 0.8 * rng.normal(), rng.normal()
        system = sx.DiscreteMap(KINKED[slope_below](w, c), 1)
        found = sx.find_fixed_points(system, np.linspace(-3, 3, 9)[:, None])
        proved = found.fixed[found.fixed.certified]
        for state, bound in zip(proved.states[:, 0], proved.error_bound, strict=True):
            slope = Fraction(1) if w * state + c > 0 else Fraction(slope_below)
            exact = slope * Fraction(c) / (1 - slope * Fraction(w))
            assert abs(Fraction(float(state)) - exact) <= Fraction(float(bound))
        count += len(proved)
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
