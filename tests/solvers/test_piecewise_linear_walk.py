"""Zeros of piecewise-linear residuals against closed forms and enumeration of all regions."""

import jax
import numpy as np
import pytest
from piecewise_tools import enumerated, primer, random_map, residual_of

from separatrix.solvers.endings import Ending
from separatrix.solvers.piecewise_linear import solve_regions


def exactly_the_zeros_of_all_regions(residual, starts):
    """Check that a walk finds them; return what it found."""
    solution, expected = solve_regions(residual, starts), enumerated(residual)
    assert len(solution.zeros) == len(expected)
    for zero in solution.zeros:
        assert np.abs(expected - zero.state).max(axis=1).min() < 1e-10
        assert zero.inside
    return solution


@pytest.mark.parametrize("kind", ["relu", "leaky", "two layers"])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_walk_finds_exactly_the_zeros_of_all_regions(kind, n):
    for seed in range(6):
        rng = np.random.default_rng(100 * n + seed)
        residual = residual_of(random_map(kind, n, rng), n)
        exactly_the_zeros_of_all_regions(residual, rng.normal(size=(300, n)) * 4)


def test_what_is_said_of_rounding_holds_in_ball_arithmetic():
    flint = pytest.importorskip("flint")
    residual, states = primer(0)

    def exact(array):
        return flint.arb_mat(np.atleast_2d(array).astype(float).tolist())

    for zero in solve_regions(residual, states).zeros:
        on = zero.pattern
        Y, Z = exact(residual.output_weights[:, on]), exact(residual.gate_weights[on])
        b, c = exact(residual.offset[:, None]), exact(residual.gate_offset[on][:, None])
        with flint.ctx.workprec(200):
            B = exact(residual.linear) + Y * Z
            error = B.solve(-b - Y * c) - exact(zero.state[:, None])
            assert max(float(abs(error[i, 0])) for i in range(64)) <= zero.rounding


ANYWHERE = np.random.default_rng(0).normal(size=(20, 3))
SINGULAR = {
    "relu": (jax.nn.relu, ANYWHERE),
    "relu, at the end of a continuum next door": (jax.nn.relu, -np.ones((20, 3))),
    "identity": (lambda h: h, ANYWHERE),
    "half line": (lambda h: h + jax.nn.relu(h), ANYWHERE),
    "a flow": (lambda r: r + (-r + jax.nn.relu(-r[::-1] + 1.0)) / 0.02, ANYWHERE[:, :2]),
    "translation": (lambda h: h + 1.0, ANYWHERE),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_where_regions_are_singular_there_is_one_continuum_or_nothing(name):
    function, starts = SINGULAR[name]
    solution = solve_regions(residual_of(function, starts.shape[1]), starts)
    has_zeros = name != "translation"
    ending = Ending.WALK_CONTINUUM if has_zeros else Ending.WALK_UNBOUNDED
    assert (solution.outcome == ending).all()
    assert not solution.zeros and len(solution.continua) == has_zeros
