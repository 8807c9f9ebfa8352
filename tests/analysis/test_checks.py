"""What an analysis cannot use is refused, by a word that tells what is to be changed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix import solvers
from separatrix.analysis.measures import measure_of

MAP = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
FLOW = sx.Flow(lambda x: x - x**3, size=1)
DRIVEN = sx.DiscreteMap(lambda x, u: 0.5 * x + u, size=1, input=np.zeros(1))
PLANE = sx.Flow(lambda x: x - x**3, size=2)
CIRCLE = sx.Flow(lambda x: (1 - x @ x) * x + jnp.stack([-x[1], x[0]]), size=2)
SHIFT = sx.DiscreteMap(lambda x: x + 1, size=1)
GHOST = sx.Flow(lambda x: 1e-3 + x**2, size=1)
POINTS = np.array([[0.0], [0.9575040240772687], [-0.9575040240772687]])
ONE, STATES, WELLS = np.zeros(1), np.zeros((5, 1)), np.array([[-1.0], [0.0], [1.0]])
CURVE, TRIALS = np.arange(5.0)[:, None] * np.eye(3)[0], np.zeros((4, 2, 3))
NAN, OTHER = np.full((5, 1), np.nan), object()
ACTIVITY = sx.records.Activity(
    *(np.zeros((2, 3, 1)) for _ in range(3)), choice=np.zeros(2, int), conditions={}, dt=10.0
)


def unit(w):
    return sx.DiscreteMap(lambda x: jnp.tanh(w * x), size=1)


def branches(start=ONE, parameter=(0.5, 2.0), system_of=unit, **options):
    return sx.continue_fixed_points(system_of, start, parameter, **options)


def cycle_branch(start=None, parameter=(-1, 1), system_of=lambda p: CIRCLE, at=0.0, **options):
    if start is None:
        start = sx.find_cycles(CIRCLE, np.eye(2)[:1], length=2 * np.pi)
    return sx.continue_cycles(system_of, start, parameter, at=at, **options)


def linear(size=2):
    return sx.linearize(sx.DiscreteMap(lambda x: 0.5 * x, size), np.zeros((1, size)))


def gating(inputs=((1.0,), (0.5,)), **options):
    return sx.classics.input_gating(sx.linearize(DRIVEN, STATES), inputs, **options)


def exponents(start=ONE, system=DRIVEN, **options):
    return sx.lyapunov_exponents(system, start, **options)


def memory(curve=CURVE, states=TRIALS, values=(0.0, 0.0, 1.0, 1.0)):
    return sx.classics.graded_memory(curve, states, np.array(values))


def averages(directions, values=(1.0,)):
    return sx.classics.targeted_averages(np.zeros((1, 1, 2)), directions, {"c": values})


def connections(weights, dprime, **options):
    return sx.classics.selective_connections(weights, dprime, np.arange(4) < 2, **options)


def slow_curve(axis=(1.0,), values=(0.0,), start=None, **options):
    return sx.slow_curve(FLOW, np.array(axis), values, start, **options)


def found(**options):
    return sx.find_fixed_points(MAP, POINTS, **options)


def held(states=STATES, duration=5.0, system=FLOW, **options):
    return sx.verdict(system, states, duration=duration, **options)


def in_domain(*domain):
    return sx.find_fixed_points(sx.DiscreteMap(jnp.tanh, 2, domain=domain), np.ones((3, 2)))


def test_calls_are_accepted_until_one_argument_is_changed():
    for call in (branches, gating, exponents, memory, slow_curve, found, held):
        call()


ARRAYS = {
    "slow_curve axis": lambda text: sx.slow_curve(FLOW, text, [0.0, 1.0]),
    "slow_curve values": lambda text: slow_curve(values=text),
    "slow_curve start": lambda text: slow_curve(start=text),
    "linearize points": lambda text: sx.linearize(FLOW, text),
    "selection_vectors readout": lambda text: linear().selection_vectors(1, text),
    "input_gating inputs": lambda text: gating(text),
    "input_gating axis": lambda text: gating(axis=text),
    "continue_fixed_points start": lambda text: branches(text),
    "find_fixed_points candidates": lambda text: sx.find_fixed_points(MAP, text),
    "find_cycles candidates": lambda text: sx.find_cycles(MAP, text, length=2),
    "lyapunov_exponents start": lambda text: exponents(text),
    "lyapunov_exponents inputs": lambda text: exponents(inputs=text),
    "run states": lambda text: MAP.run(text, 3),
    "verdict states": lambda text: held(text),
    "project states": lambda text: sx.project(text),
    "project onto": lambda text: sx.project(np.ones((9, 2)), onto=text),
    "fixed_point_graph points": lambda text: sx.fixed_point_graph(MAP, text),
    "fixed_point_topology outputs": lambda text: sx.fixed_point_topology(MAP, POINTS, text),
    "separatrix states": lambda text: sx.separatrix(MAP, POINTS, text),
    "basins states": lambda text: sx.basins(MAP, POINTS, text),
    "commitment trajectories": lambda text: sx.commitment(MAP, text, POINTS),
    "coding_axis states": lambda text: sx.classics.coding_axis(text, np.zeros(3)),
    "graded_memory curve": lambda text: memory(text),
    "targeted_averages states": lambda text: sx.classics.targeted_averages(text, np.eye(1), {}),
    "tolerance_curve tolerances": lambda text: found().tolerance_curve(text),
}


@pytest.mark.parametrize("call", ARRAYS)
@pytest.mark.parametrize(
    "other", ["text", [[1, 2], [3]], [[10**400]], 1j * np.ones((2, 1))], ids=type
)
def test_what_is_no_array_of_numbers(call, other):
    with pytest.raises(sx.InvalidInputError, match=call.split()[1]):
        ARRAYS[call](other)


REFUSED = [
    # fixed points
    ("candidates", lambda: sx.find_fixed_points(PLANE, np.zeros((5, 3)))),
    ("reshape", lambda: sx.find_fixed_points(PLANE, np.zeros(6))),
    ("moveaxis", lambda: sx.find_fixed_points(PLANE, np.zeros((2, 5, 1)))),
    ("no candidates", lambda: sx.find_fixed_points(PLANE, np.zeros((0, 2)))),
    ("no candidates", lambda: sx.find_fixed_points(PLANE, np.zeros(0))),
    ("finite", lambda: sx.find_fixed_points(PLANE, np.full((4, 2), np.nan))),
    ("finite", lambda: sx.find_fixed_points(PLANE, [[0.0, np.inf], [np.nan, 1.0]])),
    (r"\.states", lambda: sx.find_fixed_points(MAP, found())),
    ("lower", lambda: in_domain(1.0, -1.0)),
    ("lower", lambda: in_domain(np.zeros(3), np.ones(3))),
    ("lower", lambda: in_domain(np.nan, 1.0)),
    ("lower", lambda: in_domain("a", "b")),
    ("domain", lambda: sx.DiscreteMap(jnp.tanh, 2, domain=np.nan)),
    ("domain", lambda: sx.DiscreteMap(jnp.tanh, 2, domain=np.ones(()))),
    ("domain", lambda: sx.Flow(jnp.tanh, 2, domain=int)),
    ("no points", lambda: found()[:0].middle(np.ones(1))),
    ("direction", lambda: found().middle(np.ones(2))),
    ("direction", lambda: found().middle(np.array([np.nan]))),
    ("tolerances", lambda: found().tolerance_curve([1e-3, np.nan])),
    ("tolerances", lambda: found().tolerance_curve(np.ones((2, 2)))),
    # slow curves
    ("axis", lambda: slow_curve(axis=np.ones(3))),
    ("axis", lambda: slow_curve(axis=[0.0])),
    ("axis", lambda: slow_curve(axis=[np.nan])),
    ("values", lambda: slow_curve(values=[])),
    ("values", lambda: slow_curve(values=[1.0, 0.0])),
    ("values", lambda: slow_curve(values=[0.0, np.inf])),
    ("start", lambda: slow_curve(start=np.ones((4, 3)))),
    ("start", lambda: slow_curve(start=NAN)),
    # linearization
    ("points", lambda: sx.linearize(PLANE, np.zeros((2, 3)))),
    ("points", lambda: sx.linearize(PLANE, np.zeros((0, 1)))),
    ("points", lambda: sx.linearize(PLANE, np.zeros(3))),
    ("points", lambda: sx.linearize(PLANE, np.zeros((1, 1, 2)))),
    ("points", lambda: sx.linearize(FLOW, NAN)),
    ("between 1 and 2", lambda: linear().selection_vectors(0)),
    ("between 1 and 2", lambda: linear().selection_vectors(3)),
    ("readout", lambda: linear().selection_vectors(readout=np.zeros(2))),
    ("readout", lambda: linear().selection_vectors(readout=np.zeros((1, 3)))),
    ("two rows", lambda: gating([[1.0]])),
    ("source", lambda: gating(np.eye(3))),
    ("inputs", lambda: gating([[1.0], [np.nan]])),
    ("relevant", lambda: gating(relevant=2)),
    ("name", lambda: gating(sources=("a",))),
    ("axis", lambda: gating(axis=np.zeros(1))),
    ("axis", lambda: gating(axis=np.ones(2))),
    ("no input", lambda: sx.classics.input_gating(linear(), np.eye(2))),
    # branches
    ("residual", lambda: branches([40.0])),
    ("outside", lambda: branches(at=3.0)),
    ("empty", lambda: branches(parameter=(1.0, 1.0))),
    ("finite", lambda: branches(parameter=(0.0, np.nan))),
    ("start", lambda: branches(np.zeros(2))),
    ("NaN", lambda: branches([np.nan])),
    ("Flow", lambda: branches(system_of=lambda w: w)),
    ("traced", lambda: branches(system_of=lambda w: sx.DiscreteMap(lambda x: x ** int(w), 1))),
    (
        "float32",
        lambda: branches(
            system_of=lambda w: sx.DiscreteMap(lambda x: jnp.tanh(x.astype(jnp.float32)), 1)
        ),
    ),
    ("branch 2", lambda: branches().of_branch(2)),
    ("'hopf'", lambda: branches().special("hopf")),
    ("step", lambda: solvers.PseudoArclength(first_step=1.0)),
    # branches of cycles
    ("`at`", lambda: cycle_branch(at=None)),
    ("start", lambda: cycle_branch(np.ones(3))),
    ("one cycle", lambda: cycle_branch(sx.find_cycles(PLANE, np.zeros((1, 2))))),
    ("outside", lambda: cycle_branch(parameter=(0, 1), at=-1.0)),
    ("units", lambda: cycle_branch(system_of=lambda p: sx.Flow(lambda x: p * x, 3))),
    ("iterate", lambda: cycle_branch(system_of=lambda p: sx.DiscreteMap(lambda x: p * x, 2))),
    ("segments", lambda: cycle_branch(shooting=solvers.MultipleShooting(segments=3000))),
    ("not a cycle", lambda: cycle_branch(system_of=lambda p: sx.Flow(lambda x: -x, 2))),
    # cycles
    ("length", lambda: sx.find_cycles(MAP, STATES, length=0)),
    ("length", lambda: sx.find_cycles(MAP, STATES, length=2.5)),
    ("length", lambda: sx.find_cycles(MAP, STATES, length=[])),
    ("length", lambda: sx.find_cycles(FLOW, STATES, length=-1.0)),
    ("period", lambda: sx.find_cycles(FLOW, STATES, length=[1, 2])),
    ("method", lambda: sx.find_cycles(MAP, STATES, length=2, method=OTHER)),
    ("method", lambda: sx.find_cycles(FLOW, STATES, method=OTHER)),
    ("candidates", lambda: sx.find_cycles(MAP, np.zeros((1, 3)), length=2)),
    ("candidates", lambda: sx.find_cycles(MAP, NAN, length=2)),
    # Lyapunov exponents
    ("start", lambda: exponents(np.zeros(3))),
    ("start", lambda: exponents(np.zeros((0, 1)))),
    ("start", lambda: exponents([np.nan])),
    ("start", lambda: exponents(found().slow, MAP)),
    ("start", lambda: exponents(sx.find_fixed_points(SHIFT, STATES), SHIFT)),
    ("inputs", lambda: exponents(inputs=np.zeros((2000, 3)))),
    ("1 starts", lambda: exponents(inputs=np.zeros((2, 2000, 1)))),
    ("20 steps", lambda: exponents(inputs=np.zeros((20, 1)))),
    ("no input", lambda: exponents(system=MAP, inputs=np.zeros((20, 1)))),
    ("num_exponents", lambda: exponents(method=solvers.TangentQR(num_exponents=3))),
    ("dt", lambda: exponents(method=solvers.TangentQR(dt=1.0))),
    # boundaries
    ("not fixed", lambda: sx.basins(FLOW, WELLS + 0.1, WELLS)),
    ("points", lambda: sx.basins(FLOW, np.zeros((1, 2)), WELLS)),
    ("states", lambda: sx.basins(FLOW, WELLS, np.zeros((0, 1)))),
    ("states", lambda: sx.basins(FLOW, WELLS, NAN)),
    ("confidence", lambda: sx.basins(FLOW, WELLS, WELLS, confidence=1.0)),
    ("confidence", lambda: sx.basins(FLOW, WELLS, WELLS, confidence="much")),
    ("segments", lambda: sx.separatrix(FLOW, WELLS, segments=-1)),
    ("states", lambda: sx.separatrix(FLOW, WELLS, NAN)),
    ("rays", lambda: sx.fixed_point_graph(FLOW, WELLS, rays=-1)),
    ("points", lambda: sx.fixed_point_graph(GHOST, sx.find_fixed_points(GHOST, np.ones((1, 1))))),
    ("trajectories", lambda: sx.commitment(FLOW, np.zeros((2, 3, 2)), WELLS)),
    ("trajectories", lambda: sx.commitment(FLOW, NAN[None], WELLS)),
    ("dt", lambda: sx.commitment(FLOW, np.zeros((2, 3, 1)), WELLS, dt=0.0)),
    ("boundary", lambda: sx.commitment(FLOW, np.zeros((1, 2, 1)), WELLS, boundary="line")),
    ("outputs", lambda: sx.fixed_point_topology(FLOW, WELLS, np.zeros((2, 3)))),
    ("outputs", lambda: sx.fixed_point_topology(FLOW, WELLS, np.zeros((3, 0)))),
    ("seed", lambda: sx.fixed_point_topology(FLOW, WELLS, seed="")),
    # verdicts
    ("states", lambda: held(np.zeros((9, 3)))),
    ("states", lambda: held(NAN)),
    ("long", lambda: held(duration=25_001, system=MAP)),
    ("axis", lambda: held(axis=np.ones(3))),
    ("direction", lambda: held(axis=np.zeros(1))),
    # measures
    ("'topology'", lambda: measure_of("topolgy")),
    # analyses of single papers
    ("states", lambda: memory(states=np.zeros((4, 2, 2)))),
    ("value", lambda: memory(values=np.arange(3.0))),
    ("4 values", lambda: memory(values=np.arange(4.0))),
    ("1 values", lambda: memory(values=np.zeros(4))),
    ("different states", lambda: memory(np.zeros((3, 3)))),
    ("curve", lambda: memory(np.full((3, 3), np.nan))),
    ("change", lambda: sx.classics.coding_axis(np.ones((5, 2)), np.arange(5.0))),
    ("value", lambda: sx.classics.coding_axis(np.eye(5), np.arange(4.0))),
    ("trials", lambda: sx.classics.condition_variance(np.zeros((1, 4, 2)), slice(None))),
    ("steps", lambda: sx.classics.condition_variance(np.zeros((3, 4, 2)), slice(4, None))),
    ("variances", lambda: sx.classics.task_variance({})),
    ("variances", lambda: sx.classics.task_variance({"a": np.ones(3), "b": np.ones(4)})),
    ("unit 1", lambda: sx.classics.task_variance({"a": np.array([1.0, -1.0])})),
    ("NaN", lambda: sx.classics.task_variance({"a": np.array([1.0, np.nan])})),
    ("labels", lambda: sx.classics.selectivity(np.ones((2, 2)), np.array([None, OTHER]))),
    ("1 different", lambda: sx.classics.selectivity(np.ones((3, 2)), np.array([0, 0, 0]))),
    ("3 different", lambda: sx.classics.selectivity(np.ones((3, 2)), np.array([0, 1, 2]))),
    ("shape", lambda: sx.classics.selectivity(np.ones((3, 2)), np.array([0, 1]))),
    ("weights", lambda: connections(np.ones((3, 4)), np.ones(4))),
    ("NaN", lambda: connections(np.ones((4, 4)), np.full(4, np.nan))),
    ("onto", lambda: sx.project(np.ones((9, 2)), onto=np.full((20, 2), np.nan))),
    ("direction 1", lambda: averages([[1.0, 0.0], [-2.0, 0.0]])),
    ("direction 0", lambda: averages([[0.0, 0.0]])),
    ("axis", lambda: averages([[1.0, 0.0, 0.0]])),
    ("trial=1", lambda: averages([[1.0, 0.0]], [1.0, 2.0])),
    ("labels", lambda: averages([[1.0, 0.0]], [np.nan])),
]


@jax.custom_vjp
def backward_only(x):
    return jnp.tanh(2 * x)


backward_only.defvjp(
    lambda x: (backward_only(x), x), lambda x, g: (g * 2 * (1 - jnp.tanh(2 * x) ** 2),)
)
FOLDED = sx.DiscreteMap(lambda x: backward_only(x), 1)
FADING = sx.Flow(lambda x: backward_only(x) - x, 1)


def turning_backward(p):
    return sx.Flow(lambda x: CIRCLE.evaluate(backward_only(x)), 2)


NOT_DIFFERENTIABLE = [
    lambda: sx.linearize(FOLDED, STATES),
    lambda: sx.find_fixed_points(FOLDED, STATES),
    lambda: sx.separatrix(FOLDED, STATES[:2], STATES),
    lambda: sx.slow_curve(FOLDED, np.ones(1), [-1.0, 0.0, 1.0], STATES),
    lambda: sx.find_cycles(FOLDED, STATES, length=2),
    lambda: sx.find_cycles(FADING, STATES, length=5.0),
    lambda: exponents(system=FOLDED),
    lambda: exponents(system=FADING),
    lambda: branches(np.zeros(2), system_of=turning_backward),
    lambda: cycle_branch(system_of=turning_backward),
]
"""A rule for reverse mode alone: JAX cannot differentiate these forward."""


@pytest.mark.parametrize(
    ("word", "call"), [*REFUSED, *(("custom_jvp", call) for call in NOT_DIFFERENTIABLE)]
)
def test_what_cannot_be_used_is_refused(word, call):
    with pytest.raises(sx.InvalidInputError, match=word):
        call()


BANDS = {
    "find_fixed_points": lambda band: found(marginal_band=band),
    "linearize": lambda band: sx.linearize(FLOW, STATES, marginal_band=band),
    "continue_fixed_points": lambda band: branches(marginal_band=band),
    "find_cycles": lambda band: sx.find_cycles(MAP, STATES, length=2, marginal_band=band),
}


@pytest.mark.parametrize("call", BANDS)
def test_a_band_is_a_number_of_any_kind(call):
    for band in ("wide", -1.0, np.nan, None):
        with pytest.raises(sx.InvalidInputError, match="marginal_band"):
            BANDS[call](band)
    made = BANDS[call](jnp.float32(1e-6))
    made.to_xarray()  # its settings become text, which NumPy's numbers would not
    assert type(getattr(made, "marginal_band", 0.0)) is float


@pytest.mark.parametrize(
    "call",
    ["find_fixed_points candidates", "find_cycles candidates", "basins states", "linearize points"],
)
def test_a_record_in_place_of_its_states(call):
    linear = sx.linearize(MAP, POINTS)
    for record, part in ((ACTIVITY, "flat_states"), (linear, "states")):
        with pytest.raises(sx.InvalidInputError, match=rf"\.{part}"):
            ARRAYS[call](record)
        ARRAYS[call](getattr(record, part))
    for other in (ACTIVITY.pca(1), None):
        with pytest.raises(sx.InvalidInputError, match=r"\.flat_states"):
            ARRAYS[call](other)
