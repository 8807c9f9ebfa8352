import jax
import numpy as np
import pytest

import separatrix as sx

Task = sx.tasks.PerceptualDecisionMaking


def test_the_primers_trial_has_22_steps_of_100_ms(task, key):
    trials = task.trials(7, key=key)
    assert trials.inputs.shape == (7, 22, 3)
    assert task.period_steps() == {
        "fixation": (0, 1),
        "stimulus": (1, 21),
        "delay": (21, 21),
        "decision": (21, 22),
    }
    assert (np.asarray(trials.targets)[:, :21] == 0).all()
    assert (np.asarray(trials.targets)[:, 21] == np.asarray(trials.conditions["choice"]) + 1).all()
    assert (np.asarray(trials.scored).sum(1) == 1).all()


def test_a_step_is_not_lost_to_rounding():
    # 0.6 / 0.1 is 5.999…: six steps all the same
    task = Task(dt=0.1, fixation=0.6, stimulus=1.2, decision=0.3)
    assert [stop - start for start, stop in task.period_steps().values()] == [6, 12, 0, 3]


def test_channels_carry_the_evidence_that_the_reference_states(key):
    task = Task(noise=0.0, delay=300.0)
    trials = task.trials(200, key=key)
    x, c = np.asarray(trials.inputs), np.asarray(trials.conditions["coherence"])
    first = np.asarray(trials.conditions["choice"]) == 0
    difference = x[:, 1:21, 1] - x[:, 1:21, 2]
    np.testing.assert_allclose(difference, np.where(first, c, -c)[:, None] / 100 + 0 * difference,
                               atol=1e-6)  # fmt: skip
    np.testing.assert_allclose(x[:, 1:21, 1:].sum(-1), 1.0, atol=1e-6)
    assert (x[:, :24, 0] == 1).all()
    assert (x[:, 24:, 0] == 0).all()
    assert (x[:, 21:, 1:] == 0).all()


def test_noise_has_variance_sigma_squared_over_dt_on_every_channel_and_step(key):
    dt, noise = 20.0, 0.5
    kwargs = {"dt": dt, "stimulus": 500.0}
    noisy = np.asarray(Task(noise=noise, **kwargs).trials(4000, key=key).inputs)
    clean = np.asarray(Task(noise=0.0, **kwargs).trials(4000, key=key).inputs)
    deviation = (noisy - clean).std(0)
    np.testing.assert_allclose(deviation, noise / np.sqrt(dt), rtol=0.08)


def test_neurogyms_noise_is_on_the_stimuli_during_the_stimulus_only(key):
    kwargs = {"fixation": 300.0, "delay": 200.0}
    noisy = np.asarray(Task(noise_on="stimulus", **kwargs).trials(500, key=key).inputs)
    clean = np.asarray(Task(noise=0.0, **kwargs).trials(500, key=key).inputs)
    deviation = (noisy - clean).std(0)
    on = np.zeros(deviation.shape, bool)
    on[3:23, 1:] = True
    assert (deviation[~on] == 0).all()
    np.testing.assert_allclose(deviation[on], 0.1, rtol=0.15)


def test_conditions_are_uniform(task, key):
    trials = task.trials(20_000, key=key)
    coherence, choice = (np.asarray(trials.conditions[k]) for k in ("coherence", "choice"))
    levels, counts = np.unique(coherence, return_counts=True)
    np.testing.assert_allclose(levels, [0, 6.4, 12.8, 25.6, 51.2], rtol=1e-6)
    assert abs(counts / 20_000 - 0.2).max() < 0.01
    assert abs(choice.mean() - 0.5) < 0.015


def test_the_optimal_rule_reaches_the_ideal_observers_accuracy(key):
    task, bound = Task(stimulus=500.0), 0.864539
    trials = task.trials(20_000, key=key)
    right = np.asarray(task.ideal_choice(trials.inputs)) == np.asarray(trials.conditions["choice"])
    assert abs(right.mean() - bound) < 0.005
    assert task.ideal_mean_accuracy == pytest.approx(bound, abs=1e-6)


def test_ideal_accuracy_by_coherence(task):
    expected = [0.5, 0.978508, 0.999974, 1, 1]
    np.testing.assert_allclose(task.ideal_accuracy(np.array(task.coherences)), expected, atol=1e-6)


def test_the_ideal_observer_does_not_depend_on_dt():
    accuracies = [Task(dt=dt).ideal_mean_accuracy for dt in (1, 10, 50, 100)]
    np.testing.assert_allclose(accuracies, accuracies[0], rtol=1e-12)


def test_more_choices(key):
    choices = 3
    task = Task(num_choices=choices, noise=0.3)
    trials = task.trials(500, key=key)
    assert trials.inputs.shape[-1] == task.num_inputs == choices + 1
    assert task.num_outputs == choices + 1
    assert set(np.asarray(trials.conditions["choice"]).tolist()) == set(range(choices))
    easy = np.asarray(trials.conditions["coherence"]) > 50
    right = np.asarray(task.ideal_choice(trials.inputs)) == np.asarray(trials.conditions["choice"])
    assert right[easy].mean() > 0.95


def test_no_closed_form_for_three_choices():
    with pytest.raises(sx.InvalidInputError, match="2 choices only"):
        Task(num_choices=3).ideal_accuracy(5.0)


def test_evidence_input(task):
    np.testing.assert_allclose(task.evidence_input(0.0), [1, 0.5, 0.5])
    np.testing.assert_allclose(task.evidence_input(51.2, 1), [1, 0.244, 0.756])


def test_the_evidence_input_of_delayed_answers_is_what_their_stimulus_shows_without_noise():
    task = sx.tasks.PerceptualDecisionMakingDelayResponse(noise=0.0, coherences=(12.8,))
    trials = task.trials(8, key=jax.random.key(0))
    for shown, choice in zip(trials.inputs, trials.conditions["choice"], strict=True):
        np.testing.assert_allclose(task.evidence_input(12.8, int(choice)), shown[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"dt": 0.0}, "dt must be positive, got 0 ms"),
        (
            {"dt": 50.0, "fixation": 10.0, "decision": 20.0},
            r"fixation period \(10 ms\) .* Use a dt of at most 10 ms, .* longer, or 0 ms to leave",
        ),
        ({"decision": 0.0}, "needs a decision period"),
        ({"num_choices": 2.7}, "num_choices must be a whole number of at least 2, got 2.7"),
        ({"delay": [100.0, 200.0]}, r"delay must be a number, got \[100"),
        ({"coherences": (120.0,)}, "each of coherences must be between 0 and 100, got 120"),
        ({"cue": "fixation"}, "cue must be a list of names, got 'fixation'"),
        ({"noise_on": "cue"}, '"all" or "stimulus"'),
        ({"cue": ("fixaton",)}, "periods that do not exist: fixaton"),
    ],
)
def test_settings_that_make_no_task(arguments, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        Task(**arguments)
