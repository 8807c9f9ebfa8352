import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sample_records import RECORDS, network

from separatrix.report.answer import sentences
from separatrix.report.story import Story
from separatrix.store import Run

EXPERIMENT = {
    "name": "small",
    "task": {"name": "PerceptualDecisionMaking", "dt": 100.0},
    "analysis": {
        "input": [1.0, 0.5, 0.5],
        "question": {"claim": "line", "along": "PC1", "paper": "Yang & Wang (2020)"},
    },
}


def told(claim="line", **changes):
    records = dict(RECORDS)
    records["verdict"] = dataclasses.replace(records["verdict"], **changes)
    experiment = EXPERIMENT | {
        "analysis": EXPERIMENT["analysis"]
        | {"question": EXPERIMENT["analysis"]["question"] | {"claim": claim}}
    }
    run = Run(Path("/nowhere/run"), experiment, network(), records, {})
    return [sentence.unescape() for sentence in sentences(Story(run))]


def test_a_report_opens_with_what_was_learned_found_and_held():
    learned, holds, held, claimed = told(held="cycle", answer="no", period=200.0)
    assert learned.startswith("A CTRNN of 6 units")
    assert "where the ideal observer answers" in learned
    assert "At the input “fixation 1, both stimuli 0.5” its state space holds" in holds
    assert held.startswith("Is it a line attractor over 50 ms? No, it is a cycle:")
    assert claimed == (
        "Yang & Wang (2020) found a line attractor along PC1: that does not hold in this network."
    )


@pytest.mark.parametrize("answer", ["yes", "approximately"])
def test_a_line_that_holds_is_compared_with_the_first_component(answer):
    first = np.asarray(RECORDS["components"].components)[0]
    *_, held, claimed = told(held="line", answer=answer, still=0.02, direction=first)
    assert held.startswith(f"Is it a line attractor over 50 ms? {answer.capitalize()}: states move")
    assert claimed.endswith(", and it extends along PC1 (|cos| 1.00).")


def test_discrete_attractors_are_many():
    *_, held, _ = told("points", held="points", answer="no", places=8)
    assert held.startswith(
        "Are they discrete attractors over 50 ms? Yes: states come to rest at 8 places."
    )


def test_what_is_unknown_has_its_reason():
    *_, held, claimed = told(held="unknown", answer="unknown", doubt="few states")
    assert held.startswith("Is it a line attractor over 50 ms? Unknown, because fewer than three")
    assert claimed.endswith("whether that holds in this network is unknown.")


def test_without_a_verdict_nothing_is_said_of_it():
    experiment, records = EXPERIMENT | {"analysis": {}}, dict(RECORDS)
    del records["verdict"], records["frozen_inputs"]
    said = sentences(Story(Run(Path("/nowhere/run"), experiment, network(), records, {})))
    assert len(said) == 2
    assert "At the input that was held constant" in said[1]
