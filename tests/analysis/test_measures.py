"""Distances between networks, where they are known: graphs, spectra, shapes, groups."""

import dataclasses
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import scipy

import separatrix as sx
from separatrix.analysis.measures import (
    Dynamics,
    Procrustes,
    Spectrum,
    Topology,
    compared,
    grouping,
)
from separatrix.analysis.measures.intervals import NoInterval, mean_distance, rank_correlation

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.comparisons import judged
from benchmarks.planted_pairs import KINDS, pair


def bistable(gain=2.0, **changes):
    system = sx.DiscreteMap(lambda x: jnp.tanh(gain * x), size=1)
    points = sx.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])
    topology = sx.fixed_point_topology(system, points, outputs=points.states)
    linear = sx.linearize(system, points)
    return Dynamics(dataclasses.replace(points, **changes), topology, linear)


def test_topologies_are_the_same_only_where_the_sets_of_points_are_whole():
    unboxed = bistable(complete=False, index_sum=None)
    kept = np.asarray(unboxed.topology.n_unstable).argsort()[1:]
    networks = {
        "whole": bistable(),
        "unproved": bistable(complete=False),
        "unboxed": unboxed,
        "weak": bistable(0.5),
        "missing": bistable(complete=False, index_sum=2),
        "unseen": bistable(complete=False, coverage=0.9),
        "part": dataclasses.replace(unboxed, topology=unboxed.topology[kept]),
        "alone": bistable(0.5, complete=False, coverage=0.9),
        "none": Dynamics(),
    }
    found = compared(networks, Topology())
    nan = np.nan
    expected = [
        [0, 0, 0, 1, nan, nan, nan, nan, nan],
        [0, 0, 0, 1, nan, nan, nan, nan, nan],
        [0, 0, 0, 1, nan, nan, nan, nan, nan],
        [1, 1, 1, 0, 1, 1, 1, nan, nan],  # it has one point, the others more that are proved
        [nan, nan, nan, 1, 0, nan, nan, nan, nan],
        [nan, nan, nan, 1, nan, 0, nan, nan, nan],
        [nan, nan, nan, 1, nan, nan, 0, nan, nan],
        [nan, nan, nan, nan, nan, nan, nan, 0, nan],
        [nan, nan, nan, nan, nan, nan, nan, nan, nan],
    ]
    np.testing.assert_array_equal(found.distances, expected)
    assert found.cluster.tolist() == [0, 0, 0, 1, -1, -1, -1, -1, -1]
    np.testing.assert_array_equal(found.null, [*[0] * 8, nan])
    numbers = {"unproved": "index sum 1, coverage 1.000", "missing": "index sum 2"}
    numbers |= {"unseen": "coverage 0.900", "unboxed": "characteristic 1, coverage 1.000"}
    numbers |= {"part": "characteristic 0"}
    for name, number in numbers.items():
        assert number in found.evidence[list(networks).index(name)]
    assert compared(networks, Topology(coverage=0.8)).distances[0, 5] == 0


@pytest.mark.parametrize(
    ("hits", "complete", "answer"),
    [
        ([50, 48, 2], False, 1.0),
        ([197, 2, 1], False, np.nan),  # 1.5 candidates would reach two such points
        ([197, 2, 1], True, 1.0),
    ],
)
def test_what_a_search_may_have_missed_is_no_difference(hits, complete, answer):
    """One point and three, two of which are reached by as many candidates as are said."""
    weak = bistable(0.5, complete=complete, hits=np.array([100]))
    found = compared({"weak": weak, "strong": bistable(hits=np.array(hits))}, Topology())
    np.testing.assert_array_equal(found.distances[0, 1], answer)


def test_a_link_that_is_not_known_leaves_the_answer_open():
    whole = bistable()
    saddle = np.asarray(whole.topology.n_unstable) == 1
    doubtful = dataclasses.replace(whole.topology, doubts=np.where(saddle, "a doubt", ""))
    found = compared({"a": whole, "b": dataclasses.replace(whole, topology=doubtful)}, Topology())
    assert np.isnan(found.distances[0, 1]) and "a doubt" in found.reasons[0, 1]


def test_departures_that_end_at_no_known_point_tell_that_one_may_be_missing():
    """Three wells on a line, of which a search has missed one and the saddle before it."""
    system = sx.Flow(lambda x: -x * (x**2 - 1) * (x**2 - 4), size=1, tau=1.0)
    points = sx.find_fixed_points(system, np.linspace(-2.5, 2.5, 21)[:, None])
    assert len(points) == 5
    networks = {}
    for name, kept in {"whole": points, "missed": points.filter(points.states[:, 0] < 1.5)}.items():
        topology = sx.fixed_point_topology(system, kept, outputs=kept.states)
        claimed = dataclasses.replace(kept, complete=False, index_sum=1, coverage=1.0)
        networks[name] = Dynamics(claimed, topology)
    found = compared(networks, Topology())
    assert np.isnan(found.distances[0, 1])
    assert "settle" in found.evidence[1] and "settle" not in found.evidence[0]


@pytest.mark.parametrize(("hits", "answer"), [(1, np.nan), (500, 1.0)])
def test_trees_of_as_many_points_differ_only_where_saddles_are_often_reached(hits, answer):
    """Four wells in a row, and the same saddles as if each of them led to the first well."""
    system = sx.Flow(lambda x: -x * (x**2 - 1) * (x**2 - 4) * (x**2 - 9), size=1, tau=1.0)
    points = sx.find_fixed_points(system, np.linspace(-3, 3, 25)[:, None])
    reached = np.where(points.stability == "stable", 1000, hits)
    points = dataclasses.replace(points, hits=reached, complete=False, index_sum=1, coverage=1.0)
    row = sx.fixed_point_topology(system, points)
    assert row.counts == (4, 3)
    first, links = row.attractors[0], row.links.copy()
    for k, saddle in enumerate(np.flatnonzero(row.n_unstable == 1)):
        links[saddle] = np.isin(row.attractors, [first, row.attractors[1 + k]])
    star = dataclasses.replace(row, linked=links)
    found = compared({"row": Dynamics(points, row), "star": Dynamics(points, star)}, Topology())
    np.testing.assert_array_equal(found.distances, [[0, answer], [answer, 0]])


def test_spectra_are_compared_at_corresponding_points():
    """x ↦ tanh(g x): μ = g at 0 and g (1 − x*²) at both others; points are matched by name.

    Without the same names they are matched by the transport that costs least.
    """
    one, other, weak = bistable(2.0), bistable(3.0), bistable(0.5)
    flow = dataclasses.replace(other.linearization, system="flow")
    networks = {"one": one, "other": other, "weak": weak, "flow": Dynamics(linearization=flow)}
    found = compared(networks, Spectrum())
    values = [np.sort(each.linearization.eigenvalues[:, 0].real) for each in (one, other, weak)]
    assert found.distances[0, 1] == pytest.approx(np.abs(values[0] - values[1]).mean())
    assert found.distances[0, 2] == pytest.approx(np.abs(values[0] - values[2]).mean())
    assert np.isnan(found.distances[:3, 3]).all()


def test_shapes_that_are_turned_are_the_same():
    """And padding after the end of a trial is none of them."""
    rng = np.random.default_rng(0)
    states = rng.normal(size=(6, 10, 4))
    turn = np.linalg.qr(rng.normal(size=(7, 7)))[0][:4]
    inside = np.arange(10) < rng.integers(5, 10, (6, 1))
    networks = {
        "one": Dynamics(states=states),
        "turned": Dynamics(states=3 * states @ turn + 1.0),
        "still": Dynamics(states=0 * states),
        "shorter": Dynamics(states=states[1:]),
    }
    found = compared(networks, Procrustes())
    assert found.distances[0, 1] == pytest.approx(0, abs=1e-6)
    assert np.isnan(found.distances[0, 2:]).all()
    padded = np.where(inside[..., None], states, 9.0)
    both = {n: Dynamics(states=s, inside=inside) for n, s in (("a", states), ("b", padded))}
    assert compared(both, Procrustes()).distances[0, 1] == pytest.approx(0, abs=1e-7)


def test_shapes_without_a_common_direction_are_as_far_apart_as_their_overlap_says():
    """The overlap of one wave with itself and another: arccos of the largest it can be."""
    time = np.linspace(0, 2 * np.pi, 101)[None, :-1, None]
    mixed = (np.sin(time) + 2 * np.cos(time)) / np.sqrt(5)
    networks = {"a": Dynamics(states=np.sin(time)), "b": Dynamics(states=mixed)}
    found = compared(networks, Procrustes())
    assert found.distances[0, 1] == pytest.approx(np.arccos(1 / np.sqrt(5)))


# What a matrix says


def apart(places):
    return scipy.spatial.distance.cdist(places, places)


def plane(groups=2, members=5, seed=0):
    """Points of the plane in groups, and their distances."""
    rng = np.random.default_rng(seed)
    centers = 10.0 * np.stack([np.arange(groups), np.zeros(groups)], 1)
    places = np.repeat(centers, members, 0) + rng.normal(size=(groups * members, 2))
    return places, apart(places)


def test_the_map_of_points_in_a_plane_has_their_distances():
    _, distances = plane()
    np.testing.assert_allclose(apart(grouping.scaled(distances)), distances, atol=1e-9)
    distances[3] = distances[:, 3] = np.nan
    unknown = np.isnan(grouping.scaled(distances)).all(1)
    assert np.flatnonzero(unknown).tolist() == [3]


def test_clusters_are_found_and_numbered_by_size():
    places, _ = plane(3, 4)
    places = np.vstack([places, places[-1:] + 0.1])
    assert grouping.clusters(apart(places)).tolist() == [1] * 4 + [2] * 4 + [0] * 5
    for alike in (np.zeros((4, 4)), 1.4 * (1 - np.eye(4))):
        assert grouping.clusters(alike).tolist() == [0] * 4


def record(distances, group=None, shared=False):
    class Given(Procrustes):
        def distances(self, readings):
            return distances, np.full(distances.shape, "")

    nothing = Dynamics(states=np.arange(4.0).reshape(1, 4, 1))
    networks = {f"n{k}": nothing for k in range(len(distances))}
    return compared(networks, Given(), group=group, shares_training=shared)


def test_mean_distances_leave_out_a_network_itself():
    distances = np.array([[0, 1, 5], [1, 0, 7], [5, 7, 0.0]])
    found = record(distances, group={"n0": "a", "n1": "a", "n2": "b"})
    np.testing.assert_array_equal(found.mean_distance, [[1, 6], [6, np.nan]])
    assert np.isnan(found.mean_low).all() and np.isnan(found.mean_high).all()
    assert NoInterval.DISTANCES in found.no_interval.values()
    assert NoInterval.DISTANCES in repr(found)


@pytest.mark.parametrize("n", [6, 20])
def test_where_all_networks_are_alike_the_interval_is_exact(n):
    """All of n are the same with a probability of at most (1 − mean)^(n/2): one class, and dust."""
    low, high = np.array(mean_distance(np.zeros((n, n)), True, True)[1:3])
    assert low == 0 and (1 - high) ** (n / 2) == pytest.approx(0.025)
    for different, power in ((1 - np.eye(n), n / 2), (np.ones((n, 30)), n)):
        low, high = np.array(mean_distance(different, power < n, True)[1:3])
        assert high == 1 and low**power == pytest.approx(0.025)


def test_where_no_interval_is_sound_there_is_none():
    _, distances = plane(1, 8)
    assert mean_distance(np.zeros((5, 5)), True, True)[3] is NoInterval.FEW
    assert mean_distance(np.zeros((5, 8)), False, True)[3] is NoInterval.FEW
    assert mean_distance(distances, True, False)[3] is NoInterval.DISTANCES
    assert mean_distance(np.full((8, 8), np.nan), True, True)[3] is NoInterval.UNKNOWN
    shared = record(distances, shared=True)
    for found in (shared, shared[:7]):
        assert np.isnan(found.mean_low).all()
        assert set(found.no_interval.values()) == {NoInterval.SHARED}
    assert not np.isnan(shared.mean_distance).any()
    assert np.isnan(shared.rank_correlation(record(distances**2)).low)


def test_an_interval_of_a_relation_holds_whatever_the_unknown_ones_are():
    classes = np.arange(10) < 3
    relation = (classes[:, None] != classes).astype(float)
    relation[9] = relation[:, 9] = np.nan
    mean, low, high, _ = mean_distance(relation, True, True)
    for answer in (0.0, 1.0):
        told = np.nan_to_num(relation, nan=answer)
        one = mean_distance(told, True, True)
        assert low <= one[1] < one[2] <= high
    assert low < mean < high


def of_one_group(draw, n):
    """Draw whether networks differ, and the mean over all pairs that could be drawn."""

    def interval(rng):
        kind = rng.random(n) < draw
        return mean_distance((kind[:, None] != kind).astype(float), True, True)[1:3]

    return interval, 2 * draw * (1 - draw)


def of_two_groups(rng):
    """Of classes 90/10 beside 10/90."""
    one, other = rng.random(8) < 0.1, rng.random(12) < 0.9
    return mean_distance((one[:, None] != other).astype(float), False, True)[1:3]


def of_ranks(rng):
    """Of distances in a plane and of the same with noise: 0.43 of three thousand networks."""
    places = rng.normal(size=(8, 2))
    return rank_correlation(apart(places), apart(places + rng.normal(size=(8, 2))), False)[1:3]


INTERVALS = [of_one_group(draw, n) for draw in (0.5, 0.1, 0.02) for n in (6, 20)]


@pytest.mark.parametrize(
    ("interval", "exact"), [*INTERVALS, (of_two_groups, 0.82), (of_ranks, 0.43)]
)
def test_intervals_hold_the_truth_as_often_as_they_say(interval, exact):
    rng, held = np.random.default_rng(0), 0
    for _ in range(300):
        low, high = interval(rng)
        held += low <= exact <= high
    # 270 are 90 %, less three standard errors; they are too wide, if anything
    assert held >= 254


def test_rank_correlation_is_spearmans_and_its_interval_is_over_networks():
    (_, one), (_, other) = plane(2, 6), plane(2, 6, seed=1)
    found = record(one).rank_correlation(record(other))
    rows = np.triu_indices(12, 1)
    assert found.value == pytest.approx(scipy.stats.spearmanr(one[rows], other[rows])[0])
    assert found.low < found.value < found.high and found.num_pairs == 66
    same = record(one).rank_correlation(record(one**3))
    assert same.value == 1 and np.isnan(same.low) and "no interval" in repr(same)
    few = record(one[:5, :5]).rank_correlation(record(other[:5, :5]))
    assert abs(few.value) < 1 and np.isnan(few.high)
    with pytest.raises(sx.InvalidInputError):
        record(one).rank_correlation(record(other[:5, :5]))


def test_a_selection_has_the_distances_among_its_networks():
    _, distances = plane()
    whole = record(distances, group={f"n{k}": "ab"[k % 2] for k in range(10)})
    part = whole[[1, 4, 5]]
    np.testing.assert_array_equal(part.distances, distances[np.ix_([1, 4, 5], [1, 4, 5])])
    assert part.groups.tolist() == ["b", "a"]
    assert part.mean_distances["b", "b"][0] == pytest.approx(distances[1, 5])
    assert part.matrix.sel(network="n4", other="n5").item() == distances[4, 5]
    assert "3 networks by procrustes: 1 cluster (3); 0 of 3 pairs" in whole[:3].summary()


# Planted pairs


@pytest.mark.parametrize("kind", KINDS)
def test_planted_pairs_are_judged_right(kind):
    """One pair of each kind; more, of other families too, in the laws."""
    assert judged(pair(kind, 1000))[0] == "right"
