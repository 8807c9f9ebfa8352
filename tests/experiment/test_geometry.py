import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.experiment import geometry
from separatrix.experiment.geometry import CoherenceFamily, Geometry, decision_axis
from separatrix.experiment.settings import AnalysisSettings, GeometrySettings
from separatrix.experiment.stages import SkippedError, run_stages
from separatrix.experiment.subject import Subject

TASK = sx.tasks.PerceptualDecisionMaking()
QUICK = {"slices": 5, "lyapunov_steps": 400}


def build(task=TASK, input=(1.0, 0.5, 0.5), candidates=50, **settings):
    """The stages of a small network with one attractor, not trained."""
    network = sx.networks.CTRNN(
        task.num_inputs, 6, task.num_outputs, activation="tanh", dt=task.dt, key=jax.random.key(3)
    )
    activity = sx.simulate(network, task.trials(8, key=jax.random.key(1)))
    points = sx.find_fixed_points(network.at_input(input), activity.flat_states[:candidates])
    return subject(task, network, input, activity, points, **QUICK, **settings)


def subject(task, network, input, activity, points, **settings):
    asked = AnalysisSettings(geometry=GeometrySettings(**settings))
    given = np.asarray(input, float)
    return Subject(task, network, given, activity, points, None, asked, jax.random.key(2))


def results(subject):
    return run_stages(Geometry(subject).stages(), lambda stage: None)


@pytest.fixture(scope="module")
def whole():
    stages = build()
    return stages, results(stages)


def test_every_stage_has_a_result(whole):
    _, records = whole
    assert list(records) == [
        "slow_curve",
        "branches",
        "fixed_point_graph",
        "lyapunov_spectrum",
        "analyses",
    ]
    told = records["analyses"]
    assert told.analysis.tolist() == list(records)[:-1]
    assert told.outcome.tolist() == ["done"] * 4
    assert told.reason.tolist() == [""] * 4


def test_the_slow_curve_lies_along_the_difference_of_the_readouts(whole):
    stages, records = whole
    curve, weights = records["slow_curve"], np.asarray(stages.network.readout_weights, float)
    np.testing.assert_allclose(curve.axis, weights[1] - weights[2], rtol=1e-6)
    along = stages.activity.flat_states @ curve.axis
    np.testing.assert_allclose(curve.values[[0, -1]], np.percentile(along, [1, 99]))
    assert len(curve) == 5


def test_branches_are_fixed_points_at_the_stimuli_of_the_task(whole):
    stages, records = whole
    branches = records["branches"]
    assert (branches.parameter_from, branches.parameter_to) == (-51.2, 51.2)
    for k in (0, len(branches) // 2, len(branches) - 1):
        coherence = float(branches.parameters[k])
        u = TASK.evidence_input(abs(coherence), choice=0 if coherence >= 0 else 1)
        with jax.enable_x64(True):
            speed = float(stages.network.at_input(u).speed(branches.states[k]))
        assert speed < 1e-6
    assert {branches.parameters.min(), branches.parameters.max()} == {-51.2, 51.2}


def test_the_largest_exponent_at_a_stable_point_is_that_of_its_eigenvalue(whole):
    stages, records = whole
    spectrum = records["lyapunov_spectrum"]
    linear = sx.linearize(stages.system, spectrum.end)
    assert (linear.stability == "stable").all()
    np.testing.assert_allclose(
        spectrum.exponents[:, 0], np.log(np.abs(linear.eigenvalues[:, 0])), atol=5e-3
    )


def test_a_frozen_input_with_evidence_is_continued_from_there():
    stages = build(input=TASK.evidence_input(20.0, choice=1), slow_curve=False, lyapunov=False)
    family = CoherenceFamily(stages.network, TASK)
    assert family.coherence_of(stages.input) == pytest.approx(-20.0)
    branches = results(stages)["branches"]
    near = branches.states_at(-20.0)
    start = np.asarray(stages.points.fixed.states)
    assert min(np.linalg.norm(near - start[0], axis=1)) < 1e-3


def test_the_axis_of_a_network_without_units_of_its_own_readout():
    """An LSTM's state is longer than its readout's weights."""
    network = sx.networks.LSTM(3, 4, 3, dt=TASK.dt, key=jax.random.key(0))
    axis = decision_axis(network, TASK, np.zeros((2, 8)))
    assert axis.shape == network.initial_state().shape
    state = np.asarray(network.initial_state()) + 1
    outputs = np.asarray(network.readout(state) - network.readout(0 * state))
    assert axis @ state == pytest.approx(outputs[1] - outputs[2], rel=1e-4)


def test_the_axis_of_rates_that_are_read_out_comes_from_units_that_are_active():
    """At rest rectified units have no slope, and their readout would be no axis."""
    network = sx.networks.DaleCTRNN(3, 10, 3, dt=TASK.dt, key=jax.random.key(0))
    states = np.full((4, 10), -1.0)
    with pytest.raises(SkippedError, match="readout of the choice does not change with the state"):
        decision_axis(network, TASK, states)
    states[:2] = 1.0  # half of the time every unit is active
    weights = np.asarray(network.readout_weights, float)
    expected = np.append((weights[1] - weights[2]) / 2, [0, 0])
    np.testing.assert_allclose(decision_axis(network, TASK, states), expected, rtol=1e-6)


def test_a_task_without_coherence_still_has_its_graph_and_exponents():
    task = sx.tasks.DelayMatchSample()
    records = results(build(task, input=[0.0] * task.num_inputs))
    told = records["analyses"]
    assert told.outcome.tolist() == ["skipped", "skipped", "done", "done"]
    assert told.why_not("slow_curve") == "it needs a task with a coherence and two choices."
    assert "branches" not in records


def test_a_decision_after_any_time_has_its_slow_curve_and_branches():
    task = sx.tasks.PerceptualDecisionMakingDelayResponse(
        dt=100.0, stimulus=[500.0, 1000.0], delay=0.0, decision=100.0, coherences=[12.8]
    )
    records = results(build(task, graph=False, lyapunov=False))
    assert records["analyses"].outcome.tolist() == ["done", "done", "skipped", "skipped"]
    np.testing.assert_allclose(np.abs(records["branches"].parameters).max(), 12.8)


def test_what_is_switched_off_is_told():
    off = dict.fromkeys(("slow_curve", "branches", "graph", "lyapunov"), False)
    records = results(build(**off))
    assert list(records) == ["analyses"]
    assert set(records["analyses"].reason) == {"it was switched off in the settings."}


@pytest.mark.parametrize("input", [(1.0, 0.5, 0.6), (0.0, 0.5, 0.5), (1.0, 0.9, 0.1)])
def test_an_input_that_is_no_stimulus_of_the_task_is_not_continued(input):
    records = results(build(input=input, slow_curve=False, graph=False, lyapunov=False))
    assert records["analyses"].why_not("branches") == (
        "the frozen input is none of the task's stimuli."
    )


def test_without_fixed_points_at_the_frozen_input_branches_start_at_the_strongest_stimulus(whole):
    """The points at the frozen input are on the branch, though nothing is told of them."""
    stages, _ = whole
    bare = dataclasses.replace(
        build(slow_curve=False, graph=False, lyapunov=False), points=stages.points[:0]
    )
    branches = results(bare)["branches"]
    starts = branches.parameters[np.asarray(branches.arclength) == 0]
    assert np.abs(starts).tolist() == [51.2] * branches.n_branches
    known = np.asarray(stages.points.fixed.states)
    np.testing.assert_allclose(branches.states_at(0.0), known, atol=1e-5)


def test_without_any_fixed_point_there_is_nothing_to_continue():
    """r = relu(2 r + u) has no solution where u is positive."""
    stages = build(slow_curve=False, lyapunov=False)
    plain = sx.networks.CTRNN(3, 6, 3, activation="relu", dt=TASK.dt, key=jax.random.key(3))
    network = eqx.tree_at(
        lambda n: (n.recurrent_weights, n.input_weights, n.bias),
        plain,
        (2 * jnp.eye(6), jnp.ones((6, 3)), jnp.zeros(6)),
    )
    bare = dataclasses.replace(stages, network=network, points=stages.points[:0])
    told = results(bare)["analyses"]
    assert told.why_not("branches") == (
        "no fixed point was found to start from, neither at the frozen input nor at the strongest "
        "stimuli, ±51.2 %."
    )
    assert told.why_not("fixed_point_graph") == "no fixed point was found."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (sx.InvalidInputError("expected another size."), "expected another size."),
        (ZeroDivisionError("float division by zero"), "ZeroDivisionError: float division by zero"),
    ],
)
def test_a_stage_that_fails_leaves_a_reason_and_the_others(monkeypatch, error, said):
    def fail(*arguments, **settings):
        raise error

    monkeypatch.setattr(geometry, "fixed_point_graph", fail)
    records = results(build(slow_curve=False, branches=False))
    told = records["analyses"]
    assert told.outcome.tolist() == ["skipped", "skipped", "failed", "done"]
    assert told.why_not("fixed_point_graph") == said
    assert "lyapunov_spectrum" in records


def test_an_interruption_is_none_of_a_stages_failures(monkeypatch):
    def stop(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(geometry, "fixed_point_graph", stop)
    with pytest.raises(KeyboardInterrupt):
        results(build(slow_curve=False, branches=False))


@pytest.mark.parametrize("end", [12.8, 25.6, 51.2])
@pytest.mark.parametrize("choice", [0, 1])
def test_branches_may_start_at_the_strongest_stimulus(monkeypatch, end, choice):
    def stop(*_, at, **__):
        raise SkippedError(str(at))  # where it would start

    monkeypatch.setattr(geometry, "continue_fixed_points", stop)
    task = sx.tasks.PerceptualDecisionMaking(coherences=(0.0, end))
    stages = build(task, input=task.evidence_input(end, choice=choice), candidates=3)
    with pytest.raises(SkippedError) as caught:
        Geometry(stages).branches()
    at = float(str(caught.value))
    assert at == pytest.approx(end if choice == 0 else -end)
    assert abs(at) <= end
