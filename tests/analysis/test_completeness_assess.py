"""Further search, exhaustion, and what is said about them."""

import dataclasses
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from completeness_tools import Collection, float64, point_set, random_tanh, without
from golden import textbook

import separatrix as sx
from separatrix._watch import Watch, watched_by
from separatrix.analysis.completeness import Domain, FurtherSearch, assess, find_domain, index
from separatrix.analysis.completeness.further import unstable_directions
from separatrix.analysis.fixed_points import certificates
from separatrix.analysis.fixed_points.solver_selection import FixedPointSolver
from separatrix.analysis.point_table import PointTable
from separatrix.enclosure.branch_and_prune import BranchAndPrune
from separatrix.enclosure.branch_and_prune.box_search import alone_at_origin


@pytest.mark.parametrize("architecture, first", [("tanh16", 10), ("gru32", 10)])
def test_few_starts_are_made_up_for(architecture, first):
    system, starts = systems.flip_flop(architecture)
    collection = Collection(system, starts[:first])
    found = len(collection.points.states)
    _, known = assess(float64(system), collection.points, collection.search)
    assert found < 27 and len(collection.points.states) == 27
    assert known.index_sum == 1 and not known.complete
    # how many rounds it takes is a matter of the last bit
    assert known.starts == 512 * known.rounds <= 512 * FurtherSearch().rounds
    rounds = "1 round" if known.rounds == 1 else f"{known.rounds} rounds"
    told = f"{known.starts} further starts in {rounds} added {27 - found}; index sum 1"
    assert known.text.startswith(told)
    assert known.coverage < 1  # of the first search


def test_each_point_is_proved_once(monkeypatch):
    """Certificates and indices of what is known are kept while the search goes on."""
    seen: dict[str, list] = {"certify_zeros": [], "point_indices": []}
    for where, name in ((certificates, "certify_zeros"), (index, "point_indices")):
        prove = getattr(where, name)

        def noted(function, states, *rest, _prove=prove, _seen=seen[name]):
            _seen += [state.tobytes() for state in states]
            return _prove(function, states, *rest)

        monkeypatch.setattr(where, name, noted)
    system, starts = systems.flip_flop("gru32")
    points = sx.find_fixed_points(system, starts[:10], slow_points=False)
    assert len(points.fixed) == 27 and "further starts in " in points.completeness
    for states in seen.values():
        assert len(states) == len(set(states)) == 27


def test_a_sum_of_one_by_chance_is_looked_into_once():
    """Five starts find five points that sum to 1; Chao's estimate says that there are more."""
    system, starts = systems.flip_flop("gru32")
    collection = Collection(system, starts[45:50])
    points = collection.points
    assert assess(float64(system), points)[1].index_sum == 1  # no search: nothing is added
    _, known = assess(float64(system), points, collection.search)
    assert known.chao1 > len(points.states)
    assert len(collection.calls) == known.rounds == 1 and len(collection.points.states) == 27
    added = len(collection.points.states) - len(points.states)
    assert known.text.endswith(f" from the candidates' hits, before {added} more were found")


def test_a_full_search_is_not_repeated():
    system, starts = systems.flip_flop("tanh16")
    collection = Collection(system, starts)
    _, known = assess(float64(system), collection.points, collection.search)
    assert collection.calls == [] and known.rounds == known.starts == 0
    assert known.index_sum == 1 and known.coverage == 1 and known.chao1 == 27
    assert known.text == (
        "index sum 1 over 27 fixed points: consistent with a complete set; "
        "Good–Turing coverage 1.000, Chao1 estimate 27"
    )


def test_a_search_in_vain_ends_after_a_round_and_says_so():
    system = random_tanh(10, 2.0, 0)  # three fixed points
    collection = Collection(system, systems.box(10, -1, 1))
    origin = np.abs(collection.points.states).max(axis=1) < 1e-9
    points = point_set(system, collection.points.states[~origin])
    method = FurtherSearch(starts=16, rounds=3)
    _, known = assess(system, points, lambda points, starts: points, further=method)
    assert known.index_sum == 2 and known.rounds == 1 and known.starts == 16
    assert "16 further starts in 1 round added 0" in known.text
    assert "index sum 2 over 2 fixed points, not 1: some are missing" in known.text


PAIRS = {
    "as printed": (16.0, 1.25, 1.0, 0.1),
    "coupled more strongly": (16.0, 1.25, 1.0, 0.3),
    "slow inhibition": (16.0, 1.25, 2.0, 0.1),
    "weak input": (16.0, 1.1, 1.0, 0.05),
    "more excitation": (17.0, 1.25, 1.0, 0.1),
}


@pytest.mark.parametrize("excitation, drive, slowness, coupling", PAIRS.values(), ids=PAIRS)
def test_a_point_that_no_start_reaches_ends_a_homotopy(excitation, drive, slowness, coupling):
    """40 oscillating pairs of Wilson & Cowan: every start ends at a slow point."""

    def sigmoid(x, gain, threshold):
        return jax.nn.sigmoid(gain * (x - threshold)) - 1 / (1 + np.exp(gain * threshold))

    def field(x):
        e, i = jnp.split(x, 2)
        around = coupling * (jnp.roll(e, 1) + jnp.roll(e, -1))
        to_e = sigmoid(excitation * e - 12 * i + drive + around, 1.3, 4.0)
        to_i = sigmoid(15 * e - 3 * i, 2.0, 3.7)
        change = [-e + (1 - e) * to_e, (-i + (1 - i) * to_i) / slowness]
        return jnp.concatenate(change)

    starts = systems.box(80, 0, 0.5, 4)
    points = sx.find_fixed_points(sx.Flow(field, 80), starts, slow_points=False)
    assert len(points.fixed) == 1 and points.index_sum == 1 and points.fixed.certified.all()
    assert points.fixed.n_unstable.tolist() == [80] and not points.fixed.hits.any()
    assert points.completeness.startswith("1 further start in 1 round added 1; index sum 1")


def test_many_units_are_told_that_no_path_was_followed(monkeypatch):
    system = float64(sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 10))
    none = point_set(system, np.zeros((0, 10)))
    text = lambda: assess(system, none, lambda points, _: points)[1].text  # noqa: E731
    assert "homotopy" not in text()
    module = sys.modules["separatrix.analysis.completeness.assess"]  # the name is the function's
    monkeypatch.setattr(module, "MOST_UNITS", 9)
    assert "a homotopy from the center of the box is tried for at most 9 units" in text()


@pytest.mark.parametrize("gain, size, seed", [(1.5, 20, 0), (2.0, 32, 1)])
def test_random_networks_reach_a_sum_of_one(gain, size, seed):
    system = random_tanh(size, gain, seed)
    collection = Collection(system, systems.box(size, -1, 1, 20))
    _, known = assess(system, collection.points, collection.search)
    assert known.index_sum == 1
    count = len(collection.points.states)
    collection.search(collection.points, systems.box(size, -1, 1, 300, seed=1))
    assert len(collection.points.states) == count  # as many as from 300 more


@pytest.mark.parametrize("n, count", [(2, 3), (3, 3), (4, 9)])
@pytest.mark.parametrize("kind", ["map", "flow"])
def test_small_systems_are_proved_complete_from_any_starts(n, count, kind):
    system = systems.ring(n, kind).system
    collection = Collection(system, np.full((1, n), 0.5))
    _, known = assess(float64(system), collection.points, collection.search)
    assert known.complete and known.index_sum == 1 and len(collection.points.states) == count
    assert f"complete: interval branch and prune of [-1, 1]^{n} examined" in known.text


def test_three_fixed_points_of_a_random_network_of_four():
    """N = 4, g = 3, seed 0: proved to have exactly three."""
    weights = 3 * np.random.default_rng(0).standard_normal((4, 4)) / 2
    system = sx.DiscreteMap(lambda x: jnp.tanh(jnp.asarray(weights) @ x), 4)
    collection = Collection(system, np.zeros((1, 4)))
    _, known = assess(float64(system), collection.points, collection.search)
    assert known.complete and len(collection.points.states) == 3


def test_an_exhaustive_search_that_gives_up_proves_nothing():
    book = systems.ring(4, "map")
    system = float64(book.system)
    points = point_set(system, book.states)
    _, known = assess(system, points, exhaustion=BranchAndPrune(max_boxes=100))
    assert not known.complete and known.index_sum == 1
    assert "consistent with a complete set" in known.text
    assert "not proved complete" in known.text and "more than 100 boxes" in known.text


def test_rank_one_network_is_proved_complete():
    points = sx.find_fixed_points(systems.rank_one().system, np.zeros((1, 50)))
    assert points.complete and points.index_sum == 1 and len(points.fixed) == 3
    assert "of the 1 variable that the system depends on" in points.completeness


def test_points_that_may_not_be_added_leave_the_set_incomplete():
    book = systems.tanh_unit(2.0)
    system = float64(book.system)
    points = point_set(system, [[0.0]])
    _, known = assess(system, points)
    assert not known.complete and "found 2 more, which were not to be added" in known.text
    assert known.index_sum == -1


def test_points_that_the_search_loses_leave_the_set_incomplete():
    system = float64(systems.tanh_unit(2.0).system)
    points = point_set(system, [[0.0]])
    _, known = assess(
        system, points, lambda points, starts: points, further=FurtherSearch(rounds=0)
    )
    assert not known.complete and "does not reach" in known.text


def test_bistable_field_in_a_given_domain_is_complete_there():
    def field(x):
        return x - x**3 if domain is None else 0.5 * (x - x**3)

    domain = None
    system = float64(sx.Flow(field, 1))
    points = point_set(system, [[-1.0], [0.0], [1.0]])
    assert not assess(system, points)[1].complete  # nothing is known of the far states
    domain = (-2.0, 2.0)
    _, known = assess(float64(sx.Flow(field, 1, domain=domain)), points)
    assert known.complete and "in the domain that the system was given" in known.text
    assert known.index_sum is None
    _, known = assess(float64(sx.Flow(field, 1, domain=(-2.0, 0.5))), points)
    assert not known.complete and "does not hold every fixed point" in known.text


def toggle_switch(x):
    """Gardner, Cantor & Collins (2000), without inducer."""
    return jnp.stack([156.25 / (1 + x[1] ** 2.5) - x[0], 15.6 / (1 + x[0]) - x[1]])


def test_a_small_system_without_a_box_is_told_to_name_its_domain():
    field = lambda x: x[::-1] ** 3 - 8 + 0.1 * x  # noqa: E731
    starts = np.concatenate([[[0, -1], [3, 4]], systems.box(2, 0, (3, 4), 100)])
    points = sx.find_fixed_points(sx.Flow(field, 2), starts, slow_points=False)
    assert not points.complete and "such as domain=([0, -1], [3, 4])" in points.completeness
    system = sx.Flow(field, 2, domain=([0, -1], [3, 4]))
    points = sx.find_fixed_points(system, starts, slow_points=False)
    assert points.complete and len(points.fixed) == 1
    assert "in the domain that the system was given" in points.completeness


def test_a_positive_system_has_a_box_where_its_field_points_inward():
    starts = systems.box(2, 0, (160, 16), 100)
    points = sx.find_fixed_points(sx.Flow(toggle_switch, 2), starts, slow_points=False)
    assert len(points.fixed) == 3 and points.index_sum == 1
    assert not points.complete
    assert "complete among states that are nowhere negative: interval" in points.completeness
    assert "domain=(0, np.inf) tells the system so" in points.completeness
    system = sx.Flow(toggle_switch, 2, domain=(0, np.inf))
    points = sx.find_fixed_points(system, starts, slow_points=False)
    assert points.complete and points.index_sum == 1 and len(points.fixed) == 3


@pytest.mark.parametrize("unbounded_only", [False, True])
def test_the_box_of_what_is_nowhere_negative_tells_of_nothing_else(unbounded_only):
    """u = v = x of two repressors: x⁴ + x = 5 has a negative root, too."""
    field = lambda x: 5 / (1 + x[::-1] ** 3) - x  # noqa: E731
    low = 0.1 if unbounded_only else -3
    starts = systems.box(2, low, 5, 100)
    points = sx.find_fixed_points(sx.Flow(field, 2), starts, slow_points=False)
    negative = (points.states < 0).any(1)
    assert not points.complete and (~negative).sum() == 3
    if unbounded_only:
        assert points.index_sum == 1 and not negative.any()
    else:
        assert points.index_sum is None and negative.any()


def test_second_order_equations_have_a_box_by_their_components_in_another_order():
    """Jansen & Rit's column has none in the order of its units; nor has a saddle, x'' = x − f."""
    system, starts = textbook.jansen_rit(100)
    points = sx.find_fixed_points(system, starts[:100], slow_points=False)
    assert points.complete and len(points.fixed) == 3 and points.index_sum == 1
    saddle = sx.Flow(lambda y: jnp.stack([y[1], y[0] - jnp.tanh(y[1] + 1)]), 2)
    points = sx.find_fixed_points(saddle, systems.box(2, -2, 2, 20), slow_points=False)
    assert points.complete and points.fixed.n_unstable.tolist() == [1]
    assert points.index_sum is None and "turns the signs" in points.completeness


def test_degenerate_point_is_not_complete():
    system = float64(sx.DiscreteMap(jnp.tanh, 1))  # at the pitchfork
    _, known = assess(system, point_set(system, [[0.0]]))
    assert not known.complete and known.index_sum is None
    assert "1 of 1 fixed points are not certified" in known.text


@pytest.mark.parametrize("name", ["softplus", "float32", "cubic"])
def test_no_claim_where_nothing_holds(name):
    step = {
        "softplus": lambda x: jnp.logaddexp(2 * x[::-1], 0),
        "float32": lambda x: jnp.tanh(x.astype(jnp.float32)),
        "cubic": lambda x: x + x[::-1] ** 3 - 8,
    }[name]
    system = float64(sx.DiscreteMap(step, 2))
    points = point_set(system, np.full((1, 2), 2.0))
    called = []
    _, known = assess(system, points, called.append)
    assert called == [] and not known.complete and known.index_sum is None
    assert known.text.startswith("no box is known that holds every fixed point (")


@pytest.mark.parametrize(
    "own, alone, both, bounded", [(0.0, 1.0, 1 / 3, True), (0.5, 2.0, 0.4, False)]
)
def test_small_rectifier_networks_are_proved_complete(own, alone, both, bounded):
    """Two units that suppress each other: both are active, or one of them alone.

    Without self-excitation neither exceeds 1, so there is a box, and the sum is 1 in spite of the
    kinks; with it, there is none.
    """
    weights = jnp.array([[own, -2.0], [-2.0, own]])
    system = sx.DiscreteMap(lambda x: jnp.maximum(weights @ x + 1, 0), 2)
    collection = Collection(system, np.array([[0.9, 0.1]]))
    _, known = assess(float64(system), collection.points, collection.search)
    states = collection.points.states
    np.testing.assert_allclose(
        states[np.lexsort(states.T)], [[alone, 0], [both, both], [0, alone]], atol=1e-14
    )
    assert known.complete and known.domain.bounded == bounded
    assert known.index_sum == (1 if bounded else None)
    assert "complete: 4 linear pieces of the system were solved" in known.text


def test_states_of_saturated_gates_are_no_fixed_points():
    """Where z = 1 in floating point F(h) = h; the box of a GRU written by hand rules that out."""
    rng = np.random.default_rng(0)
    U, W = 3 * rng.standard_normal((2, 12, 12)) / np.sqrt(12)

    def step(h):
        z = jax.nn.sigmoid(U @ h)
        return (1 - z) * jnp.tanh(W @ h) + z * h

    system = float64(sx.DiscreteMap(step, 12))
    far = 1e3 * np.linalg.solve(U, np.ones(12))  # all gates are 1
    points = point_set(system, [np.zeros(12), far])
    np.testing.assert_array_equal(points.proved, [True, False])
    kept, known = assess(system, points)
    assert kept.states.any() == 0 and kept.reached.tolist() == 10 * [0] + 10 * [-1]
    assert known.outside == 1 and "1 of the points found lie outside [-1, 1]^12" in known.text
    assert known.index_sum is not None and known.chao1 == 1
    np.testing.assert_array_equal(known.domain.excludes(points.states), [False, True])


DOMAIN = Domain(np.full(3, -1.0), np.ones(3), True, "", "")
POINTS = np.array([[0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [-0.5, -0.5, 0.5]])


def draws(method, states=POINTS):
    rng, unstable = np.random.default_rng(method.seed), (np.array([1]), np.array([[1.0, 0.0, 0.0]]))
    rounds = range(method.rounds)
    return [method.draw(rng, DOMAIN, states, lambda rows, enough: unstable) for _ in rounds]


def test_starts_are_reproducible_bounded_and_in_the_domain():
    method = FurtherSearch(starts=100, rounds=3)
    first, again = draws(method), draws(method)
    assert [len(starts) for starts in first] == [100] * 3
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert (np.abs(one) <= 1).all()
    assert not np.array_equal(first[0], first[1])  # each round has its own


def test_both_sides_of_an_unstable_point_are_tried():
    (starts,) = draws(FurtherSearch(starts=64, rounds=1))
    along = starts[(starts[:, 1:] == 0).all(axis=1)]
    assert (along[:, 0] > 0).sum() >= 3 and (along[:, 0] < 0).sum() >= 3
    assert len(np.unique(np.abs(along[:, 0]).round(12))) >= 3  # several distances


def test_mixtures_hold_midpoints_and_exchanges():
    (starts,) = draws(FurtherSearch(starts=400, rounds=1))
    for wanted in ([0.25, 0.25, 0.25], [0.5, -0.5, 0.5], [-0.5, -0.5, -0.5]):
        assert (np.abs(starts - wanted).max(axis=1) < 1e-12).any()


def test_starts_without_points_are_uniform():
    none = np.zeros(0, int), np.zeros((0, 3))
    starts = FurtherSearch(starts=200).draw(
        np.random.default_rng(0), DOMAIN, np.zeros((0, 3)), lambda rows, enough: none
    )
    assert starts.shape == (200, 3) and len(np.unique(starts)) == 600
    assert np.abs(starts.mean(axis=0)).max() < 0.15


@pytest.mark.parametrize("size", [1, 8])
def test_points_between_others_are_found_without_a_box(size):
    """Bistable units, from starts that all lead to the same two corners."""
    corners = np.array([[-1.0], [1.0]]) * np.ones(size)
    points = sx.find_fixed_points(sx.Flow(lambda x: x - x**3, size), np.repeat(corners, 20, 0))
    assert points.index_sum is None and not points.complete
    assert (np.abs(points.fixed.states).max(axis=1) < 1e-12).any()
    assert points.fixed.certified.all() and len(points.fixed) >= 3
    assert points.completeness.startswith(("192 further starts in 2", "384 further starts in 4"))


def test_a_domain_without_an_end_is_cut_off_beyond_the_points():
    half = Domain(np.array([-np.inf, 0.0]), np.full(2, np.inf), False, "", "")
    near = half.around(np.array([[-1.0, 1.0], [3.0, 2.0]]))
    np.testing.assert_array_equal([near.lower, near.upper], [[-3, 0], [5, 2.5]])
    assert not half.bounded and half.around(np.zeros((0, 2))) is half


def test_unstable_directions_of_maps_and_flows():
    velocity = np.diag([0.5, -0.5, -2.5])[None]  # multipliers 1.5, 0.5, −1.5
    origins, directions = unstable_directions(velocity, "map")
    np.testing.assert_array_equal(np.abs(directions), [[1, 0, 0], [0, 0, 1]])
    origins, directions = unstable_directions(velocity, "flow")
    np.testing.assert_array_equal(np.abs(directions), [[1, 0, 0]])
    spiral = np.array([[[0.1, -1.0, 0.0], [1.0, 0.1, 0.0], [0.0, 0.0, -1.0]]])
    origins, directions = unstable_directions(spiral, "flow")
    assert origins.tolist() == [0, 0]
    assert abs(np.linalg.det(directions[:, :2])) > 0.5 and not directions[:, 2].any()


def test_points_that_the_solver_does_not_reach_are_taken_from_the_proof():
    book = systems.tanh_unit(2.0)
    system, origin = float64(book.system), point_set(float64(book.system), [[0.0]])
    adopted = []

    def adopt(points, proof):
        adopted.append(proof.states)
        assert (proof.error_bounds < proof.radii).all()
        return point_set(system, [[0.0], *proof.states.tolist()])

    _, known = assess(system, origin, lambda points, starts: points, adopt=adopt)
    assert known.complete and known.index_sum == 1
    np.testing.assert_allclose(np.sort(np.abs(adopted[0][:, 0])), [0.957504, 0.957504], atol=1e-6)
    assert not assess(system, origin, lambda points, starts: points)[1].complete


def test_what_a_proof_finds_is_kept_where_the_solver_goes_elsewhere(monkeypatch):
    solve = FixedPointSolver.solve

    def lost(self, starts, slow_points, known=None):
        table, known = solve(self, starts, slow_points, known)
        return (table if slow_points else PointTable.empty(len(starts), 1)), known

    monkeypatch.setattr(FixedPointSolver, "solve", lost)
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    points = sx.find_fixed_points(system, np.zeros((1, 1)))
    assert points.complete and len(points.fixed) == 3 and points.certified.all()
    assert sorted(points.hits.tolist()) == [0, 0, 1] and points.index_sum == 1
    assert sum("by exhaustive search" in text for text in points.certificate) == 2


def test_a_set_in_which_two_points_may_be_one_is_not_called_complete():
    """That at 0 is there twice: once only known to exist, within less than where it is alone."""
    system = float64(sx.DiscreteMap(lambda x: jnp.tanh(0.5 * x), 1))
    twice = point_set(system, [[0.0], [0.0]])
    twice.states[1], twice.errors[1], twice.radii[1] = 1e-3, 2e-3, 0.0
    _, known = assess(system, twice)
    assert not known.complete and known.index_sum is None
    assert "not proved complete: two fixed points are nearer than their error bounds" in known.text
    assert assess(system, without(twice, 1))[1].complete


OUTSIDE = np.array([9])  # of a state of one or two units


def test_a_number_filled_in_is_a_constant_of_the_search():
    def field(x):
        two = x.at[OUTSIDE].get(mode="fill", fill_value=2.0)[0]
        coupled = jnp.tanh(0.1 * jnp.tanh(x))  # its atoms have numbers of their own
        return jnp.stack([-x[0] + two + 3 * jnp.tanh(2 * x[0]), -x[1] + coupled[1]])

    found = sx.find_fixed_points(sx.Flow(field, 2), np.array([[-0.8, 0.0]]))
    assert found.complete and found.index_sum == 1
    np.testing.assert_allclose(found.fixed.states, [[5.0, 0.0]], atol=1e-9)


def test_a_number_filled_in_does_not_vanish_from_afar():
    def field(x):  # zero at −0.5 and 0.5
        return jnp.abs(x) - x.at[OUTSIDE].get(mode="fill", fill_value=0.5)

    assert not BranchAndPrune().search(field, [-np.inf], [np.inf]).complete
    assert not alone_at_origin(field, 1)
    found = sx.find_fixed_points(sx.Flow(field, 1), np.array([[0.4], [np.nan]]))
    assert found.states.tolist() == [[-0.5], [0.5]] and found.complete  # by pieces


def test_no_rays_from_the_origin_are_searched_when_time_is_over():
    weights = np.random.default_rng(5).standard_normal((5, 5))
    residual = lambda x: jax.nn.relu(weights @ x) - x  # noqa: E731
    assert alone_at_origin(residual, 5)
    with watched_by(Watch(1e-9)):
        assert not alone_at_origin(residual, 5)


@pytest.mark.parametrize("wrong", ["an index", "a domain"])
def test_proofs_that_contradict_each_other_are_withdrawn(wrong, monkeypatch):
    system = float64(sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1))
    points = point_set(system, [[0.0], [0.9575040240772687], [-0.9575040240772687]])
    assert assess(system, points)[1].complete
    if wrong == "an index":
        monkeypatch.setattr(
            sys.modules["separatrix.analysis.completeness.assess"],
            "index_sum",
            lambda *_: index.IndexSum(3, ""),
        )
    else:
        module = sys.modules["separatrix.analysis.completeness.assess"]
        narrow = dataclasses.replace(find_domain(system), upper=np.array([0.5]))
        monkeypatch.setattr(module, "find_domain", lambda *_: narrow)
        monkeypatch.setattr(Domain, "excludes", lambda _, states: np.zeros(len(states), bool))
    _, known = assess(system, points)
    assert not known.complete and "two proofs contradict each other" in known.text
