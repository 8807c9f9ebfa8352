import jax
import numpy as np
import pytest

import separatrix as sx

Task = sx.tasks.PerceptualDecisionMaking


def test_the_primers_trial_has_22_steps_of_100_ms(task, key):
    trials = task.trials(7, key=key)
    assert trials.inputs.shape == (7, 22, 3)
    periods = {"fixation": (0, 1), "stimulus": (1, 21), "delay": (21, 21), "decision": (21, 22)}
    assert task.period_steps() == periods
    targets = np.asarray(trials.targets)
    assert (targets[:, :21] == 0).all()
    assert (targets[:, 21] == np.asarray(trials.conditions["choice"]) + 1).all()
    assert (np.asarray(trials.scored).sum(1) == 1).all()


def test_a_step_is_not_lost_to_rounding():
    # 0.6 / 0.1 is 5.999…: six steps all the same
    task = Task(dt=0.1, fixation=0.6, stimulus=1.2, decision=0.3)
    assert [stop - start for start, stop in task.period_steps().values()] == [6, 12, 0, 3]


def test_channels_carry_the_evidence_that_the_reference_states(key):
    trials = Task(noise=0.0, delay=300.0).trials(200, key=key)
    x, c = np.asarray(trials.inputs), np.asarray(trials.conditions["coherence"])
    signed = np.where(np.asarray(trials.conditions["choice"]) == 0, c, -c)[:, None] / 100
    expected = np.zeros_like(x)
    expected[:, :24, 0] = 1
    expected[:, 1:21, 1] = (1 + signed) / 2
    expected[:, 1:21, 2] = (1 - signed) / 2
    np.testing.assert_allclose(x, expected, atol=1e-6)


def deviation(trials, key, **settings):
    """Return the standard deviation of the noise of each step and channel."""
    noisy, clean = (
        np.asarray(Task(**settings | silent).trials(trials, key=key).inputs)
        for silent in ({}, {"noise": 0.0})
    )
    return (noisy - clean).std(0)


def test_noise_has_variance_sigma_squared_over_dt_on_every_channel_and_step(key):
    found = deviation(4000, key, dt=20.0, noise=0.5, stimulus=500.0)
    np.testing.assert_allclose(found, 0.5 / np.sqrt(20.0), rtol=0.08)


def test_neurogyms_noise_is_on_the_stimuli_during_the_stimulus_only(key):
    found = deviation(500, key, noise_on="stimulus", fixation=300.0, delay=200.0)
    np.testing.assert_allclose(found[3:23, 1:], 0.1, rtol=0.15)
    found[3:23, 1:] = 0
    assert not found.any()


def test_conditions_are_uniform(task, key):
    trials = task.trials(20_000, key=key)
    coherence, choice = (np.asarray(trials.conditions[k]) for k in ("coherence", "choice"))
    levels, counts = np.unique(coherence, return_counts=True)
    np.testing.assert_allclose(levels, [0, 6.4, 12.8, 25.6, 51.2], rtol=1e-6)
    assert abs(counts / 20_000 - 0.2).max() < 0.01
    assert abs(choice.mean() - 0.5) < 0.015


def test_the_ideal_observer_in_theory_whatever_the_time_step(task):
    expected = [0.5, 0.978508, 0.999974, 1, 1]
    np.testing.assert_allclose(task.ideal_accuracy(np.array(task.coherences)), expected, atol=1e-6)
    accuracies = [Task(dt=dt).ideal_mean_accuracy for dt in (1, 10, 50, 100)]
    np.testing.assert_allclose(accuracies, accuracies[0], rtol=1e-12)


def test_three_choices_have_no_closed_form(key):
    task = Task(num_choices=3, noise=0.3)
    trials = task.trials(500, key=key)
    assert trials.inputs.shape[-1] == task.num_inputs == task.num_outputs == 4
    choice, easy = (np.asarray(trials.conditions[k]) for k in ("choice", "coherence"))
    assert set(choice.tolist()) == {0, 1, 2}
    right = np.asarray(task.ideal_choice(trials.inputs)) == choice
    assert right[easy > 50].mean() > 0.95
    with pytest.raises(sx.InvalidInputError):
        task.ideal_accuracy(5.0)


def test_evidence_input(task):
    np.testing.assert_allclose(task.evidence_input(0.0), [1, 0.5, 0.5])
    np.testing.assert_allclose(task.evidence_input(51.2, 1), [1, 0.244, 0.756])


def test_the_evidence_input_of_delayed_answers_is_what_their_stimulus_shows_without_noise():
    task = sx.tasks.PerceptualDecisionMakingDelayResponse(noise=0.0, coherences=(12.8,))
    trials = task.trials(8, key=jax.random.key(0))
    for shown, choice in zip(trials.inputs, trials.conditions["choice"], strict=True):
        np.testing.assert_allclose(task.evidence_input(12.8, int(choice)), shown[0], rtol=1e-6)
