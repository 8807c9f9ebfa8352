import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.experiment import geometry
from separatrix.experiment.geometry import Geometry, coherence_of, decision_axis
from separatrix.experiment.settings import AnalysisSettings, GeometrySettings
from separatrix.experiment.subject import Subject
from separatrix.plan import SkippedError, run_stages

TASK = sx.tasks.PerceptualDecisionMaking()
QUICK = {"slices": 5, "lyapunov_steps": 400}
OFF = dict.fromkeys(("slow_curve", "branches", "graph", "lyapunov"), False)


def build(task=TASK, input=(1.0, 0.5, 0.5), **settings):
    """The stages of a small network with one attractor, not trained."""
    network = sx.networks.CTRNN(
        task.num_inputs, 6, task.num_outputs, activation="tanh", dt=task.dt, key=jax.random.key(3)
    )
    activity = sx.simulate(network, task.trials(8, key=jax.random.key(1)))
    points = sx.find_fixed_points(
        network.at_input(input), activity.flat_states[:50], slow_points=False, completeness=False
    )
    return subject(task, network, input, activity, points, **settings)


def subject(task, network, input, activity, points, **settings):
    asked = AnalysisSettings(geometry=GeometrySettings(**QUICK, **settings))
    given = np.asarray(input, float)
    system, key = network.at_input(given), jax.random.key(2)
    return Subject(task, network, system, given, activity, points, asked, key)


def results(subject):
    return run_stages(Geometry(subject).stages(), lambda stage: None)


@functools.cache
def whole():
    stages = build()
    return stages, results(stages)


def only(*names, **parts):
    """Other stages of the same network: those that are named, with other parts where given."""
    settings = OFF | dict.fromkeys(names, True)
    asked = AnalysisSettings(geometry=GeometrySettings(**QUICK, **settings))
    return dataclasses.replace(whole()[0], settings=asked, **parts)


def test_every_stage_has_a_result():
    _, records = whole()
    stages = ["slow_curve", "branches", "fixed_point_graph", "lyapunov_spectrum"]
    assert list(records) == [*stages, "analyses"]
    told = records["analyses"]
    assert told.analysis.tolist() == stages
    assert set(told.outcome) == {"done"} and set(told.reason) == {""}
    off = results(only())
    assert list(off) == ["analyses"] and set(off["analyses"].outcome) == {"skipped"}


def test_the_slow_curve_lies_along_the_difference_of_the_readouts():
    stages, records = whole()
    curve, weights = records["slow_curve"], np.asarray(stages.network.readout_weights, float)
    np.testing.assert_allclose(curve.axis, weights[1] - weights[2], rtol=1e-6)
    along = stages.activity.flat_states @ curve.axis
    np.testing.assert_allclose(curve.values[[0, -1]], np.percentile(along, [1, 99]))
    assert len(curve) == 5


def stimulus(coherence):
    return TASK.evidence_input(abs(coherence), choice=0 if coherence >= 0 else 1)


def test_branches_are_fixed_points_at_the_stimuli_of_the_task():
    stages, records = whole()
    branches = records["branches"]
    assert (branches.parameter_from, branches.parameter_to) == (-51.2, 51.2)
    assert {branches.parameters.min(), branches.parameters.max()} == {-51.2, 51.2}
    for k in (0, len(branches) // 2, len(branches) - 1):
        system = stages.network.at_input(stimulus(float(branches.parameters[k])))
        with jax.enable_x64(True):
            assert float(system.speed(branches.states[k])) < 1e-6


@pytest.mark.parametrize("coherence", [-51.2, -20.0, 0.0, 12.8, 51.2])
def test_a_frozen_input_with_evidence_is_that_coherence(coherence):
    found = coherence_of(TASK, np.asarray(stimulus(coherence), float))
    assert found == pytest.approx(coherence, abs=1e-5) and abs(found) <= 51.2


def test_the_axis_of_rates_that_are_read_out_comes_from_units_that_are_active():
    """At rest rectified units have no slope, and their readout would be no axis."""
    network = sx.networks.DaleCTRNN(3, 10, 3, dt=TASK.dt, key=jax.random.key(0))
    states = np.full((4, 10), -1.0)
    with pytest.raises(SkippedError):
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
    assert told.why_not("slow_curve") and "branches" not in records


@pytest.mark.parametrize("input", [(1.0, 0.5, 0.6), (0.0, 0.5, 0.5), (1.0, 0.9, 0.1)])
def test_an_input_that_is_no_stimulus_of_the_task_is_not_continued(input):
    records = results(only("branches", input=np.array(input)))
    assert list(records) == ["analyses"] and records["analyses"].why_not("branches")


def test_without_fixed_points_at_the_frozen_input_branches_start_at_the_strongest_stimulus():
    """The points at the frozen input are on the branch, though nothing is told of them."""
    points = whole()[0].points
    branches = results(only("branches", points=points[:0]))["branches"]
    starts = branches.parameters[np.asarray(branches.arclength) == 0]
    assert np.abs(starts).tolist() == [51.2] * branches.n_branches
    known = np.asarray(points.fixed.states)
    np.testing.assert_allclose(branches.states_at(0.0), known, atol=1e-5)


def test_without_any_fixed_point_there_is_nothing_to_continue():
    """r = relu(2 r + u) has no solution where u is positive."""
    plain = sx.networks.CTRNN(3, 6, 3, activation="relu", dt=TASK.dt, key=jax.random.key(3))
    network = eqx.tree_at(
        lambda n: (n.recurrent_weights, n.input_weights, n.bias),
        plain,
        (2 * jnp.eye(6), jnp.ones((6, 3)), jnp.zeros(6)),
    )
    bare = only("branches", "graph", network=network, points=whole()[0].points[:0])
    assert set(results(bare)["analyses"].outcome) == {"skipped"}


@pytest.mark.parametrize(
    "error", [sx.InvalidInputError("of another size"), ZeroDivisionError("by zero")]
)
def test_a_stage_that_fails_leaves_a_reason_and_the_others(monkeypatch, error):
    monkeypatch.setattr(geometry, "fixed_point_graph", raising(error))
    records = results(only("graph", "lyapunov"))
    told = records["analyses"]
    assert told.outcome.tolist() == ["skipped", "skipped", "failed", "done"]
    assert str(error) in told.why_not("fixed_point_graph")
    assert "lyapunov_spectrum" in records


def test_an_interruption_is_none_of_a_stages_failures(monkeypatch):
    monkeypatch.setattr(geometry, "fixed_point_graph", raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        results(only("graph"))


def raising(error):
    def fail(*arguments, **settings):
        raise error

    return fail
