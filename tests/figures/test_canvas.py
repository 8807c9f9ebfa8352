"""Every figure in given axes, in the user's style, and in panels and columns of a journal."""

import dataclasses
import functools

import numpy as np
import pytest
from figure_texts import assert_letters_are_readable, assert_texts_are_clear
from matplotlib import style
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from sample_records import RECORDS, TASK

import separatrix as sx
from separatrix import figures

STATE_SPACE = ("fixed_points", "activity", "plane")
ONE_PANEL = {
    "basins": ("basins",),
    "bifurcation_diagram": ("branches",),
    "condition_averages": ("activity", "plane", "signed"),
    "fixed_point_graph": ("fixed_point_graph", "activity", "plane", "separatrix"),
    "fixed_point_topology": ("topology", "plane"),
    "fixed_points": STATE_SPACE,
    "line_attractor": ("fixed_points", "linearization", 2, "activity", "plane"),
    "phase_portrait": ("two_units",),
    "rule_performance": ("rule_performance",),
    "spectrum": ("linearization", 1),
    "speeds": ("fixed_points",),
    "tolerance": ("fixed_points",),
}
COMPOSITE = {
    "activity": ("activity", "plane"),
    "commitment": ("commitment",),
    "compare_fixed_points": (dict.fromkeys("ab", STATE_SPACE),),
    "comparison": ("comparison",),
    "compare_topologies": (dict.fromkeys("ab", ("topology", "plane")),),
    "cycle": ("cycles",),
    "context_gating": ({"first": ("input_gating", "averages")},),
    "graded_memory": ("frequency_memory",),
    "lyapunov": ("lyapunov_spectrum",),
    "mechanism_recovery": ("mechanism_recovery",),
    "performance": ("performance",),
    "populations": ("measures",),
    "psychometric": ("psychometric",),
    "selective_connections": ("selective_connections",),
    "slow_curve": ("slow_curve",),
    "task_variance": ("task_variance",),
    "training": ("history",),
    "trials": ("activity", "task"),
}
EVERY = ONE_PANEL | COMPOSITE
OTHERS = {
    "plane": lambda: RECORDS["principal_components"][:2],
    "signed": lambda: sx.tasks.signed_coherence(RECORDS["activity"].conditions),
    "task": lambda: TASK,
    "two_units": lambda: sx.Flow(lambda x: 0.5 * x[::-1] - x**3, 2, domain=(-1.0, 1.0)),
    "measures": lambda: {
        name: {f"{n} units": np.linspace(0, n, 9) for n in (16, 32, 64)}
        for name in ("score", "drift")
    },
    "averages": lambda: sx.classics.targeted_averages(
        np.random.default_rng(0).standard_normal((12, 4, 6)).cumsum(1),
        np.eye(6)[:4],
        {name: np.repeat([-15.0, -5.0, 5.0, 15.0], 3) for name in "abc"},
        names=("choice", *"abc"),
    ),
}


def given(thing):
    """What a figure is given: records and others by their names, in tuples and dictionaries."""
    if isinstance(thing, tuple):
        return tuple(map(given, thing))
    if isinstance(thing, dict):
        return {key: given(value) for key, value in thing.items()}
    return OTHERS[thing]() if thing in OTHERS else RECORDS.get(thing, thing)


def every(name, **where):
    return getattr(figures, name)(*given(EVERY[name]), **where)


@functools.cache
def usual(name):
    """The figure as it is without any option, drawn once for all tests."""
    return every(name)


def subcritical():
    """Rest of dx/dt = p x + x³ is stable for p < 0, here a short piece; nothing else is."""
    return sx.continue_fixed_points(
        lambda p: sx.Flow(lambda x: p * x + x**3, 1), np.zeros(1), (-0.02, 1.0), name="p",
        disconnected=None,
    )  # fmt: skip


def far_graph():
    """The graph of the records, one of whose attractors is moved far along the first component."""
    graph, components = RECORDS["fixed_point_graph"], RECORDS["principal_components"][:2]
    away = 100 * np.asarray(components.components)[0]
    states, paths = np.array(graph.states), np.array(graph.paths)
    states[np.asarray(graph.places) == graph.target[0]] += away
    paths[0] += np.linspace(0, 1, paths.shape[1])[:, None] * away
    graph = dataclasses.replace(graph, states=states, paths=paths)
    return figures.fixed_point_graph(graph, RECORDS["activity"], components)


CONTEXTS = dict.fromkeys(("first", "second"), ("input_gating", "averages"))
PAIR = sx.Flow(lambda x: -x + 0.5 * x[::-1], 6, tau=50.0)


OPTIONS = {
    "a graph that leaves the view": far_graph,
    "training, ideal": lambda: figures.training(RECORDS["history"], ideal_accuracy=0.9),
    "trials, raw": lambda: figures.trials(RECORDS["activity"], num_trials=1, softmax=False),
    "four networks": lambda: figures.compare_fixed_points(
        dict.fromkeys("abcd", given(STATE_SPACE))
    ),
    "spectrum of a flow": lambda: figures.spectrum(sx.linearize(PAIR, np.zeros((1, 6)))),
    "a branch in short pieces": lambda: figures.bifurcation_diagram(subcritical()),
    "a branch along a unit": lambda: figures.bifurcation_diagram(
        RECORDS["branches"], np.array([1.0, 0.0]), label="first unit"
    ),
    "topology in space": lambda: figures.fixed_point_topology(
        RECORDS["topology"], RECORDS["principal_components"]
    ),
    "topologies in space": lambda: figures.compare_topologies(
        dict.fromkeys("abcd", (RECORDS["topology"], RECORDS["principal_components"]))
    ),
    "networks that are all alike": lambda: figures.comparison(
        sx.compare(dict.fromkeys("abc", sx.measures.Dynamics(states=np.eye(6)[None])), "procrustes")
    ),
    "networks of which nothing is known": lambda: figures.comparison(
        sx.compare(dict.fromkeys("ab", sx.measures.Dynamics()), "topology")
    ),
    "two contexts": lambda: figures.context_gating(given(CONTEXTS)),
    "two renamed contexts": lambda: figures.context_gating(
        given(CONTEXTS), source_names={"a": "motion", "b": "color"}, evidence_units="%"
    ),
    "a memory of frequencies": lambda: figures.graded_memory(
        RECORDS["frequency_memory"], value_name="frequency", value_units="Hz"
    ),
    "no conditions": lambda: figures.performance(RECORDS["performance"][:0]),
}


@pytest.fixture(autouse=True)
def everything_can_be_laid_out(caplog):
    """Matplotlib logs what it could not lay out."""
    yield
    assert caplog.get_records("call") == []


@pytest.mark.parametrize("name", [*EVERY, *OPTIONS])
def test_texts_are_clear_and_readable_and_axes_are_labeled(name):
    figure = OPTIONS[name]() if name in OPTIONS else usual(name)
    figure.draw_without_rendering()
    assert_texts_are_clear(figure)
    assert_letters_are_readable(figure)
    for axes in figure.axes:
        shared = axes.get_subplotspec() is not None and not axes.get_subplotspec().is_last_row()
        labeled = axes.get_xlabel() or axes.get_ylabel() or name.startswith("trials")
        assert labeled or shared or not axes.axison or axes.name == "3d"  # which has a tripod


DARK = {"font.size": 12.0, "lines.linewidth": 3.0}
"""The user's style is dark, with large letters and lines twice as wide as they are."""


@pytest.fixture
def dark():
    with style.context(["dark_background", DARK]):
        yield


def assert_in_the_users_style(figure, name):
    """Letters of the style's color or one with a meaning, all of the size; nothing in black."""
    figure.draw_without_rendering()
    said = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    assert {to_hex(t.get_color()) for t in said} <= {"#ffffff", "#8a8a8a"}, name
    assert min(t.get_fontsize() for t in said) >= 8.0 / 9.0 * 12 - 1e-9
    lines = [line for axes in figure.axes for line in axes.lines]
    assert "#222222" not in {to_hex(line.get_color()) for line in lines}


@pytest.mark.usefixtures("dark")
@pytest.mark.parametrize("name", ONE_PANEL)
def test_a_panel_is_drawn_in_given_axes_and_in_the_users_style(name):
    whole = Figure(figsize=(9.0, 4.0), layout="constrained")
    other, ax = whole.subplots(1, 2)
    (theirs,) = other.plot([0, 1])
    before, empty = (len(axes.get_children()) for axes in (other, ax))
    assert every(name, ax=ax) is whole
    assert_in_the_users_style(whole, name)
    assert len(ax.get_children()) > empty
    assert (len(other.get_children()), theirs.get_linewidth()) == (before, 3.0)
    assert len(whole.axes) <= 3  # a scale of colors at most


@pytest.mark.usefixtures("dark")
@pytest.mark.parametrize("name", COMPOSITE)
def test_several_panels_are_drawn_in_a_part_of_a_figure_and_in_the_users_style(name):
    whole = Figure(figsize=(9.0, 12.0), layout="constrained")
    above, below = whole.subfigures(2, 1)
    assert every(name, figure=above) is whole
    assert_in_the_users_style(whole, name)
    assert len(above.axes) >= 2 and not below.axes


@pytest.mark.parametrize("name", EVERY)
def test_texts_of_a_figure_three_inches_wide_are_clear(name):
    figure = every(name, width=3.0)
    figure.draw_without_rendering()
    assert figure.get_figwidth() == 3.0
    assert_texts_are_clear(figure)


@pytest.mark.parametrize(("width", "inches"), [("column", 85 / 25.4), ("page", 180 / 25.4)])
def test_widths_of_journals(width, inches):
    assert figures.speeds(RECORDS["fixed_points"], width=width).get_figwidth() == inches


def test_lines_and_colors_without_a_meaning_are_those_of_the_style():
    usual = figures.training(RECORDS["history"]).axes[0].lines
    with style.context(["ggplot", {"lines.linewidth": 3.0, "lines.markersize": 18.0}]):
        theirs = figures.training(RECORDS["history"]).axes[0].lines
        first = to_hex("C0")
    assert first == "#e24a33"
    for mine, line in zip(usual, theirs, strict=True):
        assert line.get_linewidth() == pytest.approx(2 * mine.get_linewidth())
        assert line.get_markersize() == pytest.approx(3 * mine.get_markersize())
        assert (to_hex(mine.get_color()), to_hex(line.get_color())) == ("#0072b2", first)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("speeds", {"ax": Figure().subplots(), "width": 3.0}),
        ("speeds", {"ax": Figure()}),
        ("speeds", {"width": "poster"}),
        ("speeds", {"width": 300}),
        ("speeds", {"legend": "left"}),
        ("training", {"figure": Figure(), "width": "page"}),
    ],
)
def test_where_a_figure_cannot_be_drawn_is_refused(name, where):
    with pytest.raises(sx.InvalidInputError, match=next(iter(where))):
        every(name, **where)


PAGE = (7.1, 2.6)
LAYOUTS = ["constrained", *(pytest.param(kind, marks=pytest.mark.runs) for kind in ("tight", None))]
LEAST = 0.75
"""Inches of height that a panel keeps."""


def row(name, layout, **how):
    """Draw a figure as the middle one of three panels; a layout that collapses warns."""
    whole = Figure(figsize=PAGE, layout=layout)
    left, ax, right = whole.subplots(1, 3)
    for other in (left, right):
        other.set(xlabel="time (ms)", ylabel="rate (Hz)")
    every(name, ax=ax, **how)
    for _ in range(2):  # numbers of the other panels change as these do
        whole.draw_without_rendering()
    return whole, ax


def apart(one, other):
    return one.x1 < other.x0 or other.x1 < one.x0 or one.y1 < other.y0 or other.y1 < one.y0


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ONE_PANEL)
def test_a_panel_of_three_has_room_and_its_legend_hides_nothing(name, layout):
    whole, ax = row(name, layout)
    assert min(ax.bbox.height, ax.bbox.width) / whole.dpi >= LEAST
    if ax.get_legend() is not None:
        box = ax.get_legend().get_window_extent()
        assert layout is None or apart(box, ax.bbox), "the legend stands in the panel"
        assert box.y0 > -2 and box.y1 < whole.bbox.y1 + 2
    if layout == "constrained":
        assert_texts_are_clear(whole)


WITHOUT_LEGEND = ("basins", "mechanism_recovery", "populations", "task_variance")


@pytest.mark.runs
@pytest.mark.parametrize("name", [name for name in ONE_PANEL if name not in WITHOUT_LEGEND])
def test_the_legend_of_a_panel_stands_where_it_is_asked_for(name):
    _, ax = row(name, "constrained", legend="inside")
    box = ax.get_legend().get_window_extent()
    assert ax.bbox.x0 - 2 < box.x0 and box.x1 < ax.bbox.x1 + 2 and not apart(box, ax.bbox)
    _, ax = row(name, "constrained", legend="outside")
    assert apart(ax.get_legend().get_window_extent(), ax.bbox)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in WITHOUT_LEGEND])
def test_a_figure_has_no_legend_where_none_is_asked_for(name):
    assert usual(name).findobj(Legend) and not every(name, legend=False).findobj(Legend)


@pytest.mark.parametrize("name", [name for name in COMPOSITE if name not in WITHOUT_LEGEND])
def test_legends_inside_are_those_of_panels(name):
    figure = every(name, legend="inside")
    figure.draw_without_rendering()
    owned = [axes for axes in figure.axes if axes.get_legend() is not None]
    assert {id(axes.get_legend()) for axes in owned} == {id(x) for x in figure.findobj(Legend)}
    assert owned
    for axes in owned:
        assert not apart(axes.get_legend().get_window_extent(), axes.bbox)
