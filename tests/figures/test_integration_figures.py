"""Figures of performance, gating and memory, as all others (test_figures.py)."""

import dataclasses

import numpy as np
import pytest
from sample_records import RECORDS

import separatrix as sx
from separatrix import figures

STATES = np.random.default_rng(0).standard_normal((12, 4, 6)).cumsum(1)
AVERAGES = sx.classics.targeted_averages(
    STATES,
    np.eye(6)[:4],
    {name: np.repeat([-15.0, -5.0, 5.0, 15.0], 3) for name in "abc"},
    names=("choice", *"abc"),
)
VALUES = np.repeat([10.0, 14.0, 18.0], 4)
ANGLES = np.linspace(0, 3, 30)
CURVE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)
HELD = (VALUES / 8)[:, None] + 0.02 * np.arange(6)
MEMORY = sx.classics.graded_memory(
    CURVE, np.stack([np.cos(HELD), np.sin(HELD)], -1), VALUES, dt=100.0, start=300.0
)


def scores(name, values):
    """Return what a network scores by the values of one condition."""
    same = np.full(len(values), 0.5)
    return dataclasses.replace(
        RECORDS["performance"][:0],
        condition=np.array([name] * len(values)),
        value=np.asarray(values, float),
        num_trials=np.full(len(values), 100),
        score=same,
        ideal_score=same,
        variance_explained=same,
    )


def test_the_input_that_counts_is_named():
    figure = figures.context_gating({"first": (RECORDS["input_gating"], AVERAGES)})
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:3] == ["by a: counts", "by b: to be ignored", "by c: to be ignored"]


def test_the_time_of_a_memory_begins_with_the_end_of_the_stimulus():
    left, _, right = figures.graded_memory(MEMORY).axes[:3]
    assert left.get_xlim() == right.get_xlim() == (0, 900)
    assert left.get_xlabel() == "time since stimulus (ms)"
    np.testing.assert_allclose(left.lines[0].get_xdata(), np.arange(300, 801, 100))


@pytest.mark.parametrize("count", [4, 5])
@pytest.mark.parametrize(("name", "first"), [("choice", 1), ("sample", 0)])
def test_choices_are_numbered_from_1_as_outputs_are_whatever_their_number(name, first, count):
    values = np.arange(count)
    record = scores(name, values)
    axes = figures.performance(record).axes[0]
    axes.figure.draw_without_rendering()
    places = axes.containers[0].lines[0].get_xdata()
    labels = dict(
        zip(axes.get_xticks(), (t.get_text() for t in axes.get_xticklabels()), strict=True)
    )
    if count <= 4:
        assert [labels[x] for x in places] == [str(first + v) for v in values]
    else:
        np.testing.assert_array_equal(places, values + first)
        assert first == 0 or all(x == round(x) for x in axes.get_xticks())
