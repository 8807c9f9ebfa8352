"""Local minima of the speed of piecewise-linear residuals, against brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from piecewise_tools import line_attractor, primer, random_map, residual_of
from scipy.ndimage import minimum_filter
from scipy.optimize import minimize

from separatrix.solvers.endings import Ending
from separatrix.solvers.piecewise_linear import (
    KinkDescent,
    descend,
    descend_speed,
    solve_regions,
)


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


def grid_minima(residual, half_width, count):
    """Grid points slower than their eight neighbors, polished without derivatives."""
    axis = np.linspace(-half_width, half_width, count)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    speed = np.linalg.norm(residual(grid), axis=-1)
    lowest = (speed == minimum_filter(speed, 3))[1:-1, 1:-1]
    options = {"xatol": 1e-12, "fatol": 1e-14, "maxiter": 2000}
    for x in grid[1:-1, 1:-1][lowest]:
        for _ in range(3):  # Nelder and Mead stall on kinks; a fresh simplex helps.
            x = minimize(
                lambda y: np.linalg.norm(residual(y)), x, method="Nelder-Mead", options=options
            ).x
        yield x


def test_minima_in_the_plane_are_those_of_a_grid():
    compared = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        residual = residual_of(random_map("relu", 2, rng), 2)
        solution = descend_speed(residual, rng.uniform(-6, 6, size=(400, 2)))
        for x in grid_minima(residual, 6.0, 161):
            distance = np.abs(solution.states - x).max(axis=1).min()
            flat = any(minimum.flat_directions.size for minimum in solution.minima)
            slower = np.linalg.norm(residual(x)) - min(m.speed for m in solution.minima)
            assert distance < 1e-4 or flat or slower > 1e-6
            compared += distance < 1e-4
    assert compared >= 5


@pytest.mark.parametrize(("seed", "zeros", "slowest"), [(0, 1, 0.0664719), (1, 0, 0.00179511)])
def test_networks_of_the_primer(seed, zeros, slowest):
    residual, states = primer(seed)
    starts = np.asarray(states[::4], np.float64)
    solution = descend_speed(residual, starts)
    assert_minima(residual, solution, np.random.default_rng(0))
    speeds = np.array([minimum.speed for minimum in solution.minima])
    assert speeds[zeros] == pytest.approx(slowest, rel=1e-5)
    assert (speeds[solution.point] <= np.linalg.norm(residual(starts), axis=1) + 1e-12).all()
    is_zero = np.array([minimum.zero for minimum in solution.minima])
    assert is_zero.tolist() == (np.arange(len(is_zero)) < zeros).tolist()
    assert all(minimum.zero or minimum.kinks.any() for minimum in solution.minima)
    found = solve_regions(residual, solution.states).states
    for state in solution.states[is_zero]:
        assert np.abs(found - state).max(1).min() < 1e-11


@pytest.mark.parametrize("kind", ["relu", "two layers"])
def test_candidates_for_which_there_is_no_room_descend_later(kind, monkeypatch):
    rng = np.random.default_rng(3)
    residual = residual_of(random_map(kind, 6, rng), 6)
    states = rng.normal(size=(200, 6)) * 4
    whole = descend_speed(residual, states)
    monkeypatch.setattr(descend, "BLOCK", 36 * 20)
    parts = descend_speed(residual, states)
    np.testing.assert_allclose(whole.states, parts.states, atol=1e-9)
    assert whole.point.tolist() == parts.point.tolist()


CONTINUA = {
    "a line attractor": (line_attractor, 2, 0.0),
    # h' = relu(h) with a constant drift in a third direction is slow, not still
    "raised from zero": (
        lambda h: jnp.append(jax.nn.relu(h[:2]), h[2] + 0.1 + jnp.abs(h[2])), 3, 0.1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTINUA)
def test_a_continuum_is_one_valley(name):
    function, size, speed = CONTINUA[name]
    starts = np.random.default_rng(0).normal(size=(100, size)) * 3
    (valley,) = descend_speed(residual_of(function, size), starts).minima
    assert valley.speed == pytest.approx(speed, abs=1e-14)
    assert valley.zero == (speed == 0)
    assert valley.flat_directions.size
    if valley.zero:
        assert valley.flat_directions.shape == (2, 1)
        assert valley.state.sum() == pytest.approx(1.0, abs=1e-14)


def test_nowhere_regular_is_an_outcome():
    solution = descend_speed(residual_of(lambda h: h + 1.0, 2), np.zeros((3, 2)))
    assert (solution.outcome == Ending.SLIDE_SINGULAR).all()


def test_the_step_limit_is_an_outcome():
    residual, states = primer(0)
    solution = descend_speed(residual, states[:100], KinkDescent(max_steps=3))
    assert (solution.outcome == Ending.SLIDE_STEP_LIMIT).any()
    assert solution.max_steps == 3
