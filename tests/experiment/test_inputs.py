"""The inputs that an analysis freezes: by the name of a period, by channels, or by numbers."""

import re

import pytest
from small_experiment import SETTINGS

import separatrix as sx
from separatrix.experiment import Experiment, Setup, experiment_names
from separatrix.experiment.inputs import frozen_inputs

MEMORY = [1.0] + 84 * [0.0]
MEMORY[sx.tasks.Yang2019().channels.index("rule delaygo")] = 1.0
CONTEXTS = {"motion": [1, 0.5, 0.5, 0.5, 0.5, 1, 0], "color": [1, 0.5, 0.5, 0.5, 0.5, 0, 1]}
SHIPPED = {
    "barak2013": [1, 0],
    "maheswaranathan2019": [0, 0, 0],
    "mante2013": CONTEXTS,
    "recorded": [0, 0],
    "song2016": [1, 0.5, 0.5],
    "sussillo2013": [0, 0, 0],
    "yang2019": MEMORY,
    "yang2019-small": MEMORY,
    "yang2020": [1, 0.5, 0.5],
    "yang2020-line": [1, 0.5, 0.5],
    "yang2020-pytorch": [1, 0.5, 0.5],
}


def settings(given=None, **task):
    analysis = SETTINGS["analysis"] | ({} if given is None else {"input": given})
    return Experiment.from_dict(
        SETTINGS | {"analysis": analysis, "task": SETTINGS["task"] | task}, "my.toml"
    )


@pytest.mark.runs
@pytest.mark.parametrize("name", experiment_names())
def test_the_experiments_that_come_with_the_package_freeze_these(name):
    experiment, expected = Experiment.named(name), SHIPPED[name]
    for variant in experiment.variants or [None]:
        setup = Setup(experiment.variant(variant) if variant else experiment)
        assert setup.input == (expected[variant] if isinstance(expected, dict) else expected)


@pytest.mark.parametrize(
    ("given", "names", "values"),
    [
        ("stimulus", ["stimulus"], [[1, 0.5, 0.5]]),
        ([1, 0.6, 0.4], ["input"], [[1, 0.6, 0.4]]),
        ({"stimulus 2": 0.3}, ["input"], [[0, 0, 0.3]]),
        ({"period": "stimulus", "stimulus 1": 0.6}, ["stimulus"], [[1, 0.6, 0.5]]),
        (
            ["stimulus", "fixation", [0, 0, 0], {"period": "stimulus", "fixation": 0}],
            ["stimulus", "fixation", "input", "stimulus 2"],
            [[1, 0.5, 0.5], [1, 0, 0], [0, 0, 0], [0, 0.5, 0.5]],
        ),
    ],
)
def test_an_input_is_given_by_name_by_channels_or_by_numbers(given, names, values):
    experiment = settings(given)
    setup = Setup(experiment)
    assert setup.inputs.names.tolist() == names
    assert setup.inputs.values.tolist() == values
    assert setup.input == values[0]
    again = Experiment.from_dict(setup.experiment.to_dict(), "again.toml")
    assert Setup(again).inputs.values.tolist() == values  # as executed it is the same


def test_the_default_is_the_period_before_the_answer():
    assert Setup(settings()).experiment.analysis.input == "stimulus"
    late = Setup(settings(delay=300.0))
    assert (late.experiment.analysis.input, late.input) == ("delay", [1, 0, 0])


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("stimulsu", "'stimulus'"),
        ("delay", "delay"),
        ({"fixation": "on"}, "fixation"),
        ([1, 0], "3 values"),
    ],
)
def test_what_is_no_input_is_refused_in_a_line(given, word):
    with pytest.raises(sx.InvalidInputError, match=f"^analysis.input in my.toml: .*{word}.*$"):
        Setup(settings(given))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"period": "dealy"}, "period in my.toml is 'dealy'; the task's periods are fixation, "),
        ({"duration": 1e300}, "duration in my.toml: a duration of 1e+298 steps is too long: "),
    ],
)
def test_what_no_question_can_ask_is_refused_before_the_training(question, words):
    analysis = SETTINGS["analysis"] | {"question": question}
    with pytest.raises(sx.InvalidInputError, match=re.escape("analysis.question." + words)):
        Setup(Experiment.from_dict(SETTINGS | {"analysis": analysis}, "my.toml"))


def test_a_task_whose_rules_are_mixed_asks_for_channels():
    with pytest.raises(sx.InvalidInputError, match="channels"):
        frozen_inputs("trial", sx.tasks.Yang2019())
