"""Further search, exhaustion, and what is said about them."""

import dataclasses
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from completeness_tools import float64, point_set, without
from golden import textbook

import separatrix as sx
from separatrix.analysis.completeness import Domain, Proof, assess, find_domain
from separatrix.analysis.completeness.known import describe
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.solvers.branch_and_prune import BranchAndPrune

MODULE = sys.modules["separatrix.analysis.completeness.assess"]  # the name is the function's


def toggle_switch(x):
    """Gardner, Cantor & Collins (2000), without inducer."""
    return jnp.stack([156.25 / (1 + x[1] ** 2.5) - x[0], 15.6 / (1 + x[0]) - x[1]])


def far_root(x):
    """It has no box of its own."""
    return x[::-1] ** 3 - 8 + 0.1 * x


def two_repressors(x):
    """u = v = x where x⁴ + x = 5, which has a negative root, too."""
    return 5 / (1 + x[::-1] ** 3) - x


def filled_in(x):
    """A number in place of an entry that is not there is a constant of the search."""
    two = x.at[np.array([9])].get(mode="fill", fill_value=2.0)[0]
    coupled = jnp.tanh(0.1 * jnp.tanh(x))  # its atoms have numbers of their own
    return jnp.stack([-x[0] + two + 3 * jnp.tanh(2 * x[0]), -x[1] + coupled[1]])


def rectified(own):
    """Two units that suppress each other: both are active, or one of them alone."""
    weights = np.array([[own, -2.0], [-2.0, own]])
    return sx.DiscreteMap(lambda x: jnp.maximum(weights @ x + 1, 0), 2)


CLIPPED = sx.models.shallow_plrnn(
    [0.5, 0.5], np.eye(2), np.eye(2), [0.0, 0.0], [1.0, -1.0], clipped=True
)
FOUR = 3 * np.random.default_rng(0).standard_normal((4, 4)) / 2
ROOTS = np.concatenate([[[0, -1], [3, 4]], systems.box(2, 0, (3, 4), 100)])
RATES = systems.box(2, 0, (160, 16), 100)
COMPLETE = {  # a system, starts, and the number and the index sum of its fixed points
    "ring of 2, map": (systems.ring(2, "map").system, np.full((1, 2), 0.5), 3, 1),
    "ring of 2, flow": (systems.ring(2, "flow").system, np.full((1, 2), 0.5), 3, 1),
    "ring of 3, map": (systems.ring(3, "map").system, np.full((1, 3), 0.5), 3, 1),
    "ring of 3, flow": (systems.ring(3, "flow").system, np.full((1, 3), 0.5), 3, 1),
    "ring of 4, map": (systems.ring(4, "map").system, np.full((1, 4), 0.5), 9, 1),
    "ring of 4, flow": (systems.ring(4, "flow").system, np.full((1, 4), 0.5), 9, 1),
    "random of 4": (sx.DiscreteMap(lambda x: jnp.tanh(FOUR @ x), 4), np.zeros((1, 4)), 3, 1),
    "rank one": (systems.rank_one().system, np.zeros((1, 50)), 3, 1),
    # without self-excitation neither unit exceeds 1, so there is a box, in spite of the kinks
    "rectified": (rectified(0.0), np.array([[0.9, 0.1]]), 3, 1),
    "rectified, no box": (rectified(0.5), np.array([[0.9, 0.1]]), 3, None),
    # equations of second order have a box by their components in another order
    "column": (*textbook.jansen_rit(100), 3, 1),
    "turned signs": (
        sx.Flow(lambda y: jnp.stack([y[1], y[0] - jnp.tanh(y[1] + 1)]), 2),
        systems.box(2, -2, 2, 20),
        1,
        None,
    ),
    "a given domain": (sx.Flow(far_root, 2, domain=([0, -1], [3, 4])), ROOTS, 1, None),
    "toggle switch": (sx.Flow(toggle_switch, 2, domain=(0, np.inf)), RATES, 3, 1),
    "filled in": (sx.Flow(filled_in, 2), np.array([[-0.8, 0.0]]), 1, 1),
    "clipped": (CLIPPED, np.zeros((1, 2)), 1, 1),
}


ON_PAPER = {
    "rectified": [[1.0, 0], [1 / 3, 1 / 3], [0, 1.0]],
    "rectified, no box": [[2.0, 0], [0.4, 0.4], [0, 2.0]],
    "filled in": [[5.0, 0.0]],
    "clipped": [[2.0, 0.0]],
}


@pytest.mark.parametrize("name", COMPLETE)
def test_small_systems_are_proved_complete_from_any_starts(name):
    system, starts, count, index_sum = COMPLETE[name]
    points = sx.find_fixed_points(system, starts[:100], slow_points=False)
    assert points.complete and len(points.fixed) == len(points) == count
    assert points.index_sum == index_sum and points.certified.all()
    assert name != "turned signs" or points.n_unstable.tolist() == [1]
    found = points.states[np.lexsort(points.states.T)]
    np.testing.assert_allclose(found, ON_PAPER.get(name, found), atol=1e-9)


INCOMPLETE = {  # beside them, what tells the user of a remedy
    "no box": (sx.Flow(far_root, 2), ROOTS, 1, None, "domain=([-0.5, -1.5], [3.5, 4.5])"),
    "of positive states alone": (sx.Flow(toggle_switch, 2), RATES, 3, 1, "domain=(0, np.inf)"),
    "a zero elsewhere": (sx.Flow(two_repressors, 2), systems.box(2, 0.1, 5, 100), 3, 1, ""),
    "a negative zero": (sx.Flow(two_repressors, 2), systems.box(2, -3, 5, 100), 4, None, ""),
    "at the pitchfork": (sx.DiscreteMap(jnp.tanh, 1), np.ones((3, 1)), 1, None, ""),
}


@pytest.mark.parametrize("name", INCOMPLETE)
def test_no_set_is_complete_where_zeros_may_be_elsewhere(name):
    system, starts, count, index_sum, remedy = INCOMPLETE[name]
    points = sx.find_fixed_points(system, starts, slow_points=False)
    assert not points.complete and points.index_sum == index_sum
    assert len(points.fixed) == count and remedy in points.completeness


# five points of the second sum to 1 by chance; Chao's estimate says that there are more
@pytest.mark.parametrize("first", [slice(10), slice(45, 50)])
def test_few_starts_are_made_up_for(first):
    system, starts = systems.flip_flop("gru32")
    points = sx.find_fixed_points(system, starts[first], slow_points=False)
    assert len(points.fixed) == 27 and points.index_sum == 1


@pytest.mark.parametrize(
    ("index_sum", "added", "says_probably"),
    [(None, [2], True), (None, [2, 0], False), (1, [2], False), (None, [0], False)],
)
def test_a_search_that_still_adds_points_has_probably_missed_some(index_sum, added, says_probably):
    system = float64(sx.Flow(lambda x: 0.5 * (x - x**3), 1, domain=(-2.0, 0.5)))
    _, known = assess(Evaluator(system), point_set(system, [[-1.0], [0.0], [1.0]]))
    of = dataclasses.replace(known, index_sum=index_sum, rounds=len(added), starts=64)
    more = sum(added)
    said = describe(of, Proof.failed("", 1), 5, more, added)
    assert said.startswith("probably: ") is says_probably
    assert (f"added {more} to the {5 - more} found before" in said) is (more > 0)
    assert ("coverage" in said) is (more == 0)  # an estimate that further starts have refuted
    unreached = describe(of, Proof.failed("", 1), 5, more + 1, added)
    assert f"no candidate led to {more + 1} of the 5" in unreached


def test_states_of_saturated_gates_are_no_fixed_points():
    """Where z = 1 in floating point F(h) = h; the box of a GRU written by hand rules that out."""
    U, W = 3 * np.random.default_rng(0).standard_normal((2, 12, 12)) / np.sqrt(12)

    def step(h):
        z = jax.nn.sigmoid(U @ h)
        return (1 - z) * jnp.tanh(W @ h) + z * h

    system = float64(sx.DiscreteMap(step, 12))
    far = 1e3 * np.linalg.solve(U, np.ones(12))  # all gates are 1
    points = point_set(system, [np.zeros(12), far])
    np.testing.assert_array_equal(points.proved, [True, False])
    kept, known = assess(Evaluator(system), points)
    assert kept.states.any() == 0 and kept.reached.tolist() == 10 * [0] + 10 * [-1]
    assert known.outside == 1 and known.index_sum is not None and known.chao1 == 1
    np.testing.assert_array_equal(known.domain.excludes(points.states), [False, True])


@pytest.mark.parametrize("size", [1, 8])
def test_points_between_others_are_found_without_a_box(size):
    """Bistable units, from starts that all lead to the same two corners."""
    corners = np.array([[-1.0], [1.0]]) * np.ones(size)
    points = sx.find_fixed_points(sx.Flow(lambda x: x - x**3, size), np.repeat(corners, 20, 0))
    assert points.index_sum is None and not points.complete
    assert (np.abs(points.fixed.states).max(axis=1) < 1e-12).any()
    assert points.fixed.certified.all() and len(points.fixed) >= 3


def test_what_a_proof_finds_is_kept_without_hits():
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    points = sx.find_fixed_points(system, np.zeros((1, 1)))
    assert points.complete and len(points.fixed) == 3 and points.certified.all()
    assert sorted(points.hits.tolist()) == [0, 0, 1] and points.index_sum == 1


def test_a_set_in_which_two_points_may_be_one_is_not_called_complete():
    """That at 0 is there twice: once only known to exist, within less than where it is alone."""
    system = float64(sx.DiscreteMap(lambda x: jnp.tanh(0.5 * x), 1))
    twice = point_set(system, [[0.0], [0.0]])
    twice.states[1], twice.errors[1], twice.radii[1] = 1e-3, 2e-3, 0.0
    _, known = assess(Evaluator(system), twice)
    assert not known.complete and known.index_sum is None
    assert assess(Evaluator(system), without(twice, 1))[1].complete


def test_a_number_filled_in_does_not_vanish_from_afar():
    def field(x):  # zero at −0.5 and 0.5
        return jnp.abs(x) - x.at[np.array([9])].get(mode="fill", fill_value=0.5)

    assert not BranchAndPrune().search(field, [-np.inf], [np.inf]).complete
    found = sx.find_fixed_points(sx.Flow(field, 1), np.array([[0.4], [np.nan]]))
    assert found.states.tolist() == [[-0.5], [0.5]] and found.complete  # by pieces


@pytest.mark.parametrize("wrong", ["an index", "a domain"])
def test_proofs_that_contradict_each_other_are_withdrawn(wrong, monkeypatch):
    system = float64(sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1))
    points = point_set(system, [[0.0], [0.9575040240772687], [-0.9575040240772687]])
    assert assess(Evaluator(system), points)[1].complete
    if wrong == "an index":
        monkeypatch.setattr(MODULE, "index_sum", lambda *_: 3)
    else:
        domain, velocity = find_domain(system)
        narrow = dataclasses.replace(domain, upper=np.array([0.5]))
        monkeypatch.setattr(MODULE, "find_domain", lambda *_: (narrow, velocity))
        monkeypatch.setattr(Domain, "excludes", lambda _, states: np.zeros(len(states), bool))
    assert not assess(Evaluator(system), points)[1].complete
