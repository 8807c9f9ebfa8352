"""Basins, separatrices, the graph of fixed points and commitment, where they are known."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from scipy.stats import binomtest

import separatrix as sx


def points_of(book):
    return sx.find_fixed_points(book.system, book.candidates, completeness=False)


def stacked(one, other):
    """The product of two flows of one unit: its basins are products."""

    def field(x):
        return jnp.concatenate([one.evaluate(x[:1]), other.evaluate(x[1:])])

    return sx.Flow(field, 2)


BISTABLE = sx.Flow(lambda x: x - x**3, 1, tau=20.0)
EDGES = np.array([[-1.0], [0.0], [1.0]])


# --- the graph ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize("bias", [0.0, 0.2])
def test_the_arms_of_a_bistable_unit_end_at_either_side(kind, bias):
    book = systems.tanh_unit(2.0, bias, kind)
    points = points_of(book)
    graph = sx.fixed_point_graph(book.system, points)
    (saddle,) = np.flatnonzero(points.n_unstable == 1)
    assert graph.source.tolist() == [saddle, saddle]
    side = np.sign(points.states[graph.target, 0] - points.states[saddle, 0])
    assert (side == graph.arm).all()
    np.testing.assert_array_equal(graph.normals, [[1.0]])
    slope = 2 * (1 - points.states[saddle, 0] ** 2)
    np.testing.assert_allclose(graph.growth, slope - (kind == "flow"), rtol=1e-9)
    assert (np.diff(graph.paths[:, :, 0], axis=1) * graph.arm[:, None] >= -1e-12).all()


def test_an_arm_follows_the_unstable_manifold():
    """x' = x − x³, y' = −y + x²: the manifold of the origin is a known series, y = x²/3 + …"""
    system = sx.Flow(lambda z: jnp.stack([z[0] - z[0] ** 3, -z[1] + z[0] ** 2]), 2)
    points = np.array([[0.0, 0], [1, 1], [-1, 1]])
    graph = sx.fixed_point_graph(system, points)
    assert graph.target.tolist() == [1, 2]
    x, y = np.moveaxis(graph.paths, 2, 0)
    # the manifold y(x): y' (x − x³) = −y + x², so y = Σ c_k x^{2k}, (2k + 1) c_k = 2 (k−1) c_{k−1}
    series = np.zeros_like(x)
    c = 1 / 3
    for k in range(1, 400):
        series += c * x ** (2 * k)
        c *= 2 * k / (2 * k + 3)
    near = np.abs(x) < 0.95
    assert near.sum() > 40
    np.testing.assert_allclose(y[near], series[near], atol=3e-7)  # of Runge–Kutta


def test_wong_wang_without_evidence_is_symmetric():
    book = systems.wong_wang(30.0, 0.0)
    points = points_of(book)
    graph = sx.fixed_point_graph(book.system, points)
    assert sorted(graph.target.tolist()) == [0, 1]
    np.testing.assert_allclose(np.abs(graph.normals), np.sqrt(0.5), rtol=1e-9)
    np.testing.assert_allclose(graph.paths[0], graph.paths[1][:, ::-1], atol=1e-7)
    assert graph.roles.tolist()[:2] == ["attractor"] * 2


def test_the_flow_of_the_ring_of_four():
    """Each of four saddles joins one attractor of either pair; the origin is not followed."""
    book = systems.ring(4, "flow")
    points = points_of(book)
    graph = sx.fixed_point_graph(book.system, points)
    assert len(graph) == 8 and (graph.target >= 0).all()
    ends = graph.target.reshape(4, 2)
    deep = np.abs(points.states[:, 1]) < 0.6  # the pair of (0.963, 0.525, …), not the alternating
    assert (deep[ends].sum(1) == 1).all()
    assert sorted(map(tuple, np.sort(ends, axis=1))) == sorted(set(map(tuple, np.sort(ends, 1))))
    (origin,) = np.flatnonzero(np.linalg.norm(points.states, axis=1) < 1e-9)
    assert graph.roles[origin].startswith("2 unstable directions")


def test_the_map_of_the_ring_of_four_ends_on_cycles_and_says_so():
    book = systems.ring(4, "map")
    graph = sx.fixed_point_graph(book.system, points_of(book))
    assert len(graph) == 4 and (graph.target == -1).all()
    assert all("cycle" in reason for reason in graph.reasons)


def test_a_product_has_the_product_graph():
    system = stacked(BISTABLE, sx.Flow(lambda y: y - y**3, 1))
    points = np.array([[a, b] for a in (-1.0, 0, 1) for b in (-1.0, 0, 1)])
    graph = sx.fixed_point_graph(system, points)
    assert sorted(graph.saddles.tolist()) == [1, 3, 5, 7]
    ends = {(int(s), int(t)) for s, t in zip(graph.source, graph.target, strict=True)}
    assert ends == {(1, 0), (1, 2), (3, 0), (3, 6), (5, 2), (5, 8), (7, 6), (7, 8)}
    np.testing.assert_allclose(np.abs(graph.normals), [[0, 1], [1, 0], [1, 0], [0, 1]], atol=1e-12)


def test_a_saddle_node_has_one_arm_that_leaves():
    """x' = μ + x² with μ = −1/4: from x = 1/2, one arm ends at −1/2, the other is lost."""
    book = systems.ghost(-0.25)
    points = points_of(book)
    graph = sx.fixed_point_graph(book.system, points)
    low, high = np.argsort(points.states[:, 0])
    assert graph.source.tolist() == [high, high]
    assert graph.target[graph.arm == -1].tolist() == [low]
    assert graph.target[graph.arm == 1].tolist() == [-1]
    assert "infinity" in graph.reasons[graph.arm == 1][0]


def test_slow_points_have_no_place_in_the_graph():
    book = systems.ghost(1e-3)
    slow = sx.find_fixed_points(book.system, np.ones((1, 1)))
    assert slow.kind.tolist() == ["slow"]
    with pytest.raises(sx.InvalidInputError, match="there is no fixed point among the points"):
        sx.fixed_point_graph(book.system, slow)


def test_rays_sample_saddles_with_several_unstable_directions():
    """Of nine points of a product the origin has two directions; its rays lie in their plane."""
    system = stacked(BISTABLE, sx.Flow(lambda y: 0.5 * (y - y**3), 1))
    points = np.array([[a, b] for a in (-1.0, 0, 1) for b in (-1.0, 0, 1)])
    graph = sx.fixed_point_graph(system, points, rays=2)
    assert len(graph) == 8 + 4
    rays = np.asarray(graph.source) == 4
    assert graph.arm[rays].tolist() == [1, -1, 2, -2]
    # along the axes: to the saddles at their ends, which are no attractors, as the reason says
    assert graph.target[rays].tolist() == [-1] * 4
    assert all("came to rest at point" in reason for reason in graph.reasons[rays])
    fast = graph.paths[np.flatnonzero(rays)[0]]
    np.testing.assert_allclose(fast[:, 1], 0, atol=1e-15)  # the faster direction comes first
    assert graph.roles[4] == "2 unstable directions: sampled along 4 rays"
    told = "8 arms of 4 saddles and 4 rays of points with several unstable directions, 8 of 12 end"
    assert told in graph.summary()
    one = sx.fixed_point_graph(system, points, rays=1)
    assert one.arm[np.asarray(one.source) == 4].tolist() == [1, -1]


def test_arms_are_followed_where_nothing_is_stable():
    """x' = (x² − 1) x: all three points repel or leave, and both outer ones lead to infinity."""
    system = sx.Flow(lambda z: jnp.stack([z[0] ** 3 - z[0], z[1] * (1 - z[1] ** 2 - z[0] ** 2)]), 2)
    graph = sx.fixed_point_graph(system, np.array([[0.0, 0.0], [1.0, 0.0]]), rays=1)
    assert graph.target.tolist() == [-1, -1, -1, -1]
    reasons = graph.reasons.astype(str)
    assert any("infinity" in reason for reason in reasons)
    assert any("not among the points" in reason for reason in reasons)
    assert not any("not followed" in reason for reason in reasons)


# --- the boundary ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize("bias", [0.0, 0.2])
def test_the_boundary_of_a_bistable_unit_is_its_unstable_point(kind, bias):
    book = systems.tanh_unit(2.0, bias, kind)
    points = points_of(book)
    (saddle,) = np.flatnonzero(points.n_unstable == 1)
    boundary = sx.separatrix(book.system, points, book.candidates, segments=8)
    assert len(boundary) >= 8
    np.testing.assert_allclose(boundary.states[:, 0], points.states[saddle, 0], atol=4e-12)
    assert (boundary.saddle == saddle).all()
    above = points.states[boundary.sides[:, 0], 0] > points.states[saddle, 0]
    np.testing.assert_array_equal(boundary.normals[:, 0], np.where(above, 1.0, -1.0))


def test_the_boundary_of_wong_wang_without_evidence_is_the_diagonal():
    book = systems.wong_wang(30.0, 0.0)
    boundary = sx.separatrix(book.system, points_of(book), book.candidates, segments=12)
    assert len(boundary) == len(boundary.outcomes) == 13
    np.testing.assert_allclose(boundary.states[:, 0], boundary.states[:, 1], atol=2e-12)
    toward = np.where(boundary.sides[:, :1] == boundary.sides[0, 0], 1.0, -1.0)
    np.testing.assert_allclose(boundary.normals, toward * boundary.normals[:1], atol=1e-9)
    assert (boundary.width < 1e-11).all() and (boundary.saddle == 2).all()


@pytest.mark.laws
def test_a_curved_boundary_and_its_normals():
    """(x, u = y − x²)' = (x's own, u − u³): the boundary is the parabola y = x²."""

    def field(z):
        x, y = z
        u = y - x**2
        return jnp.stack([-x, u - u**3 - 2 * x**2])

    points = np.array([[0.0, -1], [0, 0], [0, 1]])
    states = systems.box(2, -1.5, 1.5, 200)
    errors = []
    for step in (0.1, 0.05):
        settling = sx.Settling(step=step)
        boundary = sx.separatrix(sx.Flow(field, 2), points, states, segments=8, method=settling)
        x, y = boundary.states.T
        assert np.ptp(x) > 1
        errors.append(np.abs(y - x**2).max())
        normal = np.column_stack([-2 * x, np.ones_like(x)]) / np.sqrt(1 + 4 * x[:, None] ** 2)
        upward = np.where(boundary.sides[:, :1] == 2, 1.0, -1.0)
        np.testing.assert_allclose(boundary.normals, upward * normal, atol=1e-5)
    assert errors[0] < 1e-5
    assert 12 < errors[0] / errors[1] < 24  # a method of order four: 16


def test_the_boundary_comes_nearer_by_the_fourth_power_of_the_step():
    """u = x + y² is bistable, y decays: the boundary is x = −y², and of steps one beside it."""

    def field(x):
        u = x[0] + x[1] ** 2
        return jnp.stack([u - u**3 + 2 * x[1] ** 2, -x[1]])

    flow, points = sx.Flow(field, 2), np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
    off = []
    for step in (0.1, 0.05):
        settling = sx.Settling(step=step)
        found = sx.separatrix(flow, points, systems.box(2, -1.5, 1.5, 80), method=settling)
        off.append(np.abs(found.states[:, 0] + found.states[:, 1] ** 2).max())
        assert found.width.max() < 1e-11
    assert off[1] < 1e-6
    assert 8 < off[0] / off[1] < 32


def test_a_product_has_boundaries_on_both_axes():
    system = stacked(BISTABLE, sx.Flow(lambda y: y - y**3, 1))
    points = np.array([[a, b] for a in (-1.0, 0, 1) for b in (-1.0, 0, 1)])
    boundary = sx.separatrix(system, points, systems.box(2, -1, 1, 100), segments=30)
    np.testing.assert_allclose(np.abs(boundary.states).min(1), 0, atol=1e-11)
    found = boundary.saddle >= 0
    which = np.abs(boundary.states[found]).argmin(1)
    at = np.abs(boundary.normals[found])[np.arange(found.sum()), which]
    np.testing.assert_allclose(at, 1, atol=1e-6)
    # the corner, where four basins meet, belongs to no saddle with one unstable direction
    assert (np.abs(boundary.states[~found]).max(1) < 0.3).all()


def test_one_attractor_has_no_boundary():
    boundary = sx.separatrix(
        sx.DiscreteMap(lambda x: 0.5 * x, 2), np.zeros((1, 2)), np.ones((3, 2))
    )
    assert len(boundary) == len(boundary.outcomes) == 0


def test_a_segment_that_holds_an_unknown_attractor_says_so():
    system = sx.Flow(lambda x: -x * (x**2 - 1) * (x**2 - 4), 1)
    boundary = sx.separatrix(system, np.array([[-2.0], [2.0]]))
    assert len(boundary) == 0
    assert "not among the points" in boundary.outcomes[0]


# --- basins ---------------------------------------------------------------------------------------


def test_fractions_are_those_of_the_sampled_box():
    """Bistable: basins x < 0 and x > 0, so the counts are known exactly."""
    states = systems.box(1, -1, 3, 1000)
    found = sx.basins(BISTABLE, EDGES, states)
    above = int((states > 0).sum())
    assert found.count.tolist() == [1000 - above, above]
    assert found.attractor.tolist() == [0, 2] and found.unsettled == 0
    assert (found.low <= [0.25, 0.75]).all() and (found.high >= [0.25, 0.75]).all()
    assert (found.reached == np.where(states[:, 0] > 0, 2, 0)).all()


def test_wilsons_interval():
    """5 of 10 and 0 of 10, from the formula by hand."""
    found = sx.basins(BISTABLE, EDGES, np.repeat([[-1.0], [1.0]], 5, axis=0))
    np.testing.assert_allclose(found.low, 0.236593, atol=1e-6)
    np.testing.assert_allclose(found.high, 0.763407, atol=1e-6)
    alone = sx.basins(BISTABLE, EDGES, np.ones((10, 1)))
    np.testing.assert_allclose([alone.low[0], alone.high[0]], [0, 0.277533], atol=1e-6)
    assert alone.high[1] == 1.0


@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_wilsons_interval_is_scipys(confidence):
    states = systems.box(1, -1, 3, 37)
    found = sx.basins(BISTABLE, EDGES, states, confidence=confidence)
    for k in range(2):
        test = binomtest(int(found.count[k]), 37)
        known = test.proportion_ci(confidence, method="wilson")
        assert (found.low[k], found.high[k]) == pytest.approx((known.low, known.high), abs=1e-12)


def test_states_that_do_not_settle_have_reasons():
    rest = sx.basins(BISTABLE, EDGES, np.array([[0.0], [np.nan], [1.0]]))
    assert rest.reached.tolist() == [-1, -1, 2] and rest.unsettled == 2
    assert rest.reasons[0] == "came to rest at point 1, which is unstable: no attractor"
    assert rest.reasons[1] == "the state is not finite"
    short = sx.Settling(max_steps=16)
    slow = sx.basins(BISTABLE, EDGES, np.full((2, 1), 1e-6), method=short)
    assert all("still moving after 16 steps" in reason for reason in slow.reasons)
    cycle = sx.basins(systems.hopf(2.0, 1.0).system, np.zeros((1, 2)), np.ones((2, 2)))
    assert cycle.unsettled == 2 and all("is stable" in reason for reason in cycle.reasons)

    # r' = r (r² − 1) (4 − r²), turning: a cycle of radius 2 around a stable origin
    def turning(z):
        square = z @ z
        return (square - 1) * (4 - square) * z + 5 * jnp.stack([-z[1], z[0]])

    ends = sx.basins(
        sx.Flow(turning, 2),
        np.zeros((1, 2)),
        np.array([[0.5, 0], [0, 1.5]]),
        method=sx.Settling(max_steps=2000),
    )
    assert ends.reached.tolist() == [0, -1] and "still moving" in ends.reasons[1]
    lost = sx.basins(systems.ghost(-0.25).system, np.array([[-0.5], [0.5]]), np.array([[0.6]]))
    assert "infinity" in lost.reasons[0]


def test_times_are_in_ms():
    """x' = −x at tau = 20 ms: from 1 to 1e−3 in 20 ln(1000) = 138 ms."""
    system = sx.Flow(lambda x: -x, 1, tau=20.0)
    found = sx.basins(system, np.zeros((1, 1)), np.ones((1, 1)))
    exact = 20 * np.log(1000)
    assert exact <= found.times[0] <= 2 * exact  # seen at the end of a block
    assert found.step == 2.0  # a tenth of the time constant


# --- commitment -----------------------------------------------------------------------------------


def test_commitment_on_one_unit():
    walks = np.array([[0.2, -0.1, 0.3, 0.5], [-0.1, -0.2, -0.3, -0.4], [0.1, 0.2, 0.3, -0.1]])
    made = sx.commitment(BISTABLE, walks[:, :, None], EDGES, dt=10.0)
    assert made.choice.tolist() == [2, 0, 0]
    assert made.decision_step.tolist() == [2, 0, 3]
    assert made.decision_time.tolist() == [30.0, 10.0, 40.0]
    sign = np.where(made.choice == 2, 1, -1)[:, None]
    np.testing.assert_allclose(made.distance, sign * walks, atol=1e-11)
    np.testing.assert_allclose(made.nearest, np.abs(walks), atol=1e-11)


@pytest.mark.laws
def test_commitment_in_wong_wang_is_the_distance_to_the_diagonal():
    book = systems.wong_wang(30.0, 0.0)
    rng = np.random.default_rng(0)
    walks = np.clip(0.3 + 0.05 * rng.standard_normal((6, 15, 2)).cumsum(1), 0, 1)
    points = points_of(book)
    made = sx.commitment(book.system, walks, points, dt=20.0)
    ahead = (walks[:, :, 0] - walks[:, :, 1]) / np.sqrt(2)
    chosen = np.sign(points.states[made.choice] @ [1.0, -1.0])[:, None]
    np.testing.assert_allclose(made.distance, chosen * ahead, atol=1e-10)
    wrong = np.sign(ahead) != chosen
    last = np.where(wrong.any(1), 14 - wrong[:, ::-1].argmax(1), -1)
    np.testing.assert_array_equal(made.decision_step, last + 1)
    assert (wrong.any(1)).any()


def test_a_trajectory_that_settles_nowhere_decides_nothing():
    made = sx.commitment(BISTABLE, np.array([[[0.5], [0.0]], [[0.5], [0.5]]]), EDGES)
    assert made.choice.tolist() == [-1, 2]
    assert made.decision_step.tolist() == [-1, 0]
    assert np.isnan(made.decision_time[0]) and np.isnan(made.distance[0]).all()
    assert "came to rest at point 1" in made.reasons[0]
    assert made.dt == 20.0


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: sx.basins(BISTABLE, EDGES + 0.1, EDGES), "3 of the points are not fixed points"),
        (
            lambda: sx.basins(BISTABLE, np.zeros((1, 2)), EDGES),
            r"points must have shape \(point, 1",
        ),
        (lambda: sx.basins(BISTABLE, EDGES, np.zeros((0, 1))), "there are no states"),
        (lambda: sx.basins(BISTABLE, EDGES, EDGES, confidence=1.0), "confidence must lie"),
        (lambda: sx.Settling(max_steps=0), "max_steps must be a whole number"),
        (lambda: sx.Settling(capture=-1.0), "capture must be positive"),
        (lambda: sx.separatrix(BISTABLE, EDGES, segments=-1), "segments must be"),
        (lambda: sx.fixed_point_graph(BISTABLE, EDGES, rays=-1), "rays must be"),
        (lambda: sx.commitment(BISTABLE, np.zeros((2, 3, 2)), EDGES), r"\(trial, time, 1\)"),
        (lambda: sx.commitment(BISTABLE, np.zeros((2, 3, 1)), EDGES, dt=0.0), "dt must be pos"),
        (
            lambda: sx.basins(
                sx.DiscreteMap(lambda x: x / 2, 1),
                np.zeros((1, 1)),
                EDGES,
                method=sx.Settling(step=0.1),
            ),
            "a map has steps of its own",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        call()
