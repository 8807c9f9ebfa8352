"""Local minima of the speed of piecewise-linear residuals, against brute force."""

import jax.numpy as jnp
import numpy as np
import pytest
from piecewise_tools import primer, random_map, residual_of

from separatrix.solvers.endings import Ending
from separatrix.solvers.piecewise_linear import KinkDescent, descend_speed


def clearance(residual, minimum):
    """A distance, in the maximum norm, to the nearest kink on which a minimum does not lie."""
    z = residual.preactivations(minimum.state)
    sizes = 10.0 ** -np.arange(8.0)
    rng = np.random.default_rng(0)
    for size in sizes:
        around = minimum.state + size * rng.uniform(-1, 1, size=(200, len(minimum.state)))
        off = ~minimum.kinks & (np.abs(z) > 1e-12)
        if ((residual.preactivations(around) > 0) == (z > 0))[:, off].all():
            return size
    return 0.0


def assert_minima(residual, solution, rng):
    """No point in the balls that the records promise to be free of slower ones is slower."""
    assert (solution.point >= 0).all()
    for minimum in solution.minima:
        assert minimum.verified
        radius = 1.0 if minimum.zero else clearance(residual, minimum)
        sizes = radius * 10.0 ** -rng.uniform(0, 4, size=(500, 1))
        shifts = sizes * rng.uniform(-1, 1, size=(500, residual.size))
        around = residual(minimum.state + shifts)
        assert np.linalg.norm(around, axis=1).min() >= minimum.speed - 1e-13


def test_ghost_of_a_piecewise_linear_saddle_node():
    residual = residual_of(lambda h: h + 0.1 + jnp.abs(h), 1)
    solution = descend_speed(residual, np.array([[3.0], [-2.0]]))
    (ghost,) = solution.minima
    assert ghost.speed == pytest.approx(0.1, abs=1e-16) and abs(ghost.state[0]) < 1e-16
    assert ghost.kinks.tolist() == [True] and ghost.verified
    assert (solution.outcome == Ending.SPEED_MINIMUM_ON_KINKS).all()
    assert (solution.numbers == 1).all()


@pytest.mark.parametrize("kind", ["relu", "leaky", "two layers"])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_minima_of_small_networks_are_minima(kind, n):
    for seed in range(6):
        rng = np.random.default_rng(100 * n + seed)
        residual = residual_of(random_map(kind, n, rng), n)
        solution = descend_speed(residual, rng.normal(size=(200, n)) * 4)
        assert set(solution.outcome.tolist()) <= {Ending.SLIDE_ZERO, Ending.SPEED_MINIMUM_ON_KINKS}
        assert_minima(residual, solution, rng)


def test_the_step_limit_is_an_outcome():
    residual, states = primer(0)
    solution = descend_speed(residual, states[:100], KinkDescent(max_steps=3))
    assert (solution.outcome == Ending.SLIDE_STEP_LIMIT).any()
    assert solution.max_steps == 3
