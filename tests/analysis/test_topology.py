"""The topology of fixed points, where it is known exactly."""

import dataclasses
import functools
import itertools

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from fields import assert_fields

import separatrix as sx
from separatrix.analysis.topology.isomorphism import isomorphic


@functools.cache
def wells(*rates):
    """Independent double wells x_j' = r_j (x_j − x_j³): the points are {−1, 0, 1}ⁿ."""
    speeds = np.array(rates)
    system = sx.Flow(lambda x: speeds * (x - x**3), len(rates))
    return system, np.array(list(itertools.product([-1.0, 0.0, 1.0], repeat=len(rates))))


def named_by_signs(system, states, left_out=None):
    kept = states if left_out is None else np.delete(states, left_out, axis=0)
    return sx.fixed_point_topology(system, kept, outputs=kept)


def kicked(strength):
    """Double wells, the second slow and kicked up while the first goes to its side, mixed.

    x' = r (x − x³) + s x₁² (1 − x₁²)² for the second: the points are still {−1, 0, 1}², and what is
    kicked by less than from −1 to 0 comes back. So they are a square; but from the middle only what
    leaves nearly along the slow direction arrives at −1.
    """
    rates, push = np.array([1.0, 0.2]), np.array([0.0, strength])
    mix = np.random.default_rng(1).standard_normal((2, 2))
    back = np.linalg.inv(mix)

    def field(y):
        x = back @ y
        return mix @ (rates * (x - x**3) + push * (x[0] * (1 - x[0] ** 2)) ** 2)

    signs = wells(1.0, 1.0)[1]
    return sx.fixed_point_topology(sx.Flow(field, 2), signs @ mix.T, outputs=signs)


@pytest.mark.parametrize("rates", [(1.0,), (1.0, 3.0, 0.2)])
def test_independent_double_wells_are_a_cube(rates):
    """Every point is named by its signs, with a star for a coordinate that is zero."""
    system, states = wells(*rates)
    topology = named_by_signs(system, states)
    signs = np.array(["-", "*", "+"])[states.astype(int) + 1]
    inside = (states == 0) | (states == states[topology.attractors][:, None])
    assert_fields(
        topology,
        names=["".join(row) for row in signs],
        n_unstable=(states == 0).sum(1),
        links=inside.all(2).T,
        unsettled=np.zeros(len(states)),
        is_cube=True,
        euler_characteristic=1,
    )


def test_every_corner_gets_its_share_of_what_leaves_the_middle():
    """By symmetry 1/8 each, although the directions grow at rates 15 times apart."""
    system, states = wells(1.0, 3.0, 0.2)
    topology = sx.fixed_point_topology(system, states, outputs=states, directions=64)
    middle = int(np.flatnonzero(topology.n_unstable == 3)[0])
    error = np.sqrt(1 / 8 * 7 / 8 / topology.departures[middle])
    np.testing.assert_allclose(topology.reach[middle], 1 / 8, atol=5 * error)


def test_many_outputs_that_are_no_cube_are_told_at_once():
    """Two states of 48 outputs: the cube would have 3^48 cells."""
    wells = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    states = sx.find_fixed_points(wells, np.linspace(-1, 1, 9)[:, None]).states
    topology = sx.fixed_point_topology(wells, states, outputs=np.tile(states, 48))
    assert topology.is_cube is False and topology.bits == 48


def test_a_chain_of_three_wells_is_no_cube():
    """x' = −(x+2)(x+1)x(x−1)(x−2): three stable points on a line, and two saddles between."""
    system = sx.Flow(lambda x: -(x + 2) * (x + 1) * x * (x - 1) * (x - 2), 1)
    states = np.arange(-2.0, 3.0)[:, None]
    chain = sx.fixed_point_topology(system, states)
    assert chain.names.tolist() == ["0", "{0 2}", "2", "{2 4}", "4"]
    assert not chain.is_cube and chain.counts == (3, 2) and chain.euler_characteristic == 1


def test_corners_that_are_no_face_are_told_one_by_one():
    """A ring of three wells on a circle around a source: each saddle links its neighbors."""

    def field(x):
        z = x[0] + 1j * x[1]
        change = z - z * jnp.abs(z) ** 2 + 0.2 * jnp.conj(z) ** 2
        return jnp.stack([change.real, change.imag])

    system = sx.Flow(field, 2)
    points = sx.find_fixed_points(system, systems.box(2, -2, 2))
    topology = sx.fixed_point_topology(system, points)
    assert topology.counts == (3, 3, 1)
    links = topology.links[topology.n_unstable == 1]
    assert sorted(links.tolist()) == (1 - np.eye(3)).tolist()
    every = "{" + " ".join(str(k) for k in topology.attractors) + "}"
    assert topology.names[topology.n_unstable == 2].tolist() == [every]


def test_thin_shares_are_found_and_told_from_those_that_are_nothing():
    """Of some hundred random departures none arrives at a thin one.

    Kicked across: 4 + 4 + 1 points as in a square, but what leaves the middle is all kicked.
    """
    square, across = kicked(3.0), kicked(8.0)
    assert (square.links & (square.reach == 0)).any() and square.is_cube is True
    assert across.counts == square.counts and across.undecided == ""
    assert across.names[across.n_unstable == 2].tolist() == ["*+"]
    assert across.is_cube is False and across.same_as(square) is False


def test_an_output_that_is_zero_to_rounding_has_no_sign():
    system = sx.DiscreteMap(lambda x: 0.5 * jnp.tanh(x), 1)
    points = sx.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])
    both = [sx.fixed_point_topology(system, points, points.states + y) for y in (1e-17, -1e-17)]
    assert both[0].names.tolist() == ["0"] and both[0].same_as(both[1]) is True


@pytest.mark.runs
def test_what_is_not_known_is_neither_yes_nor_no():
    """Without one of its edges the square has a boundary that leads to no point known."""
    whole = named_by_signs(*wells(1.0, 1.0))
    part = named_by_signs(*wells(1.0, 1.0), left_out=1)
    assert "point 3" in part.undecided and "point 3" in part.table()
    assert part.is_cube is False and whole.same_as(part) is False  # 4 + 3 + 1 points are no square
    answer = part.same_as(part)
    assert isinstance(answer, sx.records.Undecided) and "point 3" in answer.reason
    with pytest.raises(sx.InvalidInputError):
        bool(answer)
    earlier = dataclasses.replace(whole, linked=None, doubts=None)  # of a file made before
    assert isinstance(earlier.is_cube, sx.records.Undecided)


def test_the_difference_of_two_topologies_is_told():
    system, states = wells(1.0, 1.0)
    whole, part = (named_by_signs(system, states, left_out=k) for k in (None, 4))
    assert not whole.same_as(part)
    for difference in (whole.difference(part), part.difference(whole)):
        assert "**" in difference and "2 unstable" in difference
    assert whole.difference(part) != part.difference(whole)
    flipped = sx.fixed_point_topology(system, states, outputs=states * np.array([1.0, -1.0]))
    assert flipped.same_as(whole)  # the cube is its own mirror image


@pytest.mark.parametrize(
    "system", [systems.hopf(1.2, 1.0).system, sx.DiscreteMap(lambda x: -jnp.tanh(2 * x), 1)]
)
def test_nothing_is_followed_where_nothing_is_stable(system):
    """Also of a map whose arms change places: the 2-cycle attracts, and no fixed point does."""
    topology = sx.fixed_point_topology(system, np.zeros((1, system.size)))
    assert topology.names.tolist() == ["none"] and topology.links.shape == (1, 0)
    assert topology.departures.tolist() == [0] and topology.unsettled.tolist() == [0.0]


def test_what_leaves_for_infinity_is_unsettled():
    system, states = sx.Flow(lambda x: x + x**2, 1), np.array([[0.0], [-1.0]])
    assert sx.fixed_point_topology(system, states).unsettled.tolist() == [0.5, 0.0]


def test_shares_that_rounding_keeps_from_one_are_whole():
    system, states = wells(1.0, 3.0, 0.2)
    topology = sx.fixed_point_topology(system, states, directions=49)
    assert (topology.reach.sum(1) < 1).any() and not topology.unsettled.any()


def tree(*edges):
    """A graph of stable points, and a saddle on each edge between two of them."""
    ends = 1 + max(max(edge) for edge in edges)
    links = np.eye(ends, dtype=bool)
    saddles = np.array([[end in edge for end in range(ends)] for edge in edges])
    return np.vstack([links, saddles]), [0] * ends + [1] * len(edges)


CHAIN, STAR = tree((0, 1), (1, 2), (2, 3)), tree((0, 1), (0, 2), (0, 3))
OTHER_CHAIN = tree((3, 0), (0, 2), (2, 1))
RING = tree(*((k, (k + 1) % 6) for k in range(6)))
OTHER_RING = tree((0, 2), (2, 4), (4, 1), (1, 3), (3, 5), (5, 0))
TWO_RINGS = tree((0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((*CHAIN, None), (*OTHER_CHAIN, None), True),
        ((*CHAIN, None), (*STAR, None), False),
        ((*CHAIN, "abba"), (*OTHER_CHAIN, "baba"), True),
        ((*CHAIN, "abba"), (*OTHER_CHAIN, "abba"), False),
        # nothing around any single point differs
        ((*RING, None), (*OTHER_RING, None), True),
        ((*RING, None), (*TWO_RINGS, None), False),
    ],
)
def test_graphs_of_as_many_points_are_told_apart(one, other, same):
    assert isomorphic(one, other) == same


@functools.cache
def shuffled_wells(number, order=None, outputs=True):
    """Independent double wells, with their units in another order."""
    system, states = wells(*[1.0] * number)
    states = states[np.random.default_rng(0).permutation(len(states))] if order else states
    named = states[:, list(order)] if order else states
    return sx.fixed_point_topology(system, states, outputs=named if outputs else None)


@pytest.mark.parametrize(
    ("number", "outputs", "same"), [(3, True, True), (3, False, True), (2, False, False)]
)
def test_without_outputs_the_order_of_points_is_no_difference(number, outputs, same):
    other = shuffled_wells(3, (2, 0, 1), outputs=False)
    assert shuffled_wells(number, outputs=outputs).same_as(other) is same
