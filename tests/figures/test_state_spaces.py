"""Figures of the state space: of records and of plain arrays, in a plane and in space."""

import numpy as np
import pytest
from figure_texts import assert_texts_are_clear
from sample_records import RECORDS

import separatrix as sx
from separatrix import figures

POINTS, ACTIVITY, LINEAR = (RECORDS[k] for k in ("fixed_points", "activity", "linearization"))
SPACE = RECORDS["components"]
PLANE = SPACE[:2]
SIGNED = sx.tasks.signed_coherence(ACTIVITY.conditions)
STATES, FIXED = np.asarray(ACTIVITY.states, float), np.asarray(POINTS.states)

DRAW = {
    "activity": lambda states, points, plane, **k: figures.activity(states, plane, **k),
    "condition_averages": lambda states, points, plane, **k: figures.condition_averages(
        states, plane, SIGNED, **k
    ),
    "fixed_points": lambda states, points, plane, **k: figures.fixed_points(
        points, states, plane, **k
    ),
    "line_attractor": lambda states, points, plane, **k: figures.line_attractor(
        points, LINEAR, 2, states, plane, **k
    ),
    "fixed_point_graph": lambda states, points, plane, **k: figures.fixed_point_graph(
        RECORDS["fixed_point_graph"], states, plane, **k
    ),
    "compare_fixed_points": lambda states, points, plane, **k: figures.compare_fixed_points(
        dict.fromkeys("ab", (points, states, plane)), **k
    ),
}


def trajectories(axes):
    """What is drawn of the activity, sorted: lines of their own, or a collection of them."""
    lines = [np.asarray(segment) for c in axes.collections for segment in _segments(c)]
    lines += [np.column_stack(_data(line)) for line in axes.lines]
    return [line for line in lines if line.shape[0] == STATES.shape[1]]


def _data(line):
    return line.get_data_3d() if hasattr(line, "get_data_3d") else line.get_data()


def _segments(collection):
    if hasattr(collection, "_segments3d"):
        return collection._segments3d
    return collection.get_segments() if hasattr(collection, "get_segments") else ()


@pytest.mark.parametrize("name", DRAW)
@pytest.mark.parametrize("plane", [PLANE, SPACE], ids=["plane", "space"])
def test_plain_arrays_are_drawn_where_a_record_is(name, plane):
    if name == "fixed_point_graph" and len(plane) == 3:
        plane = SPACE
    record = DRAW[name](ACTIVITY, POINTS, plane)
    arrays = DRAW[name](STATES, FIXED, plane)
    index = 1 if name == "activity" else 0
    mine, theirs = (trajectories(figure.axes[index]) for figure in (record, arrays))
    assert arrays.axes[0].name == ("3d" if len(plane) == 3 else "rectilinear")
    expected = plane.project(STATES)
    if name == "condition_averages":
        expected = plane.project(ACTIVITY.average_over(SIGNED)[1])
    for line in theirs:
        assert np.abs(expected - line).max((1, 2)).min() < 1e-12
    assert theirs and (name == "activity" or len(mine) == len(theirs))
    arrays.draw_without_rendering()
    assert_texts_are_clear(arrays)


@pytest.mark.parametrize("num", [2, 3])
def test_what_project_gives_is_drawn_as_it_is(num):
    seen, components = sx.project(STATES, num=num)
    points = components.project(FIXED)
    axes = figures.fixed_points(points, seen).axes[0]
    np.testing.assert_allclose(trajectories(axes), seen, atol=1e-12)
    (drawn,) = [line for line in axes.lines if line.get_label() == f"points ({len(points)})"]
    np.testing.assert_allclose(np.column_stack(_data(drawn)), points, atol=1e-12)
    assert num == 3 or axes.get_xlabel() == "unit 1"


def test_states_of_no_trials_are_dots_or_one_trajectory():
    flat = PLANE.project(STATES[0])
    axes = figures.fixed_points(flat[:1], flat).axes[0]
    assert not axes.collections
    labels = axes.get_legend_handles_labels()[1] or [t.get_label() for t in axes.lines]
    assert "22 states" in labels
    right = figures.activity(flat).axes[1]
    np.testing.assert_allclose(trajectories(right), [flat])


def test_a_trial_that_is_shorter_ends_with_nan():
    states = STATES.copy()
    states[0, 5:] = np.nan
    seen, _ = sx.project(states)
    first = figures.activity(seen, num_trials=1).axes[1].lines
    assert np.isfinite(first[0].get_xdata()).sum() == 5
    np.testing.assert_allclose(first[1].get_xdata(), seen[0, 4, 0])  # its last step


def test_states_without_axes_to_draw_them_along_are_refused():
    with pytest.raises(sx.InvalidInputError, match=r"6 units need axes .* sx\.project\(states\)"):
        figures.activity(STATES)
    with pytest.raises(sx.InvalidInputError, match=r"\(n, unit\), got shape \(6,\)"):
        figures.activity(STATES[0, 0], PLANE)
    with pytest.raises(sx.InvalidInputError, match="must be an Activity or an array, got a list"):
        figures.activity(STATES.tolist(), PLANE)
