"""The mean input of a period, and inputs in words."""

import numpy as np
import pytest

import separatrix as sx

T = sx.tasks
PDM = T.PerceptualDecisionMaking(delay=500.0)


KNOWN = {"fixation": [1, 0, 0], "stimulus": [1, 0.5, 0.5], "delay": [1, 0, 0], "decision": [0] * 3}


@pytest.mark.parametrize("period", PDM.periods)
def test_many_trials_tell_the_input_that_is_known(period):
    """Evidence for either choice cancels, noise or not, to the last digit."""
    assert PDM.period_input(period).tolist() == KNOWN[period]


@pytest.mark.parametrize(
    ("task", "period", "said"),
    [
        (T.DelayMatchSample(), "sample", "fixation 1, both stimuli 0.5"),  # a condition, too
        (T.ContextDecisionMaking(), "decision", "both contexts 0.5, all else 0"),  # after a delay
        (T.DelayComparison(delay=[200.0, 400.0]), "stimulus2", "fixation 1, stimulus 0.75"),
        (T.FlipFlop(), "memory", "all inputs 0"),
    ],
)
def test_the_mean_of_a_period(task, period, said):
    assert task.describe_input(task.period_input(period)) == said


@pytest.mark.parametrize(
    ("task", "period"),
    [
        (T.PerceptualDecisionMaking(), "stimulus"),
        (PDM, "delay"),
        (T.MultiSensoryIntegration(), "stimulus"),
        (T.DelayComparison(), "stimulus2"),
        (T.FlipFlop(), "memory"),  # scored from the beginning
    ],
)
def test_the_period_before_the_answer(task, period):
    assert task.period_before_answer == period


@pytest.mark.parametrize(
    ("task", "values", "said"),
    [
        (T.PerceptualDecisionMaking(), [1, 0.5, 0.5], "fixation 1, both stimuli 0.5"),
        (
            T.PerceptualDecisionMaking(),
            [1, 0.756, 0.244],
            "fixation 1, stimulus 1 = 0.756, stimulus 2 = 0.244",
        ),
        (T.PerceptualDecisionMaking(num_choices=3), [0] * 4, "all inputs 0"),
        (T.DelayComparison(), [1, 0], "fixation 1, stimulus 0"),
        (
            T.ContextDecisionMaking(),
            [1, 0.5, 0.5, 0.5, 0.5, 1, 0],
            "fixation 1; modality 1, both stimuli 0.5; modality 2, both stimuli 0.5; context 1 = 1"
            "; context 2 = 0",
        ),
        (
            T.Yang2019(),
            [1, *np.linspace(0, 0.8, 32), *[0] * 34, 1, *[0] * 17],
            "fixation 1; modality 1, 32 directions between 0 and 0.8; rule delaygo 1; all else 0",
        ),
    ],
)
def test_an_input_in_words(task, values, said):
    assert task.describe_input(values) == said


@pytest.mark.parametrize(
    ("task", "period", "channels", "expected"),
    [
        (PDM, "stimulus", {}, [1, 0.5, 0.5]),
        (PDM, "stimulus", {"stimulus_1": 0.7}, [1, 0.7, 0.5]),
        (PDM, "stimulus", {"stimulus 1": 0.7}, [1, 0.7, 0.5]),
        (PDM, None, {"stimulus_2": 1, "fixation": -1.5}, [-1.5, 0, 1]),
        (PDM, None, {}, [0, 0, 0]),
        (
            T.ContextDecisionMaking(),
            "stimulus",
            {"modality_1_stimulus_2": 1.0, "context_1": 1, "context_2": 0},
            [1, 0.5, 1.0, 0.5, 0.5, 1, 0],
        ),
    ],
)
def test_an_input_by_its_period_and_its_channels(task, period, channels, expected):
    assert task.input_at(period, **channels).tolist() == expected


@pytest.mark.parametrize("network", [sx.networks.CTRNN, sx.networks.GRU, sx.networks.LowRankRNN])
def test_a_network_is_frozen_at_a_period_of_a_task(network, key):
    rank = {"rank": 1} if network is sx.networks.LowRankRNN else {}
    net = network(3, 4, 3, dt=PDM.dt, key=key, **rank)
    names = ("at_input", "flow_at_input", "latent_at_input")
    for freeze in [getattr(net, name) for name in names if hasattr(net, name)]:
        assert freeze("stimulus", task=PDM).input.tolist() == [1, 0.5, 0.5]
        assert freeze([1, 0, 0], task=PDM).input.tolist() == [1, 0, 0]
        with pytest.raises(sx.InvalidInputError, match=r"task\.input_at\('stimulus', …\)"):
            freeze("stimulus")
