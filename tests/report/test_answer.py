from pathlib import Path

import numpy as np
from sample_records import RECORDS, network

import separatrix as sx
from separatrix.report.answer import summary
from separatrix.store import Run

EXPERIMENT = {
    "name": "small",
    "task": {"name": "PerceptualDecisionMaking", "dt": 100.0},
    "analysis": {
        "input": [1.0, 0.5, 0.5],
        "question": {"claim": "line", "along": "PC1", "paper": "Yang & Wang (2020)"},
    },
}


def told(claim="line", verdict=None):
    records = dict(RECORDS)
    records["verdict"] = records["verdict"] if verdict is None else verdict
    experiment = EXPERIMENT | {
        "analysis": EXPERIMENT["analysis"]
        | {"question": EXPERIMENT["analysis"]["question"] | {"claim": claim}}
    }
    run = Run(Path("/nowhere/run"), experiment, network(), records, {})
    return [sentence.unescape() for sentence in summary(run)]


def test_a_report_opens_with_what_was_learned_found_and_held():
    learned, *held, trial, claimed, judged, holds = told()
    assert judged == " ".join(RECORDS["judgment"].sentences)
    assert learned.startswith("A CTRNN of 6 units")
    assert "where the ideal observer answers" in learned
    assert holds.startswith("At the input “fixation 1, both stimuli 0.5”: ")
    assert trial.startswith(
        "Period by period, the states move by this share of the activity's extent"
    )
    assert "“stimulus” 93 % (choice 81 %, coherence 35 %)" in trial
    assert tuple(held) == RECORDS["verdict"].sentences
    assert claimed == (
        "Yang & Wang (2020) found a line attractor along PC1. Is it so in this network over 50 ms? "
        f"No: {RECORDS['verdict'].why('line')}."
    )


def test_a_line_that_holds_is_compared_with_the_first_component():
    first = np.asarray(RECORDS["principal_components"].components)[0]
    across = np.eye(6) - np.outer(first, first)
    line = sx.Flow(lambda x: -across @ x, size=6)
    held = sx.verdict(line, np.random.default_rng(0).normal(size=(30, 6)), duration=20.0)
    assert held.held == "line"
    *_, claimed, _, _ = told(verdict=held)
    assert claimed.endswith("over 20 τ? Yes, and it extends along PC1 (|cos| 1.00).")


def test_what_is_no_line_is_answered_by_the_number_that_fails():
    slow = sx.Flow(lambda x: -1e-6 * x, size=6)
    held = sx.verdict(slow, np.random.default_rng(0).normal(size=(30, 6)), duration=20.0)
    *_, claimed, _, _ = told(verdict=held)
    assert held.held == "still"
    assert claimed.endswith(f"No: {held.why('line')}.")


def test_without_a_verdict_nothing_is_said_of_it():
    experiment, records = EXPERIMENT | {"analysis": {}}, dict(RECORDS)
    for name in ("verdict", "frozen_inputs", "trial_periods", "judgment"):
        del records[name]
    said = summary(Run(Path("/nowhere/run"), experiment, network(), records, {}))
    assert len(said) == 2
    assert "2 slow points" in said[1]
