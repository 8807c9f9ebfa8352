"""What no annotation says is refused, too, by a word that tells what is to be changed.

What an annotation says of one argument is the law of `test_refusals.py`.
"""

import equinox as eqx
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

KEY = jax.random.key(0)
A, H, W = np.full(4, 0.5), np.zeros(4), 0.2 * np.eye(4)
PDM = sx.tasks.PerceptualDecisionMaking(delay=500.0)


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


def ctrnn(**options):
    return sx.networks.CTRNN(3, 8, 2, key=KEY, **options)


def low_rank(**options):
    return sx.networks.LowRankRNN(2, 8, 1, key=KEY, **options)


def sick():
    return eqx.tree_at(lambda network: network.bias, ctrnn(), jnp.full(8, jnp.nan))


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
    ("finite", lambda: sx.find_fixed_points(PLANE, [[0.0, np.inf], [np.nan, 1.0]])),
    (r"\.states", lambda: sx.find_fixed_points(MAP, found())),
    ("lower", lambda: in_domain(1.0, -1.0)),
    ("lower", lambda: in_domain(np.zeros(3), np.ones(3))),
    ("lower", lambda: in_domain(np.nan, 1.0)),
    ("lower", lambda: in_domain("a", "b")),
    ("domain", lambda: sx.DiscreteMap(jnp.tanh, 2, domain=np.nan)),
    ("domain", lambda: sx.Flow(jnp.tanh, 2, domain=int)),
    ("no points", lambda: found()[:0].middle(np.ones(1))),
    ("direction", lambda: found().middle(np.ones(2))),
    ("direction", lambda: found().middle(np.array([np.nan]))),
    ("tolerances", lambda: found().tolerance_curve([1e-3, np.nan])),
    ("tolerances", lambda: found().tolerance_curve(np.ones((2, 2)))),
    # slow curves
    ("axis", lambda: slow_curve(axis=np.ones(3))),
    ("axis", lambda: slow_curve(axis=[0.0])),
    ("values", lambda: slow_curve(values=[1.0, 0.0])),
    ("start", lambda: slow_curve(start=np.ones((4, 3)))),
    ("start", lambda: slow_curve(start=NAN)),
    # linearization
    ("points", lambda: sx.linearize(PLANE, np.zeros((2, 3)))),
    ("points", lambda: sx.linearize(PLANE, np.zeros((0, 1)))),
    ("points", lambda: sx.linearize(PLANE, np.zeros((1, 1, 2)))),
    ("points", lambda: sx.linearize(FLOW, NAN)),
    ("between 1 and 2", lambda: linear().selection_vectors(0)),
    ("between 1 and 2", lambda: linear().selection_vectors(3)),
    ("readout", lambda: linear().selection_vectors(readout=np.zeros(2))),
    ("readout", lambda: linear().selection_vectors(readout=np.zeros((1, 3)))),
    ("two rows", lambda: gating([[1.0]])),
    ("source", lambda: gating(np.eye(3))),
    ("relevant", lambda: gating(relevant=2)),
    ("name", lambda: gating(sources=("a",))),
    ("axis", lambda: gating(axis=np.zeros(1))),
    ("axis", lambda: gating(axis=np.ones(2))),
    ("no input", lambda: sx.classics.input_gating(linear(), np.eye(2))),
    # branches
    ("residual", lambda: branches([40.0])),
    ("outside", lambda: branches(at=3.0)),
    ("empty", lambda: branches(parameter=(1.0, 1.0))),
    ("start", lambda: branches(np.zeros(2))),
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
    ("length", lambda: sx.find_cycles(MAP, STATES, length=2.5)),
    ("period", lambda: sx.find_cycles(FLOW, STATES, length=[1, 2])),
    ("candidates", lambda: sx.find_cycles(MAP, NAN, length=2)),
    # Lyapunov exponents
    ("start", lambda: exponents(np.zeros(3))),
    ("start", lambda: exponents(np.zeros((0, 1)))),
    ("start", lambda: exponents(found().slow, MAP)),
    ("start", lambda: exponents(sx.find_fixed_points(SHIFT, STATES), SHIFT)),
    ("inputs", lambda: exponents(inputs=np.zeros((2000, 3)))),
    ("2 states", lambda: exponents(inputs=np.zeros((2, 2000, 1)))),
    ("20 steps", lambda: exponents(inputs=np.zeros((20, 1)))),
    ("no input", lambda: exponents(system=MAP, inputs=np.zeros((20, 1)))),
    ("num_exponents", lambda: exponents(method=solvers.TangentQR(num_exponents=3))),
    ("dt", lambda: exponents(method=solvers.TangentQR(dt=1.0))),
    # boundaries
    ("not fixed", lambda: sx.basins(FLOW, WELLS + 0.1, WELLS)),
    ("points", lambda: sx.basins(FLOW, np.zeros((1, 2)), WELLS)),
    ("states", lambda: sx.basins(FLOW, WELLS, np.zeros((0, 1)))),
    ("states", lambda: sx.separatrix(FLOW, WELLS, NAN)),
    ("points", lambda: sx.fixed_point_graph(GHOST, sx.find_fixed_points(GHOST, np.ones((1, 1))))),
    ("trajectories", lambda: sx.commitment(FLOW, np.zeros((2, 3, 2)), WELLS)),
    ("outputs", lambda: sx.fixed_point_topology(FLOW, WELLS, np.zeros((2, 3)))),
    ("outputs", lambda: sx.fixed_point_topology(FLOW, WELLS, np.zeros((3, 0)))),
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
    ("different states", lambda: memory(np.zeros((3, 3)))),
    ("change", lambda: sx.classics.coding_axis(np.ones((5, 2)), np.arange(5.0))),
    ("value", lambda: sx.classics.coding_axis(np.eye(5), np.arange(4.0))),
    ("trials", lambda: sx.classics.condition_variance(np.zeros((1, 4, 2)), slice(None))),
    ("steps", lambda: sx.classics.condition_variance(np.zeros((3, 4, 2)), slice(4, None))),
    ("variances", lambda: sx.classics.task_variance({"a": np.ones(3), "b": np.ones(4)})),
    ("unit 1", lambda: sx.classics.task_variance({"a": np.array([1.0, -1.0])})),
    ("NaN", lambda: sx.classics.task_variance({"a": np.array([1.0, np.nan])})),
    ("labels", lambda: sx.classics.selectivity(np.ones((2, 2)), np.array([None, OTHER]))),
    ("3 different", lambda: sx.classics.selectivity(np.ones((3, 2)), np.array([0, 1, 2]))),
    ("shape", lambda: sx.classics.selectivity(np.ones((3, 2)), np.array([0, 1]))),
    ("weights", lambda: connections(np.ones((3, 4)), np.ones(4))),
    ("onto", lambda: sx.project(np.ones((9, 2)), onto=np.full((20, 2), np.nan))),
    ("direction 1", lambda: averages([[1.0, 0.0], [-2.0, 0.0]])),
    ("direction 0", lambda: averages([[0.0, 0.0]])),
    ("axis", lambda: averages([[1.0, 0.0, 0.0]])),
    ("trial=1", lambda: averages([[1.0, 0.0]], [1.0, 2.0])),
    ("labels", lambda: averages([[1.0, 0.0]], [np.nan])),
    # models
    ("A of", lambda: sx.models.plrnn(np.diag(A), W, H)),
    ("A of", lambda: sx.models.plrnn("A", W, H)),
    ("W of", lambda: sx.models.plrnn(A, np.eye(5), H)),
    (r"\(0, 4\)", lambda: sx.models.hopfield(np.zeros((0, 4)), 2.0)),
    ("rectified", lambda: sx.models.al_rnn(A, W, H, 5)),
    ("input_weights", lambda: sx.models.plrnn(A, W, H, input=[1.0])),
    ("input_weights", lambda: sx.models.plrnn(A, W, H, input_weights=np.ones((3, 1)))),
    ("input", lambda: sx.models.plrnn(A, W, H, input_weights=np.ones((4, 2)), input=np.ones(3))),
    ("readout", lambda: sx.models.echo_state(W, feedback=np.ones((4, 1)))),
    ("next_state", lambda: sx.models.rslds(W[None], H[None], W[:1], [0.0], next_state="modal")),
    ("neither", lambda: sx.models.low_rank(W, W, H)),
    ("both", lambda: sx.models.low_rank(W, W, H, decay=0.9, tau=10.0)),
    ("'relu'", lambda: sx.models.low_rank(W, W, H, decay=0.9, activation="rleu")),
    ("states", lambda: sx.models.low_rank(W, W, H, decay=0.9).rates(np.ones(3))),
    (
        "clip",
        lambda: sx.models.lfads_generator(
            np.ones((12, 1)), np.ones((12, 4)), np.ones(12), np.ones(12), clip=0.5
        ),
    ),
    ("tau of", lambda: sx.models.wilson_cowan(tau=(1.0, 0.0))),
    ("C of", lambda: sx.models.jansen_rit(C=-135.0)),
    ("p of", lambda: sx.models.jansen_rit([100.0, 120.0])),
    # networks
    ("excitatory", lambda: sx.networks.DaleCTRNN(3, 8, 2, key=KEY, excitatory_fraction=1.0)),
    ("mask", lambda: sx.networks.DaleCTRNN(3, 8, 2, key=KEY, mask=np.ones((3, 3)))),
    ("0.3", lambda: sx.networks.DaleCTRNN(3, 8, 2, key=KEY, mask=np.full((8, 8), 0.3))),
    ("got 9", lambda: low_rank(rank=9).latent_at_input([0.0, 0.0])),
    ("dt", lambda: low_rank(dt=300.0).latent_at_input([0.0, 0.0])),
    ("latent", lambda: low_rank(random_strength=0.1).latent_at_input([0.0, 0.0])),
    ("tau", lambda: ctrnn(dt=201.0)),
    (r"\(2,\)", lambda: ctrnn(tau=[50.0, 100.0])),
    ("gain", lambda: ctrnn(gain=1.5)),
    (r"\(3,\)", lambda: ctrnn().at_input([1.0, 0.5])),
    ("task", lambda: ctrnn().at_input("left")),
    ("array", lambda: ctrnn().at_input([[1.0, 0.5], [0.0]])),
    ("NaN", lambda: ctrnn().at_input([1.0, np.nan, 0.5])),
    ("CTRNN.bias", lambda: sick().at_input([1.0, 0.5, 0.5])),
    ("map", lambda: ctrnn(dt=20.0, leak="inside").flow_at_input([1.0, 0.5, 0.5])),
    # tasks
    (
        "at most 10 ms",
        lambda: sx.tasks.PerceptualDecisionMaking(dt=50.0, fixation=10.0, decision=20.0),
    ),
    ("decision", lambda: sx.tasks.PerceptualDecisionMaking(decision=0.0)),
    ("num_choices", lambda: sx.tasks.PerceptualDecisionMaking(num_choices=2.7)),
    ("delay", lambda: sx.tasks.PerceptualDecisionMaking(delay=[100.0, 200.0])),
    ("coherences", lambda: sx.tasks.PerceptualDecisionMaking(coherences=(120.0,))),
    ("cue", lambda: sx.tasks.PerceptualDecisionMaking(cue="fixation")),
    ("stimulus", lambda: sx.tasks.PerceptualDecisionMaking(noise_on="cue")),
    ("fixaton", lambda: sx.tasks.PerceptualDecisionMaking(cue=("fixaton",))),
    ("delay", lambda: sx.tasks.DelayComparison(delay="long")),
    ("delay", lambda: sx.tasks.DelayComparison(delay={"uniform": [1.0]})),
    ("delay", lambda: sx.tasks.DelayComparison(delay={"normal": [1.0, 2.0]})),
    ("delay", lambda: sx.tasks.DelayComparison(delay={"uniform": [5.0, 2.0]})),
    ("larger", lambda: sx.tasks.DelayComparison(pairs=[(1, 2)])),
    ("num_cues", lambda: sx.tasks.EvidenceAccumulation(num_cues=6)),
    ("cue", lambda: sx.tasks.EvidenceAccumulation(cue=0)),
    ("interval", lambda: sx.tasks.FlipFlop(pulse=200.0)),
    ("0.2 times", lambda: sx.tasks.ReadySetGo(gain=0.1, measure={"uniform": [80.0, 1500.0]})),
    ("stimulus", lambda: sx.tasks.GoNoGo(noise_on="fixation")),
    ("coherences", lambda: sx.tasks.PerceptualDecisionMaking(coherences=[[1.0], [1.0, 2.0]])),
    ("probabilities", lambda: sx.tasks.PulseDecisionMaking(probabilities=[0.5, 2])),
    ("'fdgo'", lambda: sx.tasks.Yang2019(rules=["fdg"])),
    ("rule", lambda: sx.tasks.Yang2019(rules=[])),
    ("20", lambda: sx.tasks.Yang2019(rule_weights=[1.0])),
    ("step", lambda: sx.tasks.Yang2019(dt=200.0)),
    ("shared", lambda: sx.tasks.Yang2019(shared=1)),
    ("'delay'", lambda: sx.tasks.PerceptualDecisionMaking().period_input("dlay")),
    ("'delay'", lambda: sx.tasks.DelayComparison().period_input("dlay")),
    ("no step", lambda: sx.tasks.PerceptualDecisionMaking().period_input("delay")),
    ("channels", lambda: sx.tasks.Yang2019().period_input("trial")),
    ("'stimulus'", lambda: PDM.input_at("stimulsu")),
    ("stimulus_3", lambda: PDM.input_at("stimulus", stimulus_3=1.0)),
    ("stimulus_1", lambda: PDM.input_at("stimulus", stimulus_1=float("nan"))),
    ("stimulus_1", lambda: PDM.input_at("stimulus", stimulus_1="on")),
    ("task", lambda: ctrnn().at_input("stimulus", task="PerceptualDecisionMaking")),
    ("'stimulus'", lambda: ctrnn().at_input("stimulsu", task=PDM)),
    ("stimulus1", lambda: ctrnn().at_input("stimulus", task=sx.tasks.DelayComparison())),
    ("2", lambda: ctrnn().at_input("stimulus1", task=sx.tasks.DelayComparison())),
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
