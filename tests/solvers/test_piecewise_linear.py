"""What holds of region walks and of descents of the speed alike."""

import jax.numpy as jnp
import numpy as np
import pytest
from piecewise_tools import line_attractor, primer, residual_of

from separatrix.solvers.endings import Ending
from separatrix.solvers.piecewise_linear import descend_speed, solve_regions

AT_ZERO = {solve_regions: Ending.WALK_ZERO, descend_speed: Ending.SLIDE_ZERO}
ON_A_LINE = AT_ZERO | {solve_regions: Ending.WALK_CONTINUUM}
either = pytest.mark.parametrize("solve", AT_ZERO)


@either
@pytest.mark.parametrize("seed", [0, 1])
def test_permuted_units_give_the_permuted_answer(seed, solve):
    order = np.random.default_rng(0).permutation(64)
    (plain, states), (mixed, permuted) = primer(seed), primer(seed, order)
    first, second = solve(plain, states[::10]), solve(mixed, permuted[::10])
    assert first.outcome.tolist() == second.outcome.tolist()
    assert first.point.tolist() == second.point.tolist()
    np.testing.assert_allclose(first.states[:, order], second.states, atol=1e-9)


@either
def test_linear_and_constant_maps_have_their_fixed_point(solve):
    for function in (lambda h: 0.5 * h + 1.0, lambda h: 2.0 * jnp.ones(3)):
        solution = solve(residual_of(function, 3), np.zeros((2, 3)))
        np.testing.assert_allclose(solution.states, [[2.0, 2.0, 2.0]], atol=1e-15)
        assert solution.outcome.tolist() == [AT_ZERO[solve]] * 2
        assert solution.point.tolist() == [0, 0]


@either
def test_bad_candidates(solve):
    residual, lost = residual_of(line_attractor, 2), Ending.NOT_FINITE
    empty = solve(residual, np.zeros((0, 2)))
    assert len(empty.outcome) == len(empty.states) == 0
    states = np.array([[0.3, 0.2], [np.nan, 0.0], [0.0, np.inf]])
    assert solve(residual, states).outcome.tolist() == [ON_A_LINE[solve], lost, lost]
    assert solve(residual, states[1:]).outcome.tolist() == [lost, lost]
    for shape in ((3, 3), (2,)):
        with pytest.raises(ValueError, match=r"shape \(candidate, 2\)"):
            solve(residual, np.zeros(shape))
