"""What cannot be used is refused with what was expected, what came and what to do."""

import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

import separatrix as sx
from separatrix import solvers
from separatrix.solvers.newton_krylov import NewtonKrylov

MAP = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
FLOW = sx.Flow(lambda x: x - x**3, size=1)
DRIVEN = sx.DiscreteMap(lambda x, u: 0.5 * x + u, size=1, input=np.zeros(1))
POINTS = np.array([[0.0], [0.9575040240772687], [-0.9575040240772687]])
ONE, STATES = np.zeros(1), np.zeros((5, 1))


@pytest.fixture(autouse=True)
def as_users_run_it():
    """Without the run-time type checks of the tests, which would refuse the same first."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def family(p):
    return sx.Flow(lambda x: p - x + 0 * x**3, size=1)


def branches(start=ONE, **options):
    return sx.continue_fixed_points(family, start, (0.0, 1.0), **options)


def gating(inputs=((1.0,), (0.5,)), **options):
    return sx.classics.input_gating(sx.linearize(DRIVEN, STATES), inputs, **options)


NO_NUMBERS = {
    "slow_curve axis": lambda text: sx.slow_curve(FLOW, text, [0.0, 1.0]),
    "slow_curve values": lambda text: sx.slow_curve(FLOW, np.ones(1), text),
    "slow_curve start": lambda text: sx.slow_curve(FLOW, np.ones(1), [0.0], text),
    "linearize points": lambda text: sx.linearize(FLOW, text),
    "selection_vectors readout": lambda text: sx.linearize(FLOW, STATES).selection_vectors(1, text),
    "input_gating inputs": lambda text: gating(text),
    "input_gating axis": lambda text: gating(axis=text),
    "continue_fixed_points start": lambda text: branches(text),
    "find_cycles candidates": lambda text: sx.find_cycles(MAP, text, length=2),
    "lyapunov_exponents start": lambda text: sx.lyapunov_exponents(MAP, text),
    "lyapunov_exponents inputs": lambda text: sx.lyapunov_exponents(DRIVEN, ONE, inputs=text),
    "fixed_point_graph points": lambda text: sx.fixed_point_graph(MAP, text),
    "fixed_point_topology outputs": lambda text: sx.fixed_point_topology(MAP, POINTS, text),
    "separatrix states": lambda text: sx.separatrix(MAP, POINTS, text),
    "basins states": lambda text: sx.basins(MAP, POINTS, text),
    "commitment trajectories": lambda text: sx.commitment(MAP, text, POINTS),
    "coding_axis states": lambda text: sx.classics.coding_axis(text, np.zeros(3)),
    "graded_memory curve": lambda text: sx.classics.graded_memory(
        text, np.zeros((4, 1, 1)), np.zeros(4)
    ),
    "targeted_averages states": lambda text: sx.classics.targeted_averages(text, np.eye(1), {}),
}
NOT_FINITE = [
    "slow_curve start", "linearize points", "find_cycles candidates", "lyapunov_exponents start",
    "separatrix states", "basins states", "commitment trajectories",
]  # fmt: skip
METHODS = {
    "find_fixed_points": lambda m: sx.find_fixed_points(MAP, STATES, method=m),
    "find_fixed_points, exhaustion": lambda m: sx.find_fixed_points(MAP, STATES, exhaustion=m),
    "slow_curve": lambda m: sx.slow_curve(FLOW, np.ones(1), [0.0], method=m),
    "continue_fixed_points": lambda m: branches(method=m),
    "continue_fixed_points, deflation": lambda m: branches(disconnected=m),
    "find_cycles": lambda m: sx.find_cycles(MAP, STATES, length=2, method=m),
    "find_cycles of a flow": lambda m: sx.find_cycles(FLOW, STATES, method=m),
    "lyapunov_exponents": lambda m: sx.lyapunov_exponents(MAP, ONE, method=m),
}
BANDS = {
    "find_fixed_points": lambda band: sx.find_fixed_points(MAP, STATES, marginal_band=band),
    "linearize": lambda band: sx.linearize(FLOW, STATES, marginal_band=band),
    "continue_fixed_points": lambda band: branches(marginal_band=band),
    "find_cycles": lambda band: sx.find_cycles(MAP, STATES, length=2, marginal_band=band),
}


ACTIVITY = sx.records.Activity(
    *(np.zeros((2, 3, 1)) for _ in range(3)), choice=np.zeros(2, int), conditions={}, dt=10.0
)
STATES_OF = {
    "find_fixed_points": lambda states: sx.find_fixed_points(MAP, states),
    "find_cycles": lambda states: sx.find_cycles(MAP, states, length=2),
    "basins": lambda states: sx.basins(MAP, POINTS, states),
    "linearize": lambda states: sx.linearize(MAP, states),
}
COUNTS = {
    solvers.LevenbergMarquardt: {"max_steps": 1, "stall_steps": 1},
    solvers.BranchAndPrune: {"max_boxes": 1, "max_unresolved": 0},
    solvers.TangentQR: {"every": 1, "blocks": 1},
}
POSITIVE = {
    solvers.LevenbergMarquardt: "first_damping",
    solvers.BranchAndPrune: "min_width",
}


@pytest.mark.parametrize("call", NO_NUMBERS)
def test_what_is_no_array_of_numbers(call):
    with pytest.raises(sx.InvalidInputError, match="must be an array of real numbers, got "):
        NO_NUMBERS[call]("readout")


@pytest.mark.parametrize("what", [[[1, 2], [3]], 1j * np.ones((2, 1))], ids=type)
def test_what_else_is_no_array_of_numbers(what):
    with pytest.raises(sx.InvalidInputError, match="must be an array of real numbers, got "):
        sx.find_fixed_points(MAP, what)


@pytest.mark.parametrize("call", METHODS)
def test_a_method_of_another_kind(call):
    method = NewtonKrylov()
    with pytest.raises(sx.InvalidInputError) as caught:
        METHODS[call](method)
    text = str(caught.value)
    assert " must be sx." in text and f"got {method!r}" in text and "leave it out" in text


@pytest.mark.parametrize("call", BANDS)
def test_a_band_that_is_none(call):
    for band in ("wide", -1.0, np.nan, None):
        with pytest.raises(sx.InvalidInputError, match="marginal_band must be a"):
            BANDS[call](band)


@pytest.mark.parametrize("tolerances", [[1e-3, np.nan], np.ones((2, 2)), "small"])
def test_tolerances_are_a_list_of_numbers(tolerances):
    points = sx.find_fixed_points(MAP, STATES)
    assert points.tolerance_curve([0.0, np.inf]).count.tolist()[1] == len(points)
    with pytest.raises(sx.InvalidInputError, match="tolerances must be"):
        points.tolerance_curve(tolerances)


@pytest.mark.parametrize("name", ["slow_points", "certify", "completeness"])
def test_a_switch_is_true_or_false(name):
    with pytest.raises(sx.InvalidInputError, match=f"{name} must be True or False, got 'no'"):
        sx.find_fixed_points(MAP, STATES, **{name: "no"})


@pytest.mark.parametrize("call", BANDS)
def test_a_band_of_any_kind_of_number_can_be_written(call):
    found = BANDS[call](jnp.float32(1e-6))
    found.to_xarray()  # its settings become text, which NumPy's numbers would not
    assert type(getattr(found, "marginal_band", 0.0)) is float


@pytest.mark.parametrize("call", STATES_OF)
def test_a_record_in_place_of_its_states(call):
    linear = sx.linearize(MAP, POINTS)
    for record, part in ((ACTIVITY, "flat_states"), (linear, "states")):
        with pytest.raises(sx.InvalidInputError) as caught:
            STATES_OF[call](record)
        text = str(caught.value)
        kind = type(record).__name__
        assert text.endswith(f" must be an array of states (…, 1), got {kind}: give its .{part}.")
        STATES_OF[call](getattr(record, part))
    for other in (ACTIVITY.pca(1), None):
        with pytest.raises(sx.InvalidInputError, match=r"got \w+: give for example the \.flat"):
            STATES_OF[call](other)


def test_fixed_points_in_place_of_their_states():
    points = sx.find_fixed_points(MAP, POINTS)
    with pytest.raises(sx.InvalidInputError, match=r"got FixedPoints: give its \.states\."):
        sx.find_fixed_points(MAP, points)


@pytest.mark.parametrize("method", COUNTS)
def test_a_number_of_steps_or_boxes_that_is_none(method):
    for name, least in COUNTS[method].items():
        method(**{name: least})
        for value in ("a", None, True, 2.5, least - 1):
            with pytest.raises(sx.InvalidInputError) as caught:
                method(**{name: value})
            assert str(caught.value) == (
                f"{name} must be a whole number of at least {least}, got {value!r}."
            )


@pytest.mark.parametrize("method", POSITIVE)
def test_a_damping_or_width_that_is_not_positive(method):
    for value in ("a", None, 0.0, np.nan, np.inf):
        with pytest.raises(sx.InvalidInputError, match=f"{POSITIVE[method]} must be "):
            method(**{POSITIVE[method]: value})


def test_other_arguments_of_another_kind():
    with pytest.raises(sx.InvalidInputError, match=r"boundary must be what sx\.separatrix"):
        sx.commitment(MAP, np.zeros((1, 2, 1)), POINTS, boundary="line")
    with pytest.raises(sx.InvalidInputError, match="confidence must lie between 0 and 1"):
        sx.basins(MAP, POINTS, STATES, confidence="much")
    with pytest.raises(sx.InvalidInputError, match=r"must be what sx\.linearize"):
        sx.classics.input_gating(FLOW, [[1.0], [0.5]])
    with pytest.raises(sx.InvalidInputError, match="max_angle must be a number"):
        solvers.PseudoArclength(max_angle="right")


@pytest.mark.parametrize("name", NOT_FINITE)
def test_states_of_which_none_is_finite_are_refused_by_name(name):
    states = np.full((1, 5, 1) if "trajectories" in name else (5, 1), np.nan)
    with pytest.raises(sx.InvalidInputError, match=f"^{name.split()[1]}"):
        NO_NUMBERS[name](states)
