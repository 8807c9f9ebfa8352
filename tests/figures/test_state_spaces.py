"""Figures of the state space: of records and of plain arrays, in a plane and in space."""

import numpy as np
import pytest
from figure_texts import assert_texts_are_clear
from matplotlib.figure import Figure
from sample_records import RECORDS
from scipy.spatial.distance import pdist

import separatrix as sx
from separatrix import figures

POINTS, ACTIVITY, LINEAR = (RECORDS[k] for k in ("fixed_points", "activity", "linearization"))
SPACE = RECORDS["principal_components"]
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


def in_space_or_plane(thing, three, two):
    """Return what a line or a collection holds, by the name that Matplotlib has in space."""
    read = getattr(thing, three if hasattr(thing, three) else two, tuple)
    return read() if callable(read) else read


def data(line):
    return np.column_stack(in_space_or_plane(line, "get_data_3d", "get_data"))


def trajectories(axes):
    """What is drawn of the activity, sorted: lines of their own, or a collection of them."""
    drawn = [in_space_or_plane(c, "_segments3d", "get_segments") for c in axes.collections]
    lines = [np.asarray(segment) for segments in drawn for segment in segments]
    lines += [data(line) for line in axes.lines]
    return [line for line in lines if line.shape[0] == STATES.shape[1]]


@pytest.mark.parametrize("name", DRAW)
@pytest.mark.parametrize("plane", [PLANE, SPACE], ids=["plane", "space"])
def test_plain_arrays_are_drawn_where_a_record_is(name, plane):
    record, arrays = DRAW[name](ACTIVITY, POINTS, plane), DRAW[name](STATES, FIXED, plane)
    index = 1 if name == "activity" else 0
    mine, theirs = (trajectories(figure.axes[index]) for figure in (record, arrays))
    assert arrays.axes[0].name == ("3d" if len(plane) == 3 else "rectilinear")
    means = name == "condition_averages"
    expected = plane.project(ACTIVITY.average_over(SIGNED)[1] if means else STATES)
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
    np.testing.assert_allclose(data(drawn), points, atol=1e-12)
    assert num == 3 or axes.get_xlabel() == "unit 1"


def test_states_of_no_trials_are_dots_or_one_trajectory():
    flat = PLANE.project(STATES[0])
    axes = figures.fixed_points(flat[:1], flat).axes[0]
    assert not axes.collections and "22 states" in {line.get_label() for line in axes.lines}
    np.testing.assert_allclose(trajectories(figures.activity(flat).axes[1]), [flat])


def test_a_trial_that_is_shorter_ends_with_nan():
    states = STATES.copy()
    states[0, 5:] = np.nan
    seen, _ = sx.project(states)
    first = figures.activity(seen, num_trials=1).axes[1].lines
    assert np.isfinite(first[0].get_xdata()).sum() == 5
    np.testing.assert_allclose(first[1].get_xdata(), seen[0, 4, 0])  # its last step


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ((STATES,), "sx.project"),
        ((STATES[0, 0], PLANE), "shape"),
    ],
)
def test_states_that_cannot_be_drawn_are_refused(given, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        figures.activity(*given)


def in_axes(kind, *args):
    ax = Figure().add_subplot(projection=kind)
    figures.fixed_points(*args, ax=ax)
    return ax


def test_given_axes_show_as_many_components_as_they_have_dimensions():
    three, principal = sx.project(STATES, num=3)
    first = in_axes(None, FIXED, STATES, SPACE)
    np.testing.assert_allclose(trajectories(first), PLANE.project(STATES), atol=1e-12)
    alone = in_axes(None, FIXED, STATES)  # six units, and nothing to draw them along
    np.testing.assert_allclose(trajectories(alone), three[..., :2], atol=1e-12)
    plane = in_axes(None, principal.project(FIXED), three)
    assert np.shape(trajectories(plane))[-1] == 2
    space = in_axes("3d", FIXED, STATES)
    np.testing.assert_allclose(trajectories(space), three, atol=1e-12)
    with pytest.raises(sx.InvalidInputError):
        in_axes("3d", FIXED, STATES, PLANE)


def on_the_paper(axes, points):
    seen = np.append(points, np.ones((len(points), 1)), 1) @ np.asarray(axes.get_proj()).T
    return seen[:, :2] / seen[:, 3:]


@pytest.mark.parametrize("seed", range(4))
def test_points_in_space_do_not_cover_one_another(seed):
    """From the usual view some lie behind others; from the one that is chosen none does."""
    rng = np.random.default_rng(seed)
    usual = figures.fixed_points(np.eye(3), rng.uniform(-1, 1, (50, 3))).axes[0]
    usual.view_init(18, -60)
    sight = np.linalg.inv(np.asarray(usual.get_proj()))[:3, 2]  # along which all is one point
    sight /= np.linalg.norm(sight)
    points = rng.uniform(-0.3, 0.3, (4, 3))
    points = np.concatenate([points, points + 0.5 * sight])
    axes = figures.fixed_points(points, rng.uniform(-1, 1, (50, 3))).axes[0]
    nearest = pdist(on_the_paper(axes, points)).min()
    axes.view_init(18, -60)
    assert nearest > 3 * pdist(on_the_paper(axes, points)).min()
