"""Laws of fixed points over every textbook system, network and solver."""

import dataclasses
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.analysis.fixed_points.piecewise import search_piecewise
from separatrix.analysis.fixed_points.root_finding import Known, RootFinder
from separatrix.analysis.fixed_points.solver_selection import search_smooth
from separatrix.solvers.branch_and_prune import BranchAndPrune
from separatrix.solvers.levenberg_marquardt import LevenbergMarquardt
from separatrix.solvers.piecewise_linear import recognize
from separatrix.solvers.zero_test import ZeroTest
from separatrix.systems import in_float64

U = np.array([1.0, 0.5, 0.5])


@dataclass(frozen=True)
class Case:
    """A system, starts that find all its fixed points, and a box to search if there is one."""

    system: sx.AbstractSystem
    candidates: np.ndarray
    box: float | None = None


def textbook(known, box=None):
    return Case(known.system, known.candidates, box)


def network(make, scale=1.0, box=None, seed=5):
    made = make(jax.random.key(seed))
    size = made.initial_state().shape[0]
    with jax.enable_x64(True):  # so that what is made of its weights is the same in all laws
        system = in_float64(made.at_input(U))
    return Case(system, systems.box(size, -scale, scale, 200), box)


def ctrnn(activation, leak="outside", dt=50.0, units=6):
    def make(key):
        return sx.networks.CTRNN(
            3, units, 3, dt=dt, activation=activation, leak=leak,
            recurrent_initialization="gaussian", gain=2.0, key=key,
        )  # fmt: skip

    return make


def paced(key):
    tau = np.array([100.0, 200.0, 50.0, 80.0, 400.0])
    return sx.networks.CTRNN(3, 5, 3, tau=tau, dt=20.0, activation="tanh", key=key)


CASES = {
    "tanh unit": lambda: textbook(systems.tanh_unit(2.0), 1.5),
    "saddle and node": lambda: textbook(systems.ghost(-0.25), 3.0),
    "Hopf": lambda: textbook(systems.hopf(1.05, 1.0), 3.0),
    "rank one": lambda: textbook(systems.rank_one()),
    "Wong-Wang": lambda: textbook(systems.wong_wang(30.0, 0.14)),
    "FitzHugh-Nagumo": lambda: textbook(systems.fitzhugh_nagumo(0.8), 3.0),
    "Wilson-Cowan": lambda: textbook(systems.wilson_cowan(), 1.0),
    "ring of 3": lambda: textbook(systems.ring(3, "map"), 1.5),
    "ring of 4": lambda: textbook(systems.ring(4, "map"), 1.5),
    "ring of 4, flow": lambda: textbook(systems.ring(4, "flow"), 1.5),
    "CTRNN, tanh": lambda: network(ctrnn("tanh"), box=1.5),
    "CTRNN, tanh, leak inside": lambda: network(ctrnn("tanh", "inside")),
    "CTRNN, sigmoid": lambda: network(ctrnn("sigmoid"), box=1.5),
    "CTRNN, softplus": lambda: network(ctrnn("softplus", units=4), scale=3.0),
    "CTRNN, relu": lambda: network(ctrnn("relu", units=4), scale=3.0),
    "CTRNN, leaky relu": lambda: network(ctrnn("leaky_relu", units=4), scale=3.0),
    "CTRNN, a time constant for each unit": lambda: network(paced, box=1.5),
    "DaleCTRNN": lambda: network(lambda key: sx.networks.DaleCTRNN(3, 5, 3, key=key), scale=3.0),
    "LowRankRNN": lambda: network(
        lambda key: sx.networks.LowRankRNN(3, 6, 3, rank=2, random_strength=0.8, key=key), scale=3.0
    ),
    "ShortTermPlasticityRNN": lambda: network(  # a silent unit would lie on a kink
        lambda key: sx.networks.ShortTermPlasticityRNN(3, 2, 3, key=key), seed=1
    ),
    "GRU": lambda: network(lambda key: sx.networks.GRU(3, 5, 3, key=key), box=1.0),
    "LSTM": lambda: network(lambda key: sx.networks.LSTM(3, 3, 3, key=key), scale=2.0),
}


@pytest.fixture(params=CASES, scope="module")
def case(request):
    return CASES[request.param]()


@pytest.fixture(scope="module")
def points(case):
    return sx.find_fixed_points(case.system, case.candidates)


def fixed(system, candidates, **options):
    return sx.find_fixed_points(system, candidates, completeness=False, **options).fixed


def places(found, known, tolerance=1e-9):
    """Return which of the known states each state is."""
    if not len(found):
        return np.zeros(0, int)
    distance = np.abs(found[:, None] - known[None]).max(-1)
    assert distance.min(1).max() < tolerance * (1 + np.abs(known).max())
    return distance.argmin(1)


def assert_same_points(found, expected, order=slice(None)):
    """Each point of one is a point of the other, with as many unstable directions."""
    place = places(found.states, expected.states[:, order])
    assert sorted(place) == list(range(len(expected)))
    assert (found.n_unstable == expected.n_unstable[place]).all()


def test_points_move_with_a_permutation_of_the_units(case, points):
    system, size = case.system, case.system.size
    order = np.random.default_rng(1).permutation(size)
    back = np.argsort(order)
    make = sx.DiscreteMap if system.kind == "map" else sx.Flow
    permuted = make(lambda x: system.evaluate(x[back])[order], size)
    assert_same_points(fixed(permuted, case.candidates[:, order]), points.fixed, order)


def test_points_do_not_depend_on_how_the_candidates_are_split(case, points):
    whole = points.fixed.filter(points.fixed.hits > 0)
    parts = [fixed(case.system, part) for part in np.array_split(case.candidates, 3)]
    place = places(np.concatenate([part.states for part in parts]), whole.states)
    hits = np.zeros(len(whole), int)
    np.add.at(hits, place, np.concatenate([part.hits for part in parts]))
    assert set(place) == set(range(len(whole)))
    assert (hits == whole.hits).all()


def test_where_candidates_end_does_not_depend_on_their_order():
    """To the bit, and so do counts of hits, coverage and Chao's estimate, beyond 48 units too."""
    rng = np.random.default_rng(1)
    W = 0.2 * rng.standard_normal((64, 64))
    system = sx.DiscreteMap(lambda x: 0.9 * x + 0.1 * jnp.tanh(W @ x), size=64)
    given, order = 2 * rng.standard_normal((400, 64)), rng.permutation(400)
    one, other = (sx.find_fixed_points(system, c, certify=False) for c in (given, given[order]))
    assert len(one) > 5 and (one.states == other.states).all()
    assert (one.reached[order] == other.reached).all() and one.coverage == other.coverage


def test_points_do_not_depend_on_the_time_step(case, points):
    """Euler's method has the fixed points of the flow, whatever the step."""
    system = case.system
    euler = sx.DiscreteMap(lambda x: x + 0.01 * system.velocity(x), system.size)
    place = places(fixed(euler, case.candidates).states, points.fixed.states)
    assert sorted(place) == list(range(len(points.fixed)))


def test_answers_do_not_depend_on_the_unit_of_the_states(case):
    """What is proved of rates in Hz is proved of currents in amperes."""
    unit = 2.0**-44
    system, make = case.system, sx.DiscreteMap if case.system.kind == "map" else sx.Flow
    # A GRU's box is derived from its formula, where the unit hides it, as it does its index sum.
    box = system.domain and tuple(np.asarray(end) for end in system.domain)
    plain = make(system.evaluate, system.size, domain=box)
    scaled = make(
        lambda x: unit * system.evaluate(x / unit), system.size,
        domain=box and (unit * box[0], unit * box[1]),
    )  # fmt: skip
    one = sx.find_fixed_points(plain, case.candidates)
    two = sx.find_fixed_points(scaled, unit * case.candidates)
    two_in_units_of_one = dataclasses.replace(two.fixed, states=two.fixed.states / unit)
    assert_same_points(two_in_units_of_one, one.fixed)
    assert two.fixed.certified.tolist() == one.fixed.certified.tolist()
    assert two.complete == one.complete
    assert two.index_sum in (one.index_sum, None)


def test_solvers_agree(case, points):
    """What two methods find from the same starts, they agree on; exhaustion finds no more."""
    evaluator = Evaluator(case.system)
    size = case.system.size
    test = ZeroTest(evaluator.system.residual, size, case.candidates)
    finder = RootFinder(evaluator, LevenbergMarquardt(), test)
    smooth, _ = search_smooth(finder, case.candidates, False, Known.nothing(size))
    found = [smooth.states[smooth.fixed]]
    residual = recognize(evaluator.system.residual, size)
    if not isinstance(residual, str) and hasattr(residual, "gate_weights"):
        velocity = recognize(evaluator.system.velocity, size)
        exact = search_piecewise(residual, velocity, case.candidates, False)
        found.append(exact.states[exact.fixed])
    if case.box is not None:
        box = np.full(size, case.box)
        searched = BranchAndPrune().search(evaluator.system.residual, -box, box)
        assert searched.complete
        found.append(searched.states)
    for states in found:
        places(states, points.fixed.states, 1e-8)
    if case.box is not None:
        inside = (np.abs(points.fixed.states) <= case.box).all(1)
        assert inside.sum() == len(found[-1])


def test_the_index_sum_of_a_complete_set_is_one(case, points):
    if points.complete and points.index_sum is not None:
        assert points.index_sum == 1
        flow = case.system.kind == "flow"
        jacobians = sx.linearize(case.system, points.fixed).jacobians
        determinants = np.linalg.det(-jacobians if flow else np.eye(case.system.size) - jacobians)
        assert np.sign(determinants).sum() == 1
    assert points.completeness


def test_what_is_certified_holds(case, points):
    """A certified point is the only zero within its radius, so no two of them overlap."""
    certified = points.fixed.filter(points.fixed.certified)
    distance = np.abs(certified.states[:, None] - certified.states[None]).max(-1)
    np.fill_diagonal(distance, np.inf)
    assert (distance.min(1, initial=np.inf) + certified.error_bound > certified.radius).all()
    with jax.enable_x64(True):
        for slow in points.slow:
            near = np.abs(points.fixed.states - slow.states).max(1, initial=0)
            assert not slow.certified or (near > slow.radius).all()
        values = [case.system.velocity(jnp.asarray(x)) for x in certified.states]
    assert np.abs(np.array(values)).max(initial=0) < 1e-11
