"""Certificates of trained networks beside the same points in ball arithmetic of 200 bits (Arb)."""

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
