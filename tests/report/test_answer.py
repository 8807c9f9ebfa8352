from pathlib import Path

import numpy as np
import pytest
from sample_records import RECORDS, network

import separatrix as sx
from separatrix.analysis.verdicts.sentences import headline
from separatrix.report.answer import details, opening, summary
from separatrix.store import Run

EXPERIMENT = {
    "name": "small",
    "task": {"name": "PerceptualDecisionMaking", "dt": 100.0},
    "analysis": {
        "input": [1.0, 0.5, 0.5],
        "question": {"claim": "line", "along": "PC1", "paper": "Yang & Wang (2020)"},
    },
}
ACROSS = np.eye(6) - np.full((6, 6), 1 / 6)
FLOWS = {
    "point": lambda x: -x,
    "still": lambda x: -1e-6 * x,
    "line": lambda x: -ACROSS @ x,
    "diverging": lambda x: x,
}


def told(claim="line", verdict=None):
    records = dict(RECORDS)
    records["verdict"] = records["verdict"] if verdict is None else verdict
    experiment = EXPERIMENT | {
        "analysis": EXPERIMENT["analysis"]
        | {"question": EXPERIMENT["analysis"]["question"] | {"claim": claim}}
    }
    return Run(Path("/nowhere/run"), experiment, network(), records, {})


def verdict_of(flow, duration=20.0):
    states = np.random.default_rng(0).normal(size=(30, 6))
    return sx.verdict(sx.Flow(flow, size=6), states, duration=duration)


def test_a_report_opens_with_the_question_the_answer_and_how_it_is_known():
    first = opening(told())
    assert first.network.startswith("A CTRNN of 6 units")
    assert "where the ideal observer answers" in first.network
    assert first.question == (
        "Yang & Wang (2020) found a line attractor along PC1. "
        "Does a line attractor hold the states over 50 ms?"
    )
    assert first.answer == (
        "The states come to rest at one stable point over 50 ms; no line attractor."
    )
    why, known, judged = first.evidence
    assert why == f"What decides it: {RECORDS['verdict'].why('line')}."
    assert known == (
        "How this is known: 4 states were followed without noise; "
        "the ends that they reach are proved."
    )
    assert judged == " ".join(RECORDS["judgment"].sentences)


def test_what_else_was_found_says_what_is_kept_each_period_and_the_points():
    kept, trial, holds = details(told())
    assert kept.startswith("Over 50 ms, the states' differences along the axis are not kept")
    assert holds.startswith("At the input “fixation 1, both stimuli 0.5”: ")
    assert trial.startswith(
        "Period by period, the states move by this share of the activity's extent"
    )
    assert "“stimulus” 93 % (choice 81 %, coherence 35 %)" in trial


def test_a_line_that_holds_is_compared_with_the_first_component():
    first = np.asarray(RECORDS["principal_components"].components)[0]
    across = np.eye(6) - np.outer(first, first)
    held = verdict_of(lambda x: -across @ x)
    assert held.held == "line"
    said = opening(told(verdict=held))
    assert said.answer.startswith("A line attractor holds the states where they are over 20 τ")
    assert said.evidence[0] == "The states extend along PC1 (|cos| 1.00)."


@pytest.mark.parametrize("held", FLOWS)
def test_what_is_found_comes_first_and_what_is_not_comes_last(held):
    verdict = verdict_of(FLOWS[held])
    assert verdict.held == held
    for claimed in ("line", "point", "cycle"):
        said, is_true = headline(verdict, claimed), verdict.is_held_by(claimed) == "yes"
        assert said.startswith(headline(verdict).removesuffix("."))
        assert (said == headline(verdict)) == is_true
        assert said.count("20 τ") <= 1 and said.count(".") == 1


def test_without_a_duration_it_is_asked_where_states_end():
    said = opening(told(claim=None, verdict=verdict_of(FLOWS["point"], None)))
    assert said.question == "Where do the states end?"
    assert said.answer == "All states end at one stable point."


def test_a_word_that_is_not_of_a_continuous_attractor_is_named_as_claimed():
    said = opening(told(claim="points", verdict=verdict_of(FLOWS["diverging"])))
    assert said.question.endswith("What holds the states over 20 τ? It is claimed: stable points.")
    assert said.answer.endswith("; what is claimed (stable points) is not true within 20 τ.")


def test_without_a_verdict_nothing_is_said_of_it():
    experiment, records = EXPERIMENT | {"analysis": {}}, dict(RECORDS)
    for name in ("verdict", "frozen_inputs", "trial_periods", "judgment"):
        del records[name]
    said = summary(Run(Path("/nowhere/run"), experiment, network(), records, {}))
    assert len(said) == 2
    assert "2 slow points" in said[1]


def test_where_states_end_in_several_ways_each_way_is_said_once():
    rates = np.array([0.3, -1.0])
    mostly = np.concatenate([np.linspace(1, 2, 29), [0.0]])[:, None] * [1.0, 0.0] + [0.0, 1.0]
    verdict = sx.verdict(sx.Flow(lambda x: rates * x, size=2), mostly, duration=20.0)
    assert verdict.held == "diverging"
    said = headline(verdict)
    assert said.startswith("In the long run, 97 % of the states leave for infinity and 3 % ")
    assert said.count("infinity") == 1
