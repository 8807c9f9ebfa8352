"""Continuous attractors: exact lines, rings and planes, and what only looks like one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.attractors.loops import longest_loop

SWAP = np.array([[0.0, -1.0], [-1.0, 0.0]])


def line(gain=1.0):
    return sx.Flow(lambda r: -r + jax.nn.relu(gain * SWAP @ r + 1.0), 2, tau=10.0)


def threshold_ring(units, coupling, inhibition=-6.0):
    angle = 2 * np.pi * np.arange(units) / units
    W = (inhibition + coupling * np.cos(angle[:, None] - angle)) / units
    return sx.Flow(lambda r: -r + jax.nn.relu(1 + W @ r), units, tau=10.0)


def linear_map(size, dimension, seed=1):
    """The identity on a random subspace, and a half across it."""
    Q = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0][:, :dimension]
    return sx.DiscreteMap(lambda x: 0.5 * x + 0.5 * Q @ (Q.T @ x), size, dt=10.0)


def test_the_exact_line():
    found = sx.continuous_attractor(line(), systems.box(2, 0, 1, 60))
    assert (found.verdict, found.dimension) == ("line", 1)
    assert found.spectral_gap == np.inf
    np.testing.assert_allclose(found.states.sum(1), 1, atol=1e-12)
    np.testing.assert_allclose(found.next_times, 5.0, rtol=1e-9)  # λ = −2, tau = 10 ms
    np.testing.assert_allclose(found.alignment, 1, atol=1e-9)
    assert found.relative_drift < 1e-12
    assert found.retention == 1.0


@pytest.mark.parametrize(
    ("units", "coupling", "inhibition"),
    [(6, 12.0, -18.0), (8, 4.0, -6.0)],
)
def test_the_exact_ring(units, coupling, inhibition):
    starts = systems.box(units, 0, 1, 100)
    system = threshold_ring(units, coupling, inhibition)
    found = sx.continuous_attractor(system, starts, duration=600.0)
    assert (found.verdict, found.dimension) == ("ring", 1)
    assert found.loop_death > 2 * found.loop_birth
    assert found.relative_drift < 1e-9
    assert found.spectral_gap > 1e9


def test_a_ring_out_of_tune_is_as_many_points_as_it_has_units():
    starts = systems.box(6, 0, 1, 100)
    found = sx.continuous_attractor(threshold_ring(6, 3.28), starts, duration=2000.0)
    assert (found.verdict, found.groups, found.dimension) == ("isolated points", 6, 0)
    assert np.isnan(found.loop_birth)


@pytest.mark.parametrize(("size", "dimension"), [(2, 2), (20, 3)])
def test_the_identity_on_a_subspace(size, dimension):
    starts = systems.box(size, -1, 1, 200)
    found = sx.continuous_attractor(linear_map(size, dimension), starts)
    names = {2: "plane", 3: "manifold of dimension 3"}
    assert (found.verdict, found.dimension) == (names[dimension], dimension)
    np.testing.assert_allclose(found.alignment, 1, atol=1e-9)
    if size > dimension:
        np.testing.assert_allclose(found.next_times, 10 / np.log(2), rtol=1e-9)


def surface_flow(constraint, size=3):
    """A flow whose fixed points are the zeros of a function, which attract."""
    slope = jax.grad(lambda x: 0.5 * jnp.sum(constraint(x) ** 2))
    return sx.Flow(lambda x: -slope(x), size, tau=10.0)


def sphere(x):
    return jnp.linalg.norm(x) - 1.0


def torus(x):
    return jnp.hypot(jnp.hypot(x[0], x[1]) - 2.0, x[2]) - 1.0


SURFACES = {
    "sphere": (sphere, 3, (-2, 2), "sphere", 0),
    "torus": (lambda x: x[::2] ** 2 + x[1::2] ** 2 - 1, 4, (-1.5, 1.5), "torus", 2),
    "cylinder": (lambda x: x[0] ** 2 + x[1] ** 2 - 1, 3, (-1.5, 1.5), "cylinder", 1),
    "flat": (lambda x: x @ jnp.array([1.0, 2.0, -1.0]), 3, (-1, 1), "plane", 0),
    "saddle": (lambda x: x[2] - x[0] * x[1], 3, (-1, 1), "surface", 0),
}


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_of_fixed_points(name):
    constraint, size, (low, high), verdict, loops = SURFACES[name]
    starts = systems.box(size, low, high, 500)
    found = sx.continuous_attractor(surface_flow(constraint, size), starts)
    assert (found.verdict, found.dimension, found.loops) == (verdict, 2, loops), found.reasons
    assert (found.edge > 0.03) == (verdict in ("cylinder", "plane", "surface"))
    assert (found.thickness < 1e-6) == (verdict == "plane")
    assert found.spectral_gap > 1e6


def test_what_samples_cannot_tell_of_a_surface_is_not_said():
    """Few states, a torus thinner than they are dense, and an eighth of a sphere."""
    flow = surface_flow(sphere)
    few = sx.continuous_attractor(flow, systems.box(3, -2, 2, 60))
    assert (few.verdict, few.loops) == ("surface", -1)
    assert np.isnan(few.edge)
    assert "too few states to tell edges and loops" in few.reasons
    part = sx.continuous_attractor(flow, systems.box(3, 0.1, 2, 500))
    assert part.verdict == "surface"
    angle = 2 * np.pi * np.random.default_rng(0).uniform(size=(2, 500))
    beside = 2 + np.cos(angle[1])
    states = np.stack([beside * np.cos(angle[0]), beside * np.sin(angle[0]), np.sin(angle[1])], 1)
    coarse = sx.continuous_attractor(surface_flow(torus), states)
    assert coarse.verdict in ("surface", "closed surface")


def test_a_leaky_line_is_a_line_for_less_than_its_time_constant():
    """λ = −0.01 along the line: a time constant of 1,000 ms."""
    starts = systems.box(2, 0, 1, 80)
    soon = sx.continuous_attractor(line(0.99), starts, duration=50.0)
    late = sx.continuous_attractor(line(0.99), starts, duration=20_000.0)
    assert (soon.verdict, late.verdict, late.groups) == ("line", "isolated points", 1)
    np.testing.assert_allclose(soon.slow_times, 1000.0, rtol=1e-9)
    np.testing.assert_allclose(soon.spectral_gap, 1.99 / 0.01, rtol=1e-9)
    # half of the distance to a neighbor is lost after 1,000 ln 2 = 693 ms
    assert sx.continuous_attractor(line(0.99), starts, duration=680.0).retention == 1.0
    assert sx.continuous_attractor(line(0.99), starts, duration=710.0).retention == 0.0


def test_a_limit_cycle_is_no_ring_of_resting_states():
    found = sx.continuous_attractor(systems.hopf(2.0, 1.0).system, systems.box(2, -1, 1, 60))
    assert found.verdict == "moving"
    assert found.relative_drift > 0.05


@pytest.mark.parametrize(("radius", "count"), [(1.0, 12), (1e-6, 40)])
def test_the_loop_of_a_circle(radius, count):
    """Born at the gap 2 R sin(π/n), dies at the side of the inscribed triangle √3 R."""
    angle = 2 * np.pi * np.arange(count) / count
    circle = radius * np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])
    birth, death = longest_loop(circle)
    np.testing.assert_allclose(birth, 2 * radius * np.sin(np.pi / count), rtol=1e-12)
    fewest = np.ceil(count / 3) * np.pi / count  # the smallest triangle around the middle
    np.testing.assert_allclose(death, 2 * radius * np.sin(fewest), rtol=1e-12)


def test_what_does_not_fit_is_refused():
    with pytest.raises(sx.InvalidInputError, match=r"states must have shape \(…, 2\).*\(4, 3\)"):
        sx.continuous_attractor(line(), np.ones((4, 3)))
    with pytest.raises(sx.InvalidInputError, match="2 finite states do not show a set"):
        sx.continuous_attractor(line(), np.array([[0, 1.0], [1, 0], [np.nan, 0]]))
    with pytest.raises(sx.InvalidInputError, match="duration must be positive"):
        sx.continuous_attractor(line(), np.ones((4, 2)), duration=0.0)
    with pytest.raises(sx.InvalidInputError, match="a map has steps of its own"):
        sx.continuous_attractor(linear_map(3, 1), np.ones((4, 3)), method=sx.Watching(step=0.1))


def test_fixed_points_given_as_states_are_not_taken_for_a_line():
    """They stay where they are, and so keep their distances, whatever lies between them."""
    flow = sx.Flow(lambda x: jnp.stack([x[0] - x[0] ** 3, -x[1]]), 2)
    points = np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    assert sx.continuous_attractor(flow, points).verdict == "isolated points"
    held = sx.Flow(lambda x: jnp.stack([0 * x[0], -x[1]]), 2)
    assert sx.continuous_attractor(held, points).verdict == "line"


def test_a_set_in_pieces_is_told_from_one_in_one():
    """Of x' = x − x³, y' = 0 two lines remain, at x = ±1."""
    flow = sx.Flow(lambda x: jnp.stack([x[0] - x[0] ** 3, 0 * x[1]]), 2)
    both = sx.continuous_attractor(flow, systems.box(2, -1, 1, 200))
    assert (both.verdict, both.pieces) == ("line", 2)
    assert both.piece_gap == pytest.approx(2.0, abs=0.05)
    assert "the states lie in 2 pieces, 2" in both.reasons
    one = sx.continuous_attractor(flow, systems.box(2, 0.1, 1, 200))
    assert (one.verdict, one.pieces) == ("line", 1)
    assert "pieces" not in one.reasons


def test_states_that_still_move_are_said_to():
    """A ghost gathers states while they pass it, and is no fixed point."""
    flow = sx.Flow(lambda x: jnp.stack([1e-4 + x[0] ** 2, -x[1]]), 2)
    found = sx.continuous_attractor(flow, systems.box(2, -1, 0, 60))
    assert found.verdict == "isolated points"
    assert "they still move, at " in found.reasons
    rest = sx.Flow(lambda x: -x, 2)
    assert "still move" not in sx.continuous_attractor(rest, systems.box(2, -1, 1, 60)).reasons
