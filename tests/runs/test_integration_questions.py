"""The questions of behavior, context and memory, on networks that were put together by hand."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sample_records import fixed_points

import separatrix as sx
from separatrix.experiment.questions import all_questions
from separatrix.experiment.settings import AnalysisSettings
from separatrix.experiment.subject import Subject
from separatrix.plan import SkippedError

GAIN = 0.25


def wired(num_inputs, num_outputs, recurrent, inputs, readout, start):
    """Return a network of rectified units with dt = tau and the given weights."""
    size, settings = len(recurrent), {"tau": 50.0, "dt": 50.0, "trainable_initial_state": True}
    made = sx.networks.CTRNN(num_inputs, size, num_outputs, key=jax.random.key(0), **settings)
    weights = recurrent, inputs, np.zeros(size), *readout, start
    return eqx.tree_at(
        lambda n: (
            n.recurrent_weights,
            n.input_weights,
            n.bias,
            n.readout_weights,
            n.readout_bias,
            n.trained_initial_state,
        ),
        made,
        tuple(jnp.asarray(array, jnp.float32) for array in weights),
    )


def gated_integrator(shut=-10.0):
    """Units: an integrator, which starts at 20; the four stimuli, shut by the other context; cue.

    A step adds GAIN times the difference of the stimuli of the modality that counts.
    """
    recurrent = np.zeros((6, 6))
    recurrent[0] = [1, GAIN, -GAIN, GAIN, -GAIN, 0]
    inputs = np.zeros((6, 7))
    inputs[1:5, 1:5] = np.eye(4)
    inputs[1:3, 6] = inputs[3:5, 5] = shut
    inputs[5, 0] = 1
    readout = np.zeros((3, 6))
    readout[0, 5], readout[1, 0], readout[2, 0] = 1000, 1, -1
    return wired(7, 3, recurrent, inputs, (readout, [0.0, -20.0, 20.0]), [20, 0, 0, 0, 0, 0])


def subject_of(network, task, input, n=60):
    activity = sx.simulate(network, task.trials(n, key=jax.random.key(1)))
    points = fixed_points(np.zeros((1, network.num_units)), ["fixed"])
    system, settings = network.at_input(input), AnalysisSettings(test_trials=200)
    given = np.array(input, float)
    return Subject(task, network, system, given, activity, points, settings, jax.random.key(2))


def another_subject():
    """Of a task that has neither contexts nor a memory."""
    network = sx.networks.CTRNN(3, 4, 3, key=jax.random.key(0))
    return subject_of(network, sx.tasks.PerceptualDecisionMaking(), [1.0, 0.5, 0.5], n=4)


CONTEXTS = {
    0: [1.0, 0.5, 0.5, 0.5, 0.5, 1.0, 0.0],
    1: [1.0, 0.5, 0.5, 0.5, 0.5, 0.0, 1.0],
}
TASK = sx.tasks.ContextDecisionMaking(
    dt=50.0, fixation=100.0, stimulus=[300.0, 600.0], delay=0.0, noise=0.1
)


@pytest.mark.parametrize("context", [0, 1])
def test_a_perfect_integrator_holds_a_line_and_its_context_lets_one_input_in(context):
    subject = subject_of(gated_integrator(), TASK, CONTEXTS[context])
    curve, gating = (
        all_questions()["choice_curve"](subject),
        all_questions()["input_gating"](subject),
    )
    assert (curve.outcomes == "fixed").all()
    np.testing.assert_allclose(curve.axis, [2, 0, 0, 0, 0, 0])
    assert all_questions()["choice_curve"](subject) is curve  # which two more questions need
    assert sx.verdict(subject.system, curve.states, duration=750.0).held == "line"
    assert gating.relevant == context
    np.testing.assert_allclose(gating.direction.real, np.tile(np.eye(6)[0], (len(gating), 1)))
    np.testing.assert_allclose(gating.drive[:, context].real, GAIN, rtol=1e-9)
    np.testing.assert_allclose(gating.drive[:, 1 - context], 0, atol=1e-12)
    np.testing.assert_allclose(gating.axis_alignment, 1)


def test_skips_what_has_no_context_in_it():
    evidence = subject_of(gated_integrator(), TASK, [1.0, 0.6, 0.4, 0.5, 0.5, 1.0, 0.0], n=4)
    contexts, memories = (
        ("choice_curve", "input_gating", "context_averages"),
        ("memory_curve", "frequency_memory"),
    )
    asked = [(name, evidence, "context") for name in contexts]
    asked += [(name, another_subject(), "ContextDecisionMaking") for name in contexts]
    asked += [(name, another_subject(), "DelayComparison") for name in memories]
    for name, subject, word in asked:
        with pytest.raises(SkippedError, match=word):
            all_questions()[name](subject)


def test_averages_go_where_the_evidence_leads():
    """Contexts that weaken the other input by half: it has an axis, and biases the choice less."""
    network = gated_integrator(shut=-0.1)  # never below zero: without effect on the gain
    averages = all_questions()["context_averages"](subject_of(network, TASK, CONTEXTS[0], n=20))
    assert averages.names == ("choice", "modality 1", "modality 2")
    relevant = averages.by("modality 1")
    np.testing.assert_allclose(relevant.value, [-50, -15, -5, 5, 15, 50])
    assert (np.diff(relevant.positions[:, -1, 0]) > 0).all()
    np.testing.assert_allclose(averages.positions[:, 0], 0, atol=0.5)
    np.testing.assert_allclose(averages.axes[0], np.eye(6)[0], atol=1e-9)


def holds_a_sum():
    """Two units: the sum of the stimulus so far, and the cue."""
    inputs = [[0.0, 0.2], [1.0, 0.0]]
    return wired(2, 3, np.diag([1.0, 0.0]), inputs, (np.zeros((3, 2)), np.zeros(3)), [0, 0])


def test_a_sum_is_a_perfect_memory():
    task = sx.tasks.DelayComparison(dt=50.0, noise=0.0)
    subject = subject_of(holds_a_sum(), task, [1.0, 0.0])
    curve, memory = (
        all_questions()["memory_curve"](subject),
        all_questions()["frequency_memory"](subject),
    )
    assert (curve.outcomes == "fixed").all()
    assert memory.values.tolist() == [10, 14, 18, 22, 26, 30, 34]
    assert (memory.order == 1).all() and (memory.decoded == 1).all()
    np.testing.assert_allclose(memory.drift, 0, atol=1e-6)
    # 500 ms of the 3000 ms of the delay are left for the network to settle
    assert (memory.positions.shape[1] - 1) * memory.dt == 2450
    assert sx.verdict(subject.system, curve.states, duration=1000.0).held == "line"
    with pytest.raises(SkippedError, match=r"\[1, 0\]"):
        all_questions()["frequency_memory"](subject_of(holds_a_sum(), task, [1.0, 0.5], n=4))
