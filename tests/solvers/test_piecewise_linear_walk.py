"""Zeros of piecewise-linear residuals against closed forms and enumeration of all regions."""

from itertools import product
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from separatrix.solvers.endings import Ending
from separatrix.solvers.piecewise_linear import recognize, regions, solve_regions
from separatrix.solvers.piecewise_linear.downhill import descend
from separatrix.solvers.piecewise_linear.regions import reduce, solve_each

DATA = Path(__file__).parent.parent / "data"


def residual_of(function, size):
    return recognize(function, size).minus_identity()


def brainpy(seed):
    data = np.load(DATA / f"brainpy_seed{seed}.npz")
    w_ir, w_rr, b = data["w_ir"], data["w_rr"], data["b_rr"]
    drive = np.array([1.0, 0.5, 0.5])
    residual = residual_of(lambda h: jax.nn.relu(drive @ w_ir + h @ w_rr + b), 64)
    return residual, data["activity"].reshape(-1, 64)


def hits_of(solution):
    """Return how many candidates came to each zero."""
    reached = solution.point[solution.outcome == Ending.WALK_ZERO]
    return np.bincount(reached, minlength=len(solution.zeros))


def enumerated(residual):
    found = []
    for pattern in product([False, True], repeat=residual.gate_count):
        B, b = residual.piece(np.array(pattern))
        if abs(np.linalg.det(B)) > 1e-12:
            x = np.linalg.solve(B, -b)
            if (residual.gates(x) == np.array(pattern)).all():
                found.append(x)
    return np.array(found).reshape(-1, residual.size)


def random_map(kind, n, rng):
    W, V = rng.normal(size=(2, n, n)) * 3 / np.sqrt(n)
    b = rng.normal(size=n)
    return {
        "relu": lambda h: jax.nn.relu(W @ h + b),
        "leaky": lambda h: 0.7 * h + 0.3 * jax.nn.leaky_relu(W @ h + b, 0.2),
        "two layers": lambda h: 0.5 * h + V @ jax.nn.relu(W @ jax.nn.relu(V @ h - b) + b),
    }[kind]


@pytest.mark.parametrize("kind", ["relu", "leaky", "two layers"])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_walk_finds_exactly_the_zeros_of_all_regions(kind, n):
    for seed in range(6):
        rng = np.random.default_rng(100 * n + seed)
        residual = residual_of(random_map(kind, n, rng), n)
        solution = solve_regions(residual, rng.normal(size=(300, n)) * 4)
        expected = enumerated(residual)
        assert len(solution.zeros) == len(expected)
        for x in solution.states:
            assert np.abs(expected - x).max(axis=1).min() < 1e-10
        assert all(zero.inside for zero in solution.zeros)


def test_a_walk_downhill_finds_what_newtons_method_cycles_around():
    rng = np.random.default_rng(10009)
    W, b = rng.normal(size=(10, 10)) * 2.5 / np.sqrt(10), rng.normal(size=10) * 0.5
    residual = residual_of(lambda h: jax.nn.relu(W @ h + b), 10)
    states = np.abs(rng.normal(size=(400, 10))) * 2
    solution = solve_regions(residual, states)
    assert len(solution.zeros) == len(enumerated(residual)) == 3
    assert hits_of(solution).min() >= 2
    for zero in solution.zeros:
        assert np.abs(residual(zero.state)).max() < 1e-13


def test_a_walk_downhill_ends_lower_and_within_its_bound():
    residual, states = brainpy(0)
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
    residual, states = brainpy(seed)
    solution = solve_regions(residual, states)
    assert len(solution.zeros) == count
    assert set(solution.outcome.tolist()) <= {Ending.WALK_ZERO, Ending.WALK_CYCLE}
    for zero in solution.zeros:
        assert zero.inside
        assert np.linalg.norm(residual(zero.state)) < 1e-13
        assert zero.rounding < 1e-11
        assert not zero.touched.any()
    assert solution.regions_solved < 5000


def test_what_is_said_of_rounding_holds_in_ball_arithmetic():
    flint = pytest.importorskip("flint")
    residual, states = brainpy(0)

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


@pytest.mark.parametrize("seed", [0, 1])
def test_permuted_units_give_the_permuted_answer(seed):
    data = np.load(DATA / f"brainpy_seed{seed}.npz")
    states = data["activity"].reshape(-1, 64)[::10]
    order = np.random.default_rng(0).permutation(64)
    W, drive = data["w_rr"], np.array([1.0, 0.5, 0.5]) @ data["w_ir"] + data["b_rr"]
    plain = residual_of(lambda h: jax.nn.relu(drive + h @ W), 64)
    mixed = residual_of(lambda h: jax.nn.relu(drive[order] + h @ W[order][:, order]), 64)
    first, second = solve_regions(plain, states), solve_regions(mixed, states[:, order])
    assert first.outcome.tolist() == second.outcome.tolist()
    assert first.numbers.tolist() == second.numbers.tolist()
    for one, other in zip(first.zeros, second.zeros, strict=True):
        np.testing.assert_allclose(one.state[order], other.state, atol=1e-11)


def test_splitting_the_candidates_changes_nothing():
    residual, states = brainpy(0)
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


@pytest.mark.parametrize("kind", ["relu", "two layers"])
def test_pieces_of_many_regions_are_those_of_each(kind):
    rng = np.random.default_rng(0)
    residual = residual_of(random_map(kind, 4, rng), 4)
    patterns = rng.random((5, residual.gate_count)) > 0.5
    for pattern, *found in zip(patterns, *residual.pieces(patterns), strict=True):
        for part, expected in zip(found, residual.piece(pattern), strict=True):
            np.testing.assert_allclose(part, expected, atol=1e-13)


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
        solution = solve_regions(residual, starts)
        assert len(solution.zeros) == len(enumerated(residual)) == 1


def line_attractor(h):
    return h + 0.1 * (-h + jax.nn.relu(-h[::-1] + 1.0))


def test_line_attractor_is_one_continuum():
    residual = residual_of(line_attractor, 2)
    solution = solve_regions(residual, np.random.default_rng(0).normal(size=(200, 2)) * 3)
    assert not solution.zeros
    (line,) = solution.continua
    assert line.state.sum() == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(np.abs(line.directions[:, 0]), np.sqrt(0.5))
    np.testing.assert_allclose(line.singular_values, [0.2, 0.0], atol=1e-15)
    assert (solution.outcome == Ending.WALK_CONTINUUM).all()


def test_a_flow_is_solved_as_it_stands():
    field = recognize(lambda r: (-r + jax.nn.relu(-r[::-1] + 1.0)) / 0.02, 2)
    solution = solve_regions(field, np.random.default_rng(0).normal(size=(50, 2)))
    assert len(solution.continua) == 1
    assert not solution.zeros


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
def test_ring_attractor_is_degenerate_exactly_when_tuned(N, active, J1):
    half = active * np.pi / N
    for strength, continua in ((J1, True), (0.82 * J1, False)):
        step, angles = ring(N, strength)
        phases = np.linspace(0, 2 * np.pi, 40, endpoint=False)[:, None] + 0.01
        bumps = np.maximum(np.cos(angles - phases) - np.cos(half), 0.0)
        settled = after(4000, step, bumps)
        solution = solve_regions(residual_of(step, N), settled)
        assert bool(solution.continua) == continua
        on_ring = (solution.outcome == Ending.WALK_CONTINUUM).mean()
        assert on_ring > 0.9 if continua else on_ring == 0
        for line in solution.continua:
            assert line.directions.shape[1] == 1


EVERYWHERE = {
    "relu": (jax.nn.relu, Ending.WALK_CONTINUUM),
    "identity": (lambda h: h, Ending.WALK_CONTINUUM),
    "translation": (lambda h: h + 1.0, Ending.WALK_UNBOUNDED),
    "half line": (lambda h: h + jax.nn.relu(h), Ending.WALK_CONTINUUM),
}


@pytest.mark.parametrize(("function", "outcome"), EVERYWHERE.values(), ids=EVERYWHERE.keys())
def test_singular_everywhere(function, outcome):
    solution = solve_regions(
        residual_of(function, 3), np.random.default_rng(0).normal(size=(20, 3))
    )
    assert (solution.outcome == outcome).all()
    assert not solution.zeros
    assert len(solution.continua) == (outcome is Ending.WALK_CONTINUUM)


def test_a_zero_at_the_end_of_a_continuum_next_door_is_part_of_it():
    solution = solve_regions(residual_of(jax.nn.relu, 3), -np.ones((20, 3)))
    assert (solution.outcome == Ending.WALK_CONTINUUM).all()
    assert not solution.zeros


def test_linear_and_constant_maps():
    for function in (lambda h: 0.5 * h + 1.0, lambda h: 2.0 * jnp.ones(3)):
        solution = solve_regions(residual_of(function, 3), np.zeros((2, 3)))
        np.testing.assert_allclose(solution.states, [[2.0, 2.0, 2.0]], atol=1e-15)
        assert solution.zeros[0].inside


def test_zero_on_the_boundaries_of_all_regions_is_one_zero():
    W = np.random.default_rng(0).normal(size=(20, 20)) * 1.5 / np.sqrt(20)
    starts = np.random.default_rng(1).normal(size=(200, 20))
    solution = solve_regions(residual_of(lambda h: jax.nn.relu(W @ h), 20), starts)
    (zero,) = solution.zeros
    assert not zero.state.any()
    assert not zero.inside
    assert zero.touched.all()
    assert hits_of(solution).tolist() == [200]


def test_bad_candidates():
    residual = residual_of(line_attractor, 2)
    empty = solve_regions(residual, np.zeros((0, 2)))
    assert len(empty.outcome) == len(empty.zeros) == len(empty.continua) == 0
    states = np.array([[0.3, 0.2], [np.nan, 0.0], [0.0, np.inf]])
    solution = solve_regions(residual, states)
    lost = Ending.NOT_FINITE
    assert solution.outcome.tolist() == [Ending.WALK_CONTINUUM, lost, lost]
    assert (solve_regions(residual, states[1:]).outcome == lost).all()
    with pytest.raises(ValueError, match=r"shape \(candidate, 2\), not \(3, 3\)"):
        solve_regions(residual, np.zeros((3, 3)))


def test_limits_are_outcomes():
    residual, states = brainpy(0)
    solution = solve_regions(residual, states, max_rounds=2)
    assert (solution.outcome == Ending.WALK_STEP_LIMIT).any()
    solution = solve_regions(residual, states, max_regions=50)
    assert solution.regions_solved >= 50
    assert (solution.outcome == Ending.WALK_STEP_LIMIT).any()
