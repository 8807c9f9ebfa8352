"""Local minima of the speed of piecewise-linear residuals, against brute force."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

from separatrix.solvers.endings import Ending
from separatrix.solvers.piecewise_linear import (
    KinkDescent,
    descend,
    descend_speed,
    recognize,
    solve_regions,
)

DATA = Path(__file__).parent.parent / "data"


def residual_of(function, size):
    return recognize(function, size).minus_identity()


def brainpy(seed):
    data = np.load(DATA / f"brainpy_seed{seed}.npz")
    w_ir, w_rr, b = data["w_ir"], data["w_rr"], data["b_rr"]
    drive = np.array([1.0, 0.5, 0.5])
    residual = residual_of(lambda h: jax.nn.relu(drive @ w_ir + h @ w_rr + b), 64)
    return residual, data["activity"].reshape(-1, 64)


def random_map(kind, n, rng):
    W, V = rng.normal(size=(2, n, n)) * 3 / np.sqrt(n)
    b = rng.normal(size=n)
    return {
        "relu": lambda h: jax.nn.relu(W @ h + b),
        "leaky": lambda h: 0.7 * h + 0.3 * jax.nn.leaky_relu(W @ h + b, 0.2),
        "two layers": lambda h: 0.5 * h + V @ jax.nn.relu(W @ jax.nn.relu(V @ h - b) + b),
    }[kind]


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


def assert_local_minimum(residual, minimum, rng):
    """No point in the ball that the record promises to be free of slower ones is slower."""
    n = len(minimum.state)
    radius = 1.0 if minimum.zero else clearance(residual, minimum)
    sizes = radius * 10.0 ** -rng.uniform(0, 4, size=(500, 1))
    around = residual(minimum.state + sizes * rng.uniform(-1, 1, size=(500, n)))
    assert np.linalg.norm(around, axis=1).min() >= minimum.speed - 1e-13


def test_ghost_of_a_piecewise_linear_saddle_node():
    residual = residual_of(lambda h: h + 0.1 + jnp.abs(h), 1)
    solution = descend_speed(residual, np.array([[3.0], [-2.0]]))
    (ghost,) = solution.minima
    assert ghost.speed == pytest.approx(0.1, abs=1e-16)
    assert abs(ghost.state[0]) < 1e-16
    assert ghost.kinks.tolist() == [True]
    assert ghost.verified
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
        assert (solution.point >= 0).all()
        for minimum in solution.minima:
            assert minimum.verified
            assert_local_minimum(residual, minimum, rng)


def grid_minima(residual, half_width, count):
    """Grid points slower than their eight neighbors, polished without derivatives."""
    axis = np.linspace(-half_width, half_width, count)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    speed = np.linalg.norm(residual(grid), axis=-1)
    core = speed[1:-1, 1:-1]
    shifts = [(i, j) for i in (0, 1, 2) for j in (0, 1, 2) if (i, j) != (1, 1)]
    lowest = np.all(
        [core <= speed[i : i + count - 2, j : j + count - 2] for i, j in shifts], axis=0
    )
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
    residual, states = brainpy(seed)
    solution = descend_speed(residual, states[::4])
    assert sum(minimum.zero for minimum in solution.minima) == zeros
    assert solution.minima[zeros].speed == pytest.approx(slowest, rel=1e-5)
    rng = np.random.default_rng(0)
    for minimum in solution.minima:
        assert minimum.verified
        assert minimum.zero or minimum.kinks.any()
        assert_local_minimum(residual, minimum, rng)
    assert (solution.point >= 0).all()
    found = solve_regions(residual, solution.states).zeros
    for minimum in solution.minima[:zeros]:
        assert min(np.abs(zero.state - minimum.state).max() for zero in found) < 1e-11


def test_descent_never_rises():
    residual, states = brainpy(0)
    solution = descend_speed(residual, states[::4])
    start = np.linalg.norm(residual(np.asarray(states[::4], np.float64)), axis=1)
    end = np.array([minimum.speed for minimum in solution.minima])[solution.point]
    assert (end <= start + 1e-12).all()


def test_permuted_units_give_the_permuted_answer():
    data = np.load(DATA / "brainpy_seed0.npz")
    states = data["activity"].reshape(-1, 64)[::10]
    order = np.random.default_rng(0).permutation(64)
    W, drive = data["w_rr"], np.array([1.0, 0.5, 0.5]) @ data["w_ir"] + data["b_rr"]
    plain = residual_of(lambda h: jax.nn.relu(drive + h @ W), 64)
    mixed = residual_of(lambda h: jax.nn.relu(drive[order] + h @ W[order][:, order]), 64)
    first, second = descend_speed(plain, states), descend_speed(mixed, states[:, order])
    np.testing.assert_allclose(first.states[:, order], second.states, atol=1e-9)
    assert first.point.tolist() == second.point.tolist()


def assert_same_minima(one, other):
    np.testing.assert_allclose(one.states, other.states, atol=1e-9)
    assert one.point.tolist() == other.point.tolist()


@pytest.mark.parametrize("kind", ["relu", "two layers"])
def test_candidates_for_which_there_is_no_room_descend_later(kind, monkeypatch):
    rng = np.random.default_rng(3)
    residual = residual_of(random_map(kind, 6, rng), 6)
    states = rng.normal(size=(200, 6)) * 4
    whole = descend_speed(residual, states)
    monkeypatch.setattr(descend, "BLOCK", 36 * 20)
    assert_same_minima(whole, descend_speed(residual, states))


def test_continua_are_one_valley():
    starts = np.random.default_rng(0).normal(size=(100, 2)) * 3
    line = descend_speed(
        residual_of(lambda h: h + 0.1 * (-h + jax.nn.relu(-h[::-1] + 1.0)), 2), starts
    )
    (valley,) = line.minima
    assert valley.zero
    assert valley.flat_directions.shape == (2, 1)
    assert valley.state.sum() == pytest.approx(1.0, abs=1e-14)
    # Raised from zero: h' = relu(h) with a constant drift in a third direction is slow, not still.
    raised = residual_of(lambda h: jnp.append(jax.nn.relu(h[:2]), h[2] + 0.1 + jnp.abs(h[2])), 3)
    solution = descend_speed(raised, np.random.default_rng(1).normal(size=(100, 3)))
    (valley,) = solution.minima
    assert valley.speed == pytest.approx(0.1)
    assert valley.flat_directions.size
    assert not valley.zero


def test_nowhere_regular_is_an_outcome():
    solution = descend_speed(residual_of(lambda h: h + 1.0, 2), np.zeros((3, 2)))
    assert (solution.outcome == Ending.SLIDE_SINGULAR).all()


def test_linear_map_has_its_fixed_point():
    solution = descend_speed(residual_of(lambda h: 0.5 * h + 1.0, 2), np.zeros((1, 2)))
    np.testing.assert_allclose(solution.states, [[2.0, 2.0]])
    assert solution.minima[0].zero


def test_bad_candidates():
    residual = residual_of(lambda h: jax.nn.relu(1.0 - h), 2)
    empty = descend_speed(residual, np.zeros((0, 2)))
    assert len(empty.outcome) == len(empty.minima) == 0
    solution = descend_speed(residual, np.array([[np.nan, 0.0], [1.0, 2.0]]))
    assert solution.outcome.tolist() == [Ending.NOT_FINITE, Ending.SLIDE_ZERO]
    lost = descend_speed(residual, np.full((2, 2), np.inf))
    assert (lost.outcome == Ending.NOT_FINITE).all()
    with pytest.raises(ValueError, match=r"shape \(candidate, 2\)"):
        descend_speed(residual, np.zeros(2))


def test_the_step_limit_is_an_outcome():
    residual, states = brainpy(0)
    solution = descend_speed(residual, states[:100], KinkDescent(max_steps=3))
    assert (solution.outcome == Ending.SLIDE_STEP_LIMIT).any()
    assert solution.max_steps == 3
