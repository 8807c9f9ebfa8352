"""The topology of fixed points, where it is known exactly."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx


def wells(*rates):
    """Independent double wells x_j' = r_j (x_j − x_j³): the points are {−1, 0, 1}ⁿ."""
    speeds = np.array(rates)
    system = sx.Flow(lambda x: speeds * (x - x**3), len(rates))
    return system, np.array(list(itertools.product([-1.0, 0.0, 1.0], repeat=len(rates))))


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


@pytest.mark.parametrize("rates", [(1.0,), (1.0, 1.0), (1.0, 3.0, 0.2)])
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
    """A ring of three wells on a circle around a source: each saddle links its neighbours."""

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
    topology = sx.fixed_point_topology(book.system, book.states, method=sx.Settling(max_steps=400))
    assert topology.names.tolist() == ["none"] and topology.links.shape == (1, 0)
    np.testing.assert_array_equal(topology.unsettled, [1.0])
    assert "do not settle" in topology.summary()


def test_a_map_whose_arms_change_places():
    """x ↦ −tanh 2x: the 2-cycle attracts, no fixed point does, and nothing is said to settle."""
    system = sx.DiscreteMap(lambda x: -jnp.tanh(2 * x), 1)
    topology = sx.fixed_point_topology(system, np.zeros((1, 1)))
    assert topology.names.tolist() == ["none"] and topology.departures.tolist() == [2]


@pytest.mark.parametrize("outputs", [np.zeros((2, 3)), np.zeros(9), np.zeros((9, 0))])
def test_outputs_that_fit_no_points(outputs):
    system, states = wells(1.0, 1.0)
    with pytest.raises(sx.InvalidInputError, match=r"outputs must have shape \(9, output\)"):
        sx.fixed_point_topology(system, states, outputs=outputs)
