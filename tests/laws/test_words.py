"""Records hold keys: with letters in place of every text that users read, all laws still hold."""

import inspect
import random
import re
from pathlib import Path
from string import ascii_lowercase

import jax.numpy as jnp
import numpy as np
import pytest
from evaluation import test_trial_periods
from laws import test_ends, test_topology, test_verdict_cases
from matplotlib import pyplot as plt

import separatrix as sx
from separatrix.analysis.boundaries import boundary
from separatrix.analysis.cycles import followed
from separatrix.analysis.cycles.found import LED
from separatrix.analysis.fixed_points import words
from separatrix.analysis.following import end
from separatrix.analysis.following.end import What
from separatrix.analysis.slow_curves import slices
from separatrix.analysis.verdicts import ending, sentences
from separatrix.report.sections import branches, held
from separatrix.solvers.continuation.curve import CurveEnd
from separatrix.solvers.endings import Ending
from separatrix.store import Run

pytestmark = pytest.mark.laws

TABLES = (end._TEXTS, ending.NAMES, followed._WORDS, sentences.NAMES, words._EVIDENCE)
WRITERS = (boundary, words, slices, ending, sentences)
"""Modules whose texts, and whose functions that return a text, are for users alone."""
KEYS = {"KINK"}
"""A text among them that is a key."""


MADE = set()


def letters(text):
    """The text with other letters, the same ones for the same text; names in braces stay."""
    if text not in MADE:
        dice, part = random.Random(text), re.compile(r"\{[^}]*\}|[A-Za-z]")
        text = part.sub(lambda p: p[0] if p[0][0] == "{" else dice.choice(ascii_lowercase), text)
        MADE.add(text)
    return text


def lettered(function):
    return lambda *args, **options: letters(function(*args, **options))


@pytest.fixture(scope="module", autouse=True)
def without_words():
    with pytest.MonkeyPatch.context() as patch:
        for table in TABLES:
            for key, text in table.items():
                patch.setitem(table, key, letters(text))
        for one in Ending:
            patch.setattr(one, "text", letters(one.text))
        for one in CurveEnd:
            patch.setattr(one, "_value_", letters(one.value))
        for module in WRITERS:
            for name, thing in list(vars(module).items()):
                is_own = inspect.getmodule(thing) is module and inspect.isfunction(thing)
                if isinstance(thing, str) and name not in KEYS and not name.startswith("__"):
                    patch.setattr(module, name, letters(thing))
                elif is_own and thing.__annotations__.get("return") is str:
                    patch.setattr(module, name, lettered(thing))
        patch.setattr("separatrix.analysis.verdicts.assembling.name", ending.name)
        yield


def test_no_word_is_left():
    held = sx.verdict(sx.DiscreteMap(lambda x: 0.5 * x, 1), np.ones((5, 1)), duration=20.0)
    assert held.held == "point" and "stable" not in f"{held}"
    assert sx.find_fixed_points(sx.DiscreteMap(jnp.exp, 1), np.ones((1, 1))).outcome_reasons[0]


@pytest.mark.parametrize("seed", range(3))
def test_states_end_where_a_loop_ends(seed):
    test_ends.test_states_end_where_a_loop_ends(seed)


@pytest.mark.parametrize("name", ["two rings", "on a saddle's stable set"])
def test_words_are_true(name):
    assert test_verdict_cases.verdict(name).held == test_verdict_cases.SAYS[name][0]


@pytest.mark.parametrize("seed", test_topology.SEEDS[:2])
def test_topologies_are_judged_right(seed):
    test_topology.test_planted_pairs_are_judged_right(seed)


def test_periods_predict_choices():
    test_trial_periods.test_the_basin_at_the_end_of_a_period_predicts_the_choice()
    test_trial_periods.test_outputs_that_tie_read_out_no_choice()


class Memory(sx.networks.AbstractNetwork):
    """x ↦ tanh(2 x + 3 u), beside a unit at 0: it keeps the sign of the last pulse."""

    num_inputs: int = 1
    num_units: int = 2
    num_outputs: int = 1
    dt: float = 1.0

    def step(self, state, input):
        return jnp.array([1.0, 0.0]) * jnp.tanh(2 * state + 3 * input)

    def readout(self, state):
        return state[:1]

    def initial_state(self):
        return jnp.zeros(2)


def test_pulses_lead_to_memories():
    task = sx.tasks.FlipFlop(bits=1, dt=1.0, duration=64.0, interval=1.0, pulse=1.0)
    periods = sx.trial_periods(Memory(), task, num_trials=8)
    assert len(periods.pulse) == periods.led_right == 4
    lines = sx.figures.trial_periods(periods).axes[0].lines
    rings = max(lines, key=lambda line: line.get_markersize())
    assert len(rings.get_xdata()) == len(periods.end_share) == 2
    plt.close("all")


def test_boundaries_cycles_and_branches_are_found():
    double = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    points = sx.find_fixed_points(double, np.linspace(-1, 1, 11)[:, None])
    assert abs(sx.separatrix(double, points).states).max() < 1e-12
    chaos = sx.find_cycles(sx.DiscreteMap(lambda x: 3.9 * x * (1 - x), 1), np.array([[0.2], [0.4]]))
    assert set(chaos.led) == {LED[What.CHAOS]} and "2 to chaos" in chaos.summary()
    ends = held.values(run(verdict=sx.verdict(double, np.array([[-0.5], [0.5], [0.3]]))))
    assert "large dots" in ends["marks"]


def run(**records):
    return Run(Path("/nowhere"), {}, None, records)


@pytest.mark.parametrize(("largest", "early"), [(1e6, 0), (1.5, 1)])
def test_a_branch_that_ends_at_the_range_does_not_end_early(largest, early):
    def system_at(value):
        return sx.DiscreteMap(lambda x: 0.5 * x + value, 1)

    points = sx.find_fixed_points(system_at(0.0), np.zeros((1, 1)))
    found = sx.continue_fixed_points(
        system_at, points, (0.0, 1.0), method=sx.solvers.PseudoArclength(largest_state=largest)
    )
    ends = branches.values(run(branches=found))["early"]
    assert sum(number for _, number in ends) == early
