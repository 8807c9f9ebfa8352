"""The topology of fixed points, where it is known exactly."""

import dataclasses
import itertools

import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.topology.isomorphism import isomorphic


def wells(*rates):
    """Independent double wells x_j' = r_j (x_j − x_j³): the points are {−1, 0, 1}ⁿ."""
    speeds = np.array(rates)
    system = sx.Flow(lambda x: speeds * (x - x**3), len(rates))
    return system, np.array(list(itertools.product([-1.0, 0.0, 1.0], repeat=len(rates))))


def kicked(strength, size=2):
    """Double wells, all but the first slow and kicked up while the first goes to its side, mixed.

    x' = r (x − x³) + s x₁² (1 − x₁²)² for the others: the points are still {−1, 0, 1}ⁿ, and what is
    kicked by less than from −1 to 0 comes back. So they are a cube; but from the middle only what
    leaves nearly along the slow directions arrives at −1.
    """
    rates = np.array([1.0, 0.2, 0.26])[:size]
    push = np.array([0.0, strength, strength])[:size]
    mix = np.random.default_rng(1).standard_normal((size, size))
    back = np.linalg.inv(mix)

    def field(y):
        x = back @ y
        return mix @ (rates * (x - x**3) + push * (x[0] * (1 - x[0] ** 2)) ** 2)

    signs = np.array(list(itertools.product([-1.0, 0.0, 1.0], repeat=size)))
    return sx.Flow(field, size), signs @ mix.T, signs


def flip_flop_topology(architecture):
    """The topology of a stored network, named by its stored readout.

    The vanilla one is taken as the flow x' = tanh(W x + b) − x: as a map each of its points has one
    more multiplier beyond the unit circle, a negative one, and its memories are cycles of length 2.
    """
    data = np.load(systems.DATA / f"flipflop_{architecture}.npz")
    system, starts = systems.flip_flop(architecture)
    if architecture == "tanh16":
        step = system.evaluate
        system = sx.Flow(lambda x: step(x) - x, system.size)
    points = sx.find_fixed_points(system, starts, slow_points=False)
    outputs = points.states @ data["readout.weight"].T + data["readout.bias"]
    return sx.fixed_point_topology(system, points, outputs)


@pytest.mark.parametrize("rates", [(1.0,), (1.0, 3.0, 0.2)])
def test_independent_double_wells_are_a_cube(rates):
    """Every point is named by its signs, with a star for a coordinate that is zero."""
    system, states = wells(*rates)
    topology = sx.fixed_point_topology(system, states, outputs=states)
    signs = np.array(["-", "*", "+"])[states.astype(int) + 1]
    assert topology.names.tolist() == ["".join(row) for row in signs]
    assert topology.n_unstable.tolist() == (states == 0).sum(1).tolist()
    assert topology.is_cube and topology.euler_characteristic == 1
    assert (topology.unsettled == 0).all()
    inside = (states == 0) | (states == states[topology.attractors][:, None])
    np.testing.assert_array_equal(topology.links.T, inside.all(2))


def test_every_corner_gets_its_share_of_what_leaves_the_middle():
    """By symmetry 1/8 each, although the directions grow at rates 15 times apart."""
    system, states = wells(1.0, 3.0, 0.2)
    topology = sx.fixed_point_topology(system, states, outputs=states, directions=64)
    middle = int(np.flatnonzero(topology.n_unstable == 3)[0])
    error = np.sqrt(1 / 8 * 7 / 8 / topology.departures[middle])
    np.testing.assert_allclose(topology.reach[middle], 1 / 8, atol=5 * error)


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
        return jnp.stack([(f := z - z * jnp.abs(z) ** 2 + 0.2 * jnp.conj(z) ** 2).real, f.imag])

    system = sx.Flow(field, 2)
    points = sx.find_fixed_points(system, systems.box(2, -2, 2))
    topology = sx.fixed_point_topology(system, points)
    assert topology.counts == (3, 3, 1)
    stable = [str(k) for k in topology.attractors]
    pairs = ["{" + " ".join(pair) + "}" for pair in itertools.combinations(stable, 2)]
    assert sorted(topology.names[topology.n_unstable == 1]) == sorted(pairs)
    assert topology.names[topology.n_unstable == 2].tolist() == ["{" + " ".join(stable) + "}"]


def test_two_trained_networks_have_the_topology_of_the_same_cube():
    vanilla, gated = flip_flop_topology("tanh16"), flip_flop_topology("gru32")
    assert gated.counts == (8, 12, 6, 1) and gated.is_cube
    assert vanilla.same_as(gated) and vanilla.difference(gated) == ""


def test_thin_shares_are_found():
    """Of some hundred random departures none arrives there."""
    system, states, signs = kicked(3.0)
    topology = sx.fixed_point_topology(system, states, outputs=signs)
    thin = topology.links & (topology.reach == 0)
    assert thin.any() and topology.is_cube is True


def test_shares_that_are_nothing_are_told_from_thin_ones():
    """Kicked across: 4 + 4 + 1 points as in a square, but what leaves the middle is all kicked."""
    square = sx.fixed_point_topology(*kicked(3.0)[:2], outputs=kicked(3.0)[2])
    system, states, signs = kicked(8.0)
    topology = sx.fixed_point_topology(system, states, outputs=signs)
    assert topology.counts == square.counts and topology.undecided == ""
    assert topology.names[topology.n_unstable == 2].tolist() == ["*+"]
    assert topology.is_cube is False and topology.same_as(square) is False


def test_an_output_that_is_zero_to_rounding_has_no_sign():
    system = sx.DiscreteMap(lambda x: 0.5 * jnp.tanh(x), 1)
    points = sx.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])
    both = [sx.fixed_point_topology(system, points, points.states + y) for y in (1e-17, -1e-17)]
    assert both[0].names.tolist() == ["0"] and both[0].same_as(both[1]) is True


def test_what_is_not_known_is_neither_yes_nor_no():
    """Without one of its edges the square has a boundary that leads to no point known."""
    system, states = wells(1.0, 1.0)
    whole = sx.fixed_point_topology(system, states, outputs=states)
    kept = np.delete(states, 1, axis=0)
    part = sx.fixed_point_topology(system, kept, outputs=kept)
    assert part.undecided.startswith("of point 3, what lies between its ways to points 0 and 1")
    assert "not decided: of point 3" in part.table()
    assert part.is_cube is False and whole.same_as(part) is False  # 4 + 3 + 1 points are no square
    answer = part.same_as(part)
    assert isinstance(answer, sx.records.Undecided) and answer.reason.startswith(
        "in the first, of point 3"
    )
    with pytest.raises(sx.InvalidInputError, match="not decided: in the first, of point 3"):
        bool(answer)
    earlier = dataclasses.replace(whole, linked=None, doubts=None)  # of a file made before
    assert "work it out again" in earlier.is_cube.reason and "undecided" in earlier.summary()


def test_the_difference_of_two_topologies_is_told():
    system, states = wells(1.0, 1.0)
    whole = sx.fixed_point_topology(system, states, outputs=states)
    kept = states[[0, 1, 2, 3, 5, 6, 7, 8]]  # without the middle
    part = sx.fixed_point_topology(system, kept, outputs=kept)
    assert not whole.same_as(part)
    assert whole.difference(part) == "only the first has: ** with 2 unstable"
    assert part.difference(whole) == "only the second has: ** with 2 unstable"
    flipped = sx.fixed_point_topology(system, states, outputs=states * np.array([1.0, -1.0]))
    assert flipped.same_as(whole)  # the cube is its own mirror image


def test_what_leaves_for_a_cycle_is_unsettled():
    book = systems.hopf(1.2, 1.0)
    topology = sx.fixed_point_topology(book.system, book.states)
    assert topology.names.tolist() == ["none"] and topology.links.shape == (1, 0)
    np.testing.assert_array_equal(topology.unsettled, [1.0])
    assert "do not settle" in topology.summary()


def test_a_map_whose_arms_change_places():
    """x ↦ −tanh 2x: the 2-cycle attracts, no fixed point does, and nothing is said to settle."""
    system = sx.DiscreteMap(lambda x: -jnp.tanh(2 * x), 1)
    topology = sx.fixed_point_topology(system, np.zeros((1, 1)))
    assert topology.names.tolist() == ["none"] and topology.departures.tolist() == [2]


@pytest.mark.parametrize("outputs", [np.zeros((2, 3)), np.zeros((9, 0))])
def test_outputs_that_fit_no_points(outputs):
    system, states = wells(1.0, 1.0)
    with pytest.raises(sx.InvalidInputError, match=r"outputs must have shape \(9, output\)"):
        sx.fixed_point_topology(system, states, outputs=outputs)


def tree(*edges):
    """A graph of stable points, and a saddle on each edge between two of them."""
    ends = 1 + max(max(edge) for edge in edges)
    links = np.eye(ends, dtype=bool)
    saddles = np.array([[end in edge for end in range(ends)] for edge in edges])
    return np.vstack([links, saddles]), [0] * ends + [1] * len(edges)


def test_graphs_of_as_many_points_are_told_apart():
    """A chain and a star of four wells: 4 + 3 points each, and each saddle links two."""
    chain, star = tree((0, 1), (1, 2), (2, 3)), tree((0, 1), (0, 2), (0, 3))
    turned = tree((3, 0), (0, 2), (2, 1))
    assert isomorphic((*chain, None), (*turned, None))
    assert not isomorphic((*chain, None), (*star, None))
    assert isomorphic((*chain, "abba"), (*turned, "baba"))
    assert not isomorphic((*chain, "abba"), (*turned, "abba"))


def test_regular_graphs_are_told_apart():
    """A ring of six and two rings of three: nothing around any single point differs."""
    six = tree(*((k, (k + 1) % 6) for k in range(6)))
    threes = tree((0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3))
    turned = tree((0, 2), (2, 4), (4, 1), (1, 3), (3, 5), (5, 0))
    assert isomorphic((*six, None), (*turned, None))
    assert not isomorphic((*six, None), (*threes, None))


def shuffled_wells(number, order=None, outputs=True):
    """Independent double wells, with their units in another order."""
    system = sx.Flow(lambda x: x - x**3, number)
    states = np.array(list(itertools.product([-1.0, 0.0, 1.0], repeat=number)))
    states = states[np.random.default_rng(0).permutation(len(states))] if order else states
    named = states[:, order] if order else states
    return sx.fixed_point_topology(system, states, outputs=named if outputs else None)


def test_without_outputs_the_order_of_points_is_no_difference():
    assert shuffled_wells(3).same_as(shuffled_wells(3, [2, 0, 1], outputs=False)) is True
    assert (
        shuffled_wells(3, outputs=False).same_as(shuffled_wells(3, [2, 0, 1], outputs=False))
        is True
    )
    assert shuffled_wells(2, outputs=False).same_as(shuffled_wells(3, outputs=False)) is False
