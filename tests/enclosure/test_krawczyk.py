"""Certificates: what is true is proved, what is not true never."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import flint
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from enclosure_tools import with_rule
from jax import lax

from separatrix.enclosure.interval import Enclosed, Interval, ball, point
from separatrix.enclosure.krawczyk import (
    certify_absence,
    certify_unstable,
    certify_zeros,
    spectrum,
)

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "false_certificates.py"


@pytest.mark.parametrize(("size", "kind"), [(3, "map"), (4, "map"), (4, "flow")])
def test_fixed_points_of_the_reference_networks(size, kind):
    known = systems.ring(size, kind)
    found = certify_zeros(known.system.residual, known.states)
    assert found.exists.all() and found.unique.all()
    assert found.error_bound.max() < (1e-14 if size < 4 else 1e-11)
    assert found.radius.min() > 1e-6
    boxes = ball(known.states, found.error_bound[:, None])
    slopes = Enclosed(known.system.evaluate, (size,)).slopes(boxes).slopes
    assert certify_unstable(slopes, kind) == list(known.n_unstable)


def test_the_radius_of_uniqueness_is_far_larger_than_the_error_bound():
    known = systems.ring(4, "map")
    found = certify_zeros(known.system.residual, known.states[:-1] + 5e-7)
    assert found.radius.min() > 0.035  # the radii polynomial gives 0.06 at best, REFERENCE 8
    assert ((found.error_bound >= 5e-7) & (found.error_bound < 5.1e-7)).all()


@pytest.mark.parametrize("size", [1, 10])
def test_a_displaced_state_is_never_claimed_to_be_nearer_than_it_is(size):
    rng = np.random.default_rng(size)
    zero, weights = rng.uniform(-1, 1, size), rng.standard_normal((size, size))

    def residual(x):
        d = x - zero
        return jnp.tanh(jnp.asarray(weights) @ d) + 2.0 * d * jnp.exp(d)

    shift = 10.0 ** np.arange(-16.0, 0.0)[:, None] * np.sign(rng.standard_normal((16, size)))
    states = zero + shift
    found = certify_zeros(residual, states)
    moved = np.abs(states - zero).max(axis=1)
    assert np.all(found.error_bound >= moved) and found.exists[:10].all()
    assert np.all(found.error_bound[:10] <= 1.1 * moved[:10] + 1e-14 * size)


@pytest.mark.parametrize("gap", [1e-1, 1e-5, 1e-9])
def test_a_ghost_is_not_a_fixed_point(gap):
    states = np.concatenate([np.linspace(-1, 1, 41), [1e-9, 1e-5, np.sqrt(gap)]])[:, None]
    assert not certify_zeros(lambda x: gap + x * x, states).exists.any()
    assert (certify_absence(lambda x: gap + x * x, states)[0] > 0).all()
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]

    def turned(x):
        y = jnp.asarray(rotation) @ x
        return jnp.asarray(rotation) @ (-y).at[0].set(gap + y[0] ** 2)

    in_five = np.outer(states[:, 0], rotation[0])
    assert not certify_zeros(turned, in_five).exists.any()
    gone, _ = certify_absence(turned, in_five)
    assert np.all(gone >= np.minimum(0.05 * np.sqrt(gap), 0.01))


def test_absence_is_claimed_up_to_a_zero_and_no_further():
    states = np.array([[0.5], [-0.3], [1.0]])
    gone, _ = certify_absence(lambda x: jnp.sin(x) * (2 + x), states)
    assert np.all(gone <= np.abs(states[:, 0]))
    assert np.all(gone >= 0.2 * np.abs(states[:, 0]))
    assert certify_absence(jnp.sin, [[0.0]])[0] == 0
    assert certify_absence(jnp.sin, [[0.1]])[0] > 0.05
    assert certify_absence(jnp.sort, [[0.1]])[0] == 0


@pytest.mark.parametrize("unit", [1e-12, 1e-250])
def test_what_is_proved_does_not_depend_on_the_unit_of_the_states(unit):
    plain = systems.ring(3, "map")
    states = np.append(plain.states, np.full((1, 3), 0.3), axis=0)
    residual = lambda x: unit * plain.system.residual(x / unit)  # noqa: E731
    found = certify_zeros(residual, unit * states)
    gone, _ = certify_absence(residual, unit * states)
    assert found.unique.tolist() == [True, True, True, False]
    assert (found.error_bound[:3] < 1e-14 * unit).all()
    assert (found.radius[:3] > 1e-3 * unit).all()
    assert (gone[:3] == 0).all() and gone[3] > 1e-3 * unit


spike = with_rule(lambda x: jnp.where(x > 0, 1.0, -1.0), lambda v: v)
square = with_rule(lambda x: x * x, lambda v: 3.0 * v)
ON_A_LINE = [[0.5, 0.5], [0.25, 0.75], [0.5 + 1e-9, 0.5 - 1e-9]]
ORIGIN = [[0.0, 0.0]]
INHIBITION = np.array([[0.0, -1.0], [-1.0, 0.0]])
# Each with states, and a word of the reason that the first of them is given.
NOT_CERTIFIED = {
    "identity map": (lambda x: x - x, ON_A_LINE, "singular"),
    "identity map, disguised": (lambda x: (2 * x - x) - x, ON_A_LINE, "singular"),
    "line attractor": (lambda x: -x + jax.nn.relu(INHIBITION @ x + 1.0), ON_A_LINE, "singular"),
    "ray": (lambda x: jax.nn.relu(x) - x, ON_A_LINE, "singular"),
    "rank one": (
        lambda x: jnp.array([1.0, 2.0]) * jnp.tanh(x[0] + x[1] - 1.0), ON_A_LINE, "singular",
    ),
    "double zero": (lambda x: (x - 0.5) ** 2, ON_A_LINE, "singular"),
    "cubic": (lambda x: (x - 0.5) ** 3, ON_A_LINE, "singular"),
    "plateau": (lambda x: jnp.maximum(jnp.abs(x - 0.5) - 1.0, 0.0), ON_A_LINE, "singular"),
    "where": (lambda x: jnp.where(x > 0, 1.0, -1.0) + x, ORIGIN, "continuous"),
    "spike": (lambda x: spike(x) + x, ORIGIN, "continuous"),
    "float32": (lambda x: jnp.tanh(x.astype(jnp.float32)).astype(x.dtype), ORIGIN, "float32"),
    "sort": (jnp.sort, ORIGIN, "sort"),
    "zero times infinity": (
        lambda x: jnp.zeros(1) * jnp.full(1, jnp.inf) - 0.5 * x, ORIGIN, "NaN",
    ),
    "zero times infinity, in a product": (
        lambda x: jnp.array([[0.0, jnp.inf]]) @ jnp.array([1.0, 0.0]) - 0.5 * x, ORIGIN, "NaN",
    ),
    "zero times an infinite power": (
        lambda x: 0.0 * jnp.exp(jnp.full(1, jnp.inf)) - 0.5 * x, ORIGIN, "NaN",
    ),
    "zero times an infinite logarithm": (
        lambda x: 0.0 * jnp.log(jnp.zeros(1)) - 0.5 * x, ORIGIN, "NaN",
    ),
    "a derivative that lies": (square, ORIGIN, "singular"),
    "a stopped gradient": (lambda x: x - lax.stop_gradient(x), ORIGIN, "singular"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_CERTIFIED)
def test_what_is_not_so_is_not_certified(name):
    residual, states, word = NOT_CERTIFIED[name]
    found = certify_zeros(residual, states)
    assert not found.exists.any() and not found.unique.any()
    assert np.isinf(found.error_bound).all()
    assert all(found.reason) and word in found.reason[0]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: 0.0 * (x / jnp.abs(x)),
        lambda x: jnp.zeros((1, 1)) @ (x / jnp.abs(x)),
        lambda x: 0.0 * jnp.log(jnp.abs(x)),
        lambda x: jnp.maximum(jnp.sin(1 / x), 2.0) - 2.0,
        lambda x: 0.0 * lax.scan(lambda y, _: (y / jnp.abs(x), None), x, None, 2)[0],
    ],
)
def test_a_state_at_which_a_function_is_not_defined_is_no_zero(function):
    """Each is 0 wherever it is a number, and NaN at 0: slopes and values nearby do not show it."""
    assert np.isnan(function(jnp.zeros(1))).all() and not np.any(function(jnp.ones(1)))
    found = certify_zeros(lambda x: function(x) - 0.5 * x, [[1e-40], [0.3]])
    assert not found.exists.any()
    away = certify_zeros(lambda x: function(x) - 0.5 * (x - 1), [[1.0]])
    assert away.unique.all() and (away.radius < 1).all()


def test_one_state_on_a_jump_does_not_spoil_the_others():
    found = certify_zeros(lambda x: jnp.where(x > 0.5, x - 1.0, x), [[0.0], [0.5], [1.0]])
    np.testing.assert_array_equal(found.exists, [True, False, True])
    assert found.reason[0] == found.reason[2] == ""
    assert found.radius[0] < 0.5


def test_a_stopped_gradient_does_not_hinder_a_proof():
    assert certify_zeros(lambda x: lax.stop_gradient(x) * 2 - x, [[1e-9]]).exists.all()


def test_states_that_are_not_finite_are_marked():
    zero = systems.TANH_UNIT[2.0]
    found = certify_zeros(lambda x: jnp.tanh(2 * x) - x, [[np.nan], [np.inf], [zero], [1e300]])
    np.testing.assert_array_equal(found.exists, [False, False, True, False])
    assert "finite" in found.reason[0]


def test_unstable_directions_of_random_matrices():
    rng = np.random.default_rng(1)
    for size in (1, 2, 5, 20):
        matrices = 1.3 * rng.standard_normal((5, size, size)) / np.sqrt(size)
        values = np.linalg.eigvals(matrices)
        for kind, distance in (("map", np.abs(values) - 1), ("flow", values.real)):
            found = certify_unstable(ball(matrices, 1e-13), kind)
            for count, expected in zip(found, distance, strict=True):
                assert count == np.count_nonzero(expected > 0)


@pytest.mark.parametrize("kind, shift", [("map", 0.0), ("map", 0.5), ("flow", -1.0)])
@pytest.mark.parametrize("rank", [0, 3])
def test_unstable_directions_of_the_identity_and_a_low_rank(kind, shift, rank):
    """Eigenvalues s ± 2 in the range, on a basis that is not orthogonal, and s for all others."""
    size = 100
    rng = np.random.default_rng(2)
    left = rng.standard_normal((size, rank))
    right = np.linalg.pinv(left) + rng.standard_normal((rank, size)) @ (
        np.eye(size) - left @ np.linalg.pinv(left)
    )
    lengths = 2.0 * (-1.0) ** np.arange(rank)
    matrix = shift * np.eye(size) + left @ (lengths[:, None] * right)
    values = shift + lengths
    expected = np.count_nonzero(np.abs(values) > 1 if kind == "map" else values > 0)
    assert certify_unstable(ball(matrix[None], 1e-14), kind) == [expected]


@pytest.mark.parametrize("width", [0.0, 1e-9])
@pytest.mark.parametrize("size", [1, 2, 9, 30])
def test_discs_hold_the_eigenvalues_of_every_matrix(size, width):
    """V⁻¹JV − C, worked out by Arb, has no larger row sums, for any bases V."""
    rng = np.random.default_rng(size)
    middles = rng.standard_normal((3, size, size)) / np.sqrt(size)
    bases = np.linalg.eig(middles)[1]
    parts, first = spectrum._in_real_numbers(bases)
    assert size < 3 or np.all(first.any(1) & (2 * first.sum(1) <= size))
    parts = parts * (1 + 1e-9 * rng.standard_normal(parts.shape))  # not quite
    jacobians = ball(middles, width) if width else point(middles)
    centers, radii, regular = spectrum._discs(jacobians, parts, first)
    assert regular.all()
    corners = np.where(rng.random(middles.shape) < 0.5, jacobians.lower, jacobians.upper)
    rows = zip(corners, parts, first, centers, radii, strict=True)
    for corner, basis, pairs, places, reach in rows:
        sums = row_sums_of_remainder(corner, basis, np.flatnonzero(pairs), places)
        assert all(total < flint.arb(r) for total, r in zip(sums, reach.tolist(), strict=True))
    assert radii.max() < 1e-5


def row_sums_of_remainder(matrix, parts, first, centers):
    """Return those of V⁻¹JV − C as Arb has them, V and C in complex numbers."""
    basis, size = parts.astype(complex), len(parts)
    basis[:, first] = (parts[:, first] + 1j * parts[:, first + 1]) / np.sqrt(2)
    basis[:, first + 1] = basis[:, first].conj()
    exactly = lambda matrix: flint.acb_mat(matrix.astype(complex).tolist())  # noqa: E731
    with flint.ctx.workprec(300):
        V = exactly(basis)
        rest = V.inv() * exactly(matrix) * V - exactly(np.diag(centers))
        return [sum((abs(rest[i, j]) for j in range(size)), flint.arb(0)) for i in range(size)]


def test_beside_a_kink_eigenvectors_of_one_side_are_not_all():
    side = np.array([[-1.0, 1.5], [0.0, -3.0]])
    wide = Interval(np.diag(np.diag(side)), side)
    known = np.linalg.eig(side)[1]
    discs = spectrum._discs(wide[None], *spectrum._in_real_numbers(known[None]))
    assert spectrum._decided(*discs, "flow") == [None]
    assert certify_unstable(wide[None], "flow", lambda number: known) == [0]


def test_no_number_of_unstable_directions_is_guessed():
    rotation = np.array([[0.0, -1.0], [1.0, 0.0]])
    jordan = np.array([[1.0, 1.0], [0.0, 1.0]])
    wide = ball(np.diag([1.01, 0.5]), 0.1)
    matrices = Interval(
        np.stack([rotation, jordan, wide.lower, np.full((2, 2), -np.inf)]),
        np.stack([rotation, jordan, wide.upper, np.full((2, 2), np.inf)]),
    )
    found = certify_unstable(matrices, "map")
    assert found == [None] * 4
    assert certify_unstable(point(rotation[None]), "flow") == [None]
    assert certify_unstable(point(jordan[None]), "flow") in [[2], [None]]


def test_random_cases_hold_no_false_certificate():
    cases = 1200  # two functions of each family
    counts = runpy.run_path(str(BENCHMARK))["run"](cases=cases, seed=1)
    assert counts["all", "cases"] == cases and counts["all", "FALSE"] == 0
    assert counts["planted", "unique"] > cases / 20
    assert counts["kinked", "exists"] > cases / 45
    assert counts["ghost", "absent"] == counts["ghost", "cases"]


@pytest.mark.weekly
def test_searches_of_random_functions_prove_nothing_false():
    """In a process of its own: run-time type checks would make it ten times slower."""
    search = "import runpy, sys; print(dict(runpy.run_path(sys.argv[1])['run_searches'](54, 1)))"
    command = [sys.executable, "-W", "error", "-c", search, str(BENCHMARK)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    counts = ast.literal_eval(ran.stdout)
    assert counts["all", "searches"] == 54 and counts["all", "FALSE"] == 0
    assert counts["planted", "complete"] > 2
    assert counts["planted", "certified"] > 12


@pytest.mark.parametrize("slope", [0.3, 0.6, 0.9, -3.0])
def test_a_zero_on_a_kink_is_alone_as_far_as_the_next_one(slope):
    """The smallest cube holds the kink, so its contraction rate tells nothing of larger ones."""
    right = 2.0 - slope  # beyond 1, where the residual rises and is zero again

    def residual(x):
        return slope * jnp.maximum(x, 0) + right * jnp.maximum(x - 1, 0) - x

    zero = 1 + (1 - slope) / (slope + right - 1)
    found = certify_zeros(residual, [[0.0], [zero]])
    assert found.exists.all() and found.unique.all()
    assert 0.5 < found.radius[0] <= zero
