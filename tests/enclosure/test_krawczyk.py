"""Certificates: what is true is proved, what is not true never."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import flint
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from separatrix.enclosure.interval import Enclosed, Interval, ball, point
from separatrix.enclosure.krawczyk import (
    certify_absence,
    certify_unstable,
    certify_zeros,
    spectrum,
)

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "false_certificates.py"


def fixed_point_finder_network(size: int) -> np.ndarray:
    """The test networks of FixedPointFinder: x' = tanh(x W)."""
    return np.stack([-np.roll(np.linspace(-1, 1, size), -i) for i in range(size)])


A = 0.9575040240772687
B = (0.949795711386598, -0.425502295112648, -0.879894003155241)
C = (0.962891906717896, 0.525235230965373, -0.962891906717896, -0.525235230965372)
D = (0.775516313851923, -0.775516313851923, 0.775516313851923, -0.775516313851923)
E = (0.877263141750039, -0.569696163135321, 0.339744995541853, -0.78964767096492)
# Fixed points up to sign, with the number of unstable directions as a map and as a flow.
FIXED_POINTS = {
    3: [(B, 1, 0), ((0.0,) * 3, 2, 1)],
    4: [(C, 1, 0), (D, 0, 0), ((0.0,) * 4, 3, 2), (E, 2, 1)],
}


@pytest.mark.parametrize("size", [3, 4])
def test_fixed_points_of_the_reference_networks(size: int) -> None:
    weights = fixed_point_finder_network(size)
    states = np.array([state for state, _, _ in FIXED_POINTS[size]])
    for sign in (1.0, -1.0):
        found = certify_zeros(lambda x: jnp.tanh(x @ weights) - x, sign * states)
        assert found.exists.all()
        assert found.unique.all()
        assert found.error_bound.max() < 1e-14 if size < 4 else found.error_bound.max() < 1e-11
        assert found.radius.min() > 1e-6


@pytest.mark.parametrize(("size", "kind"), [(3, "map"), (4, "map"), (4, "flow")])
def test_unstable_directions_of_the_reference_networks(size: int, kind: str) -> None:
    weights = fixed_point_finder_network(size)
    states = np.array([state for state, _, _ in FIXED_POINTS[size]])
    expected = [row[1 if kind == "map" else 2] for row in FIXED_POINTS[size]]

    def field(x):
        return jnp.tanh(x @ weights) - (x if kind == "flow" else 0.0)

    found = certify_zeros(lambda x: jnp.tanh(x @ weights) - x, states)
    slopes = Enclosed(field, (size,)).slopes(ball(states, found.error_bound[:, None])).slopes
    counted = certify_unstable(slopes, kind)
    for count, known in zip(counted.counts, expected, strict=True):
        assert known is None or count == known


def test_the_radius_of_uniqueness_is_far_larger_than_the_error_bound() -> None:
    weights = fixed_point_finder_network(4)
    found = certify_zeros(lambda x: jnp.tanh(x @ weights) - x, [C, D, E])
    assert found.radius.min() > 0.035  # the radii polynomial gives 0.06 at best, REFERENCE 8
    perturbed = certify_zeros(lambda x: jnp.tanh(x @ weights) - x, [np.array(D) + 5e-7])
    assert perturbed.exists[0]
    assert 5e-7 <= perturbed.error_bound[0] < 5.1e-7


@pytest.mark.parametrize("size", [1, 10])
def test_a_displaced_state_is_never_claimed_to_be_nearer_than_it_is(size: int) -> None:
    rng = np.random.default_rng(size)
    zero, weights = rng.uniform(-1, 1, size), rng.standard_normal((size, size))

    def residual(x):
        d = x - zero
        return jnp.tanh(jnp.asarray(weights) @ d) + 2.0 * d * jnp.exp(d)

    shift = 10.0 ** np.arange(-16.0, 0.0)[:, None] * np.sign(rng.standard_normal((16, size)))
    states = zero + shift
    found = certify_zeros(residual, states)
    moved = np.abs(states - zero).max(axis=1)
    assert np.all(found.error_bound >= moved)
    assert found.exists[:10].all()
    assert np.all(found.error_bound[:10] <= 1.1 * moved[:10] + 1e-14 * size)


@pytest.mark.parametrize("gap", [1e-1, 1e-5, 1e-9])
def test_a_ghost_is_not_a_fixed_point(gap: float) -> None:
    states = np.concatenate([np.linspace(-1, 1, 41), [1e-9, 1e-5, np.sqrt(gap)]])[:, None]
    assert not certify_zeros(lambda x: gap + x * x, states).exists.any()
    gone = certify_absence(lambda x: gap + x * x, states)
    assert gone.absent.all()

    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]

    def turned(x):
        y = jnp.asarray(rotation) @ x
        return jnp.asarray(rotation) @ (-y).at[0].set(gap + y[0] ** 2)

    in_five = np.outer(states[:, 0], rotation[0])
    assert not certify_zeros(turned, in_five).exists.any()
    gone = certify_absence(turned, in_five)
    assert gone.absent.all()
    assert np.all(gone.radius >= np.minimum(0.05 * np.sqrt(gap), 0.01))


def test_absence_is_claimed_up_to_a_zero_and_no_further() -> None:
    states = np.array([[0.5], [-0.3], [1.0]])
    gone = certify_absence(lambda x: jnp.sin(x) * (2 + x), states)
    assert np.all(gone.radius <= np.abs(states[:, 0]))
    assert np.all(gone.radius >= 0.2 * np.abs(states[:, 0]))
    assert not certify_absence(jnp.sin, [[0.0], [1e-3]], radius=1e-2).absent.any()
    assert certify_absence(jnp.sin, [[0.1]], radius=0.05).absent.all()
    assert certify_absence(jnp.sort, [[0.1]]).reason == ("no interval rule for sort",)


@pytest.mark.parametrize("unit", [1e-12, 1e-250])
def test_what_is_proved_does_not_depend_on_the_unit_of_the_states(unit: float) -> None:
    weights = fixed_point_finder_network(3)
    states = np.array([(0.0,) * 3, B, -np.array(B), np.full(3, 0.3)])

    def residual(x):
        return unit * jnp.tanh((x / unit) @ weights) - x

    found, gone = (certify(residual, unit * states) for certify in (certify_zeros, certify_absence))
    assert found.unique.tolist() == [True, True, True, False]
    assert (found.error_bound[:3] < 1e-14 * unit).all()
    assert (found.radius[:3] > 1e-3 * unit).all()
    assert gone.absent.tolist() == [False, False, False, True]
    assert gone.radius[3] > 1e-3 * unit


CONTINUA = {
    "identity map": lambda x: x - x,
    "identity map, disguised": lambda x: (2 * x - x) - x,
    "line attractor": lambda x: -x + jax.nn.relu(jnp.array([[0.0, -1.0], [-1.0, 0.0]]) @ x + 1.0),
    "ray": lambda x: jax.nn.relu(x) - x,
    "rank one": lambda x: jnp.array([1.0, 2.0]) * jnp.tanh(x[0] + x[1] - 1.0),
    "double zero": lambda x: (x - 0.5) ** 2,
    "cubic": lambda x: (x - 0.5) ** 3,
    "plateau": lambda x: jnp.maximum(jnp.abs(x - 0.5) - 1.0, 0.0),
}


@pytest.mark.parametrize("name", CONTINUA)
def test_degenerate_zeros_are_not_certified(name: str) -> None:
    states = np.array([[0.5, 0.5], [0.25, 0.75], [0.5 + 1e-9, 0.5 - 1e-9]])
    found = certify_zeros(CONTINUA[name], states)
    assert not found.exists.any()
    assert not found.unique.any()
    assert np.isinf(found.error_bound).all()
    assert all(found.reason)
    assert found.reason[0] == "the Jacobian may be singular within the box"


@jax.custom_jvp
def spike(x):
    return jnp.where(x > 0, 1.0, -1.0)


spike.defjvp(lambda primals, tangents: (spike(*primals), tangents[0]))

REFUSED = {
    "where": (lambda x: jnp.where(x > 0, 1.0, -1.0) + x, "not shown to be continuous"),
    "spike": (lambda x: spike(x) + x, "not shown to be continuous"),
    "float32": (lambda x: jnp.tanh(x.astype(jnp.float32)).astype(x.dtype), "computes in float32"),
    "sort": (jnp.sort, "no interval rule for sort"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_enclosed_is_not_certified(name: str) -> None:
    residual, reason = REFUSED[name]
    found = certify_zeros(residual, np.zeros((2, 2)))
    assert not found.exists.any()
    assert all(reason in text for text in found.reason)
    if reason.startswith("no interval rule"):
        assert found.reason[0] == reason


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
def test_a_state_at_which_a_function_is_not_defined_is_no_zero(function: Callable) -> None:
    """Each is 0 wherever it is a number, and NaN at 0: slopes and values nearby do not show it."""
    assert np.isnan(function(jnp.zeros(1))).all() and not np.any(function(jnp.ones(1)))
    found = certify_zeros(lambda x: function(x) - 0.5 * x, [[1e-40], [0.3]])
    assert not found.exists.any()
    away = certify_zeros(lambda x: function(x) - 0.5 * (x - 1), [[1.0]])
    assert away.unique.all() and (away.radius < 1).all()


@pytest.mark.parametrize(
    "constant",
    [
        lambda: jnp.zeros(1) * jnp.full(1, jnp.inf),
        lambda: jnp.array([[0.0, jnp.inf]]) @ jnp.array([1.0, 0.0]),
        lambda: 0.0 * jnp.exp(jnp.full(1, jnp.inf)),
        lambda: 0.0 * jnp.log(jnp.zeros(1)),
    ],
)
def test_zero_times_an_infinite_constant_makes_a_function_nan(constant: Callable) -> None:
    assert np.isnan(constant()).all()
    found = certify_zeros(lambda x: constant() - 0.5 * x, [[0.0]])
    assert not found.exists.any()


def test_one_state_on_a_jump_does_not_spoil_the_others() -> None:
    found = certify_zeros(lambda x: jnp.where(x > 0.5, x - 1.0, x), [[0.0], [0.5], [1.0]])
    np.testing.assert_array_equal(found.exists, [True, False, True])
    assert found.reason[0] == found.reason[2] == ""
    assert found.radius[0] < 0.5


def test_a_derivative_that_lies_is_not_believed() -> None:
    @jax.custom_jvp
    def square(x):
        return x * x

    square.defjvp(lambda primals, tangents: (square(*primals), 3.0 * tangents[0]))
    assert not certify_zeros(square, [[0.0]]).exists.any()
    assert not certify_zeros(lambda x: x - lax.stop_gradient(x), [[0.0]]).exists.any()
    honest = certify_zeros(lambda x: lax.stop_gradient(x) * 2 - x, [[1e-9]])
    assert honest.exists.all()


def test_states_that_are_not_finite_are_marked() -> None:
    found = certify_zeros(lambda x: jnp.tanh(2 * x) - x, [[np.nan], [np.inf], [A], [1e300]])
    np.testing.assert_array_equal(found.exists, [False, False, True, False])
    assert found.reason[0] == "the state or its residual is not finite"


def test_unstable_directions_of_random_matrices() -> None:
    rng = np.random.default_rng(1)
    for size in (1, 2, 5, 20):
        matrices = 1.3 * rng.standard_normal((5, size, size)) / np.sqrt(size)
        values = np.linalg.eigvals(matrices)
        for kind, distance in (("map", np.abs(values) - 1), ("flow", values.real)):
            found = certify_unstable(ball(matrices, 1e-13), kind)
            for count, expected in zip(found.counts, distance, strict=True):
                assert count == np.count_nonzero(expected > 0)


@pytest.mark.parametrize("kind, shift", [("map", 0.0), ("map", 0.5), ("flow", -1.0)])
@pytest.mark.parametrize("rank", [0, 3])
def test_unstable_directions_of_the_identity_and_a_low_rank(
    kind: str, shift: float, rank: int
) -> None:
    """Eigenvalues s ± 2 in the range, on a basis that is not orthogonal, and s for all others."""
    size = 300
    rng = np.random.default_rng(2)
    left = rng.standard_normal((size, rank))
    right = np.linalg.pinv(left) + rng.standard_normal((rank, size)) @ (
        np.eye(size) - left @ np.linalg.pinv(left)
    )
    lengths = 2.0 * (-1.0) ** np.arange(rank)
    matrix = shift * np.eye(size) + left @ (lengths[:, None] * right)
    values = shift + lengths
    expected = np.count_nonzero(np.abs(values) > 1 if kind == "map" else values > 0)
    assert certify_unstable(ball(matrix[None], 1e-14), kind).counts == (expected,)


@pytest.mark.parametrize("width", [0.0, 1e-9])
@pytest.mark.parametrize("size", [1, 2, 9, 30])
def test_discs_hold_the_eigenvalues_of_every_matrix(size: int, width: float) -> None:
    """V⁻¹JV − C, worked out by Arb, has no larger row sums, for any bases V."""
    rng = np.random.default_rng(size)
    middles = rng.standard_normal((3, size, size)) / np.sqrt(size)
    bases = np.linalg.eig(middles)[1]
    parts, first = spectrum._in_real_numbers(bases)
    assert size < 3 or np.all(first.any(1) & (2 * first.sum(1) <= size))
    parts = parts * (1 + 1e-9 * rng.standard_normal(parts.shape))  # not quite
    jacobians = ball(middles, width) if width else point(middles)
    discs = spectrum._discs(jacobians, parts, first)
    assert discs.regular.all()
    corners = np.where(rng.random(middles.shape) < 0.5, jacobians.lower, jacobians.upper)
    for corner, basis, pairs, centers, radii in zip(
        corners, parts, first, discs.centers, discs.radii, strict=True
    ):
        sums = row_sums_of_remainder(corner, basis, np.flatnonzero(pairs), centers)
        assert all(total < flint.arb(r) for total, r in zip(sums, radii.tolist(), strict=True))
    assert discs.radii.max() < 1e-5


def row_sums_of_remainder(
    matrix: np.ndarray, parts: np.ndarray, first: np.ndarray, centers: np.ndarray
) -> list[flint.arb]:
    """Return those of V⁻¹JV − C as Arb has them, V and C in complex numbers."""
    basis, size = parts.astype(complex), len(parts)
    basis[:, first] = (parts[:, first] + 1j * parts[:, first + 1]) / np.sqrt(2)
    basis[:, first + 1] = basis[:, first].conj()
    before, flint.ctx.prec = flint.ctx.prec, 300
    try:
        V = exactly(basis)
        rest = V.inv() * exactly(matrix) * V - exactly(np.diag(centers))
        return [sum((abs(rest[i, j]) for j in range(size)), flint.arb(0)) for i in range(size)]
    finally:
        flint.ctx.prec = before


def exactly(matrix: np.ndarray) -> flint.acb_mat:
    """Return a matrix as Arb has it."""
    return flint.acb_mat(
        [[flint.acb(x.real, x.imag) for x in row] for row in matrix.astype(complex).tolist()]
    )


def test_beside_a_kink_eigenvectors_of_one_side_are_not_all() -> None:
    side = np.array([[-1.0, 1.5], [0.0, -3.0]])
    wide = Interval(np.diag(np.diag(side)), side)
    known = np.linalg.eig(side)[1]
    discs = spectrum._discs(wide[None], *spectrum._in_real_numbers(known[None]))
    assert spectrum._decided(discs, "flow")[0][0] is None
    assert certify_unstable(wide[None], "flow", lambda number: known).counts == (0,)


def test_no_number_of_unstable_directions_is_guessed() -> None:
    rotation = np.array([[0.0, -1.0], [1.0, 0.0]])
    jordan = np.array([[1.0, 1.0], [0.0, 1.0]])
    wide = ball(np.diag([1.01, 0.5]), 0.1)
    matrices = Interval(
        np.stack([rotation, jordan, wide.lower, np.full((2, 2), -np.inf)]),
        np.stack([rotation, jordan, wide.upper, np.full((2, 2), np.inf)]),
    )
    found = certify_unstable(matrices, "map")
    assert found.counts == (None,) * 4
    assert all(found.reasons)
    assert certify_unstable(point(rotation[None]), "flow").counts == (None,)
    assert certify_unstable(point(jordan[None]), "flow").counts in [(2,), (None,)]


def outcomes_of(call: str) -> dict[str, int]:
    """Count outcomes in a process of its own: run-time type checks would make it ten times slower.

    Its keys are a family and an outcome.
    """
    code = f"""
import json, runpy
run, run_searches = map(runpy.run_path({str(BENCHMARK)!r}).get, ["run", "run_searches"])
print(json.dumps({{" ".join(key): count for key, count in {call}.items()}}))
"""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


def test_random_cases_hold_no_false_certificate() -> None:
    cases = 1200  # two functions of each family
    counts = outcomes_of(f"run(cases={cases}, seed=1)")
    assert counts["all cases"] == cases
    assert counts["all FALSE"] == 0
    assert counts["planted unique"] > cases / 20
    assert counts["kinked exists"] > cases / 45
    assert counts["ghost absent"] == counts["ghost cases"]


@pytest.mark.laws
def test_searches_of_random_functions_prove_nothing_false() -> None:
    counts = outcomes_of("run_searches(searches=54, seed=1)")
    assert counts["all searches"] == 54
    assert counts["all FALSE"] == 0
    assert counts["planted complete"] > 2
    assert counts["planted certified"] > 12


@pytest.mark.parametrize("slope", [0.3, 0.6, 0.9, -3.0])
def test_a_zero_on_a_kink_is_alone_as_far_as_the_next_one(slope: float) -> None:
    """The smallest cube holds the kink, so its contraction rate tells nothing of larger ones."""
    right = 2.0 - slope  # beyond 1, where the residual rises and is zero again

    def residual(x: jax.Array) -> jax.Array:
        return slope * jnp.maximum(x, 0) + right * jnp.maximum(x - 1, 0) - x

    zero = 1 + (1 - slope) / (slope + right - 1)
    found = certify_zeros(residual, [[0.0], [zero]])
    assert found.exists.all() and found.unique.all()
    assert 0.5 < found.radius[0] <= zero
