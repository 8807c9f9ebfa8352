"""Zeros of piecewise-linear residuals against closed forms and enumeration of all regions."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from piecewise_tools import enumerated, line_attractor, primer, random_map, residual_of

from separatrix.solvers.endings import Ending
from separatrix.solvers.piecewise_linear import regions, solve_regions
from separatrix.solvers.piecewise_linear.downhill import descend
from separatrix.solvers.piecewise_linear.regions import reduce, solve_each


def hits_of(solution):
    """Return how many candidates came to each zero."""
    reached = solution.point[solution.outcome == Ending.WALK_ZERO]
    return np.bincount(reached, minlength=len(solution.zeros))


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


def test_a_walk_downhill_finds_what_newtons_method_cycles_around():
    rng = np.random.default_rng(10009)
    W, b = rng.normal(size=(10, 10)) * 2.5 / np.sqrt(10), rng.normal(size=10) * 0.5
    residual = residual_of(lambda h: jax.nn.relu(W @ h + b), 10)
    states = np.abs(rng.normal(size=(400, 10))) * 2
    solution = exactly_the_zeros_of_all_regions(residual, states)
    assert len(solution.zeros) == 3
    assert hits_of(solution).min() >= 2
    for zero in solution.zeros:
        assert np.abs(residual(zero.state)).max() < 1e-13


def test_a_walk_downhill_ends_lower_and_within_its_bound():
    residual, states = primer(0)
    patterns = np.unique(residual.gates(states), axis=0)
    reduced = reduce(residual, patterns)
    ends, solved = descend(reduced, patterns, 10**6)
    starts, zeros = (solve_each(reduced, p ^ reduced.reference) for p in (patterns, ends))
    moved = ~starts.stays
    assert (solved[~moved] == 1).all() and (ends[~moved] == patterns[~moved]).all()
    assert (solved[moved] > 1).all() and zeros.stays.mean() > 0.05 > starts.stays.mean()
    length = np.linalg.norm(reduced.form(zeros.e[zeros.stays]), axis=1)
    assert length.max() < 1e-12
    few = descend(reduced, patterns, 3 * len(patterns))[1]
    assert len(patterns) < few.sum() <= 3 * len(patterns)


@pytest.mark.parametrize(("seed", "count"), [(0, 2), (1, 0)])
def test_networks_of_the_primer(seed, count):
    residual, states = primer(seed)
    solution = solve_regions(residual, states)
    assert len(solution.zeros) == count
    assert set(solution.outcome.tolist()) <= {Ending.WALK_ZERO, Ending.WALK_CYCLE}
    for zero in solution.zeros:
        assert zero.inside and np.linalg.norm(residual(zero.state)) < 1e-13
        assert zero.rounding < 1e-11 and not zero.touched.any()
    assert solution.regions_solved < 5000


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


def test_splitting_the_candidates_changes_nothing():
    residual, states = primer(0)
    whole = solve_regions(residual, states)
    parts = [solve_regions(residual, part) for part in np.array_split(states, 3)]
    zeros = {tuple(x.round(9)) for part in parts for x in part.states}
    assert zeros == {tuple(x.round(9)) for x in whole.states}
    joined = np.concatenate([part.outcome for part in parts])
    assert joined.tolist() == whole.outcome.tolist()


def low_rank(n, m, rng):
    """Latent variables that many gates drive, as people fit them to recordings."""
    M, N = rng.normal(size=(m, n)), 5 * rng.normal(size=(n, m)) / m
    h = rng.normal(size=m)
    relu = jax.nn.relu
    return residual_of(lambda z: 0.9 * z + N @ (relu(M @ z + h) - relu(M @ z)), n)


@pytest.mark.parametrize("seed", [0, 1])
def test_regions_of_many_gates_are_solved_in_few_variables(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    residual, states = low_rank(3, 100, rng), rng.normal(size=(500, 3)) * 2
    few = solve_regions(residual, states)
    monkeypatch.setattr(regions, "_MANY_GATES", np.inf)
    many = solve_regions(residual, states)
    np.testing.assert_allclose(few.states, many.states, rtol=1e-9)
    assert few.outcome.tolist() == many.outcome.tolist()
    assert len(few.zeros) > 0


PLRNN = {
    -0.0222311: (0.364871045305, -22.260648713948),
    0.8377689: (1.872419874365, 0.107522786982),
}


@pytest.mark.parametrize("a1", PLRNN)
def test_plrnn_of_scyfi(a1):
    A = np.array([a1, 0.96461297])
    V = np.array([[0.0, -0.64375], [0.52505308, 0.0]])
    h = np.array([0.37298253, -0.97931491])
    residual = residual_of(lambda z: A * z + V @ jax.nn.relu(z) + h, 2)
    solution = solve_regions(residual, np.random.default_rng(0).normal(size=(50, 2)) * 10)
    np.testing.assert_allclose(solution.states, [PLRNN[a1]], atol=1e-9)
    assert (solution.outcome == Ending.WALK_ZERO).all()


@pytest.mark.parametrize("n", [3, 5])
def test_p_matrix_has_one_zero_from_everywhere(n):
    # Samelson, Thrall & Wesler: x = relu(W x + b) has one solution for every b iff I - W is a
    # P-matrix; a positive definite I - W is one.
    rng = np.random.default_rng(n)
    root = rng.normal(size=(n, n))
    W = np.eye(n) - root @ root.T - 0.1 * np.eye(n)
    for _ in range(5):
        b = rng.normal(size=n)
        residual = residual_of(lambda x, b=b: jax.nn.relu(W @ x + b), n)
        corners = np.array(list(product([-50.0, 50.0], repeat=n)))
        starts = np.vstack([corners, rng.normal(size=(200, n))])
        assert len(exactly_the_zeros_of_all_regions(residual, starts).zeros) == 1


def test_a_line_attractor_is_one_continuum():
    residual = residual_of(line_attractor, 2)
    solution = solve_regions(residual, np.random.default_rng(0).normal(size=(200, 2)) * 3)
    assert not solution.zeros
    (line,) = solution.continua
    assert line.state.sum() == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(np.abs(line.directions[:, 0]), np.sqrt(0.5))
    np.testing.assert_allclose(line.singular_values, [0.2, 0.0], atol=1e-15)
    assert (solution.outcome == Ending.WALK_CONTINUUM).all()


def after(steps, step, states):
    one = jax.vmap(step)
    with jax.enable_x64(True):
        return np.asarray(jax.lax.fori_loop(0, steps, lambda i, x: one(x), jnp.asarray(states)))


RINGS = [(6, 3, 4.0), (6, 2, 12.0), (8, 4, 4.0), (8, 3, 8.0)]


def ring(N, J1):
    angles = np.arange(N) * 2 * np.pi / N
    # Inhibition strong enough that no bump of the tuned width grows without bound.
    J0 = -12.0 if J1 > 9 else -6.0
    W = (J0 + J1 * np.cos(angles[:, None] - angles)) / N
    return lambda r: r + 0.1 * (-r + jax.nn.relu(1.0 + W @ r)), angles


@pytest.mark.parametrize(("N", "active", "J1"), RINGS)
@pytest.mark.parametrize("tuned", [True, False])
def test_ring_attractor_is_degenerate_exactly_when_tuned(N, active, J1, tuned):
    step, angles = ring(N, J1 if tuned else 0.82 * J1)
    phases = np.linspace(0, 2 * np.pi, 40, endpoint=False)[:, None] + 0.01
    bumps = np.maximum(np.cos(angles - phases) - np.cos(active * np.pi / N), 0.0)
    solution = solve_regions(residual_of(step, N), after(4000, step, bumps))
    on_ring = (solution.outcome == Ending.WALK_CONTINUUM).mean()
    assert on_ring > 0.9 if tuned else on_ring == 0
    assert bool(solution.continua) == tuned
    assert all(line.directions.shape[1] == 1 for line in solution.continua)


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


def test_zero_on_the_boundaries_of_all_regions_is_one_zero():
    W = np.random.default_rng(0).normal(size=(20, 20)) * 1.5 / np.sqrt(20)
    starts = np.random.default_rng(1).normal(size=(200, 20))
    solution = solve_regions(residual_of(lambda h: jax.nn.relu(W @ h), 20), starts)
    (zero,) = solution.zeros
    assert not zero.state.any() and not zero.inside
    assert zero.touched.all()
    assert hits_of(solution).tolist() == [200]


def test_limits_are_outcomes():
    residual, states = primer(0)
    solution = solve_regions(residual, states, max_rounds=2)
    assert (solution.outcome == Ending.WALK_STEP_LIMIT).any()
    solution = solve_regions(residual, states, max_regions=50)
    assert solution.regions_solved >= 50
    assert (solution.outcome == Ending.WALK_STEP_LIMIT).any()
