"""One look of a point in every figure: its marker, color and legend entry."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from figure_texts import assert_texts_are_clear
from sample_records import RECORDS

import separatrix as sx
from separatrix import figures
from separatrix.figures import style
from separatrix.figures.point_looks import INDEX_COLORS, classes_of

GAINS = jnp.array([2.0, 3.0, 0.5, 0.5, 0.5, 0.5])
MAP = sx.DiscreteMap(lambda x: jnp.tanh(GAINS * x), 6)
"""Two bistable units: a point with two unstable directions, 4 with one and 4 stable ones."""


@pytest.fixture(scope="module")
def points():
    held = [np.array([-1.0, 0.0, 1.0])] * 2 + [np.zeros(1)] * 4
    found = sx.find_fixed_points(MAP, np.stack(np.meshgrid(*held), -1).reshape(-1, 6))
    assert sorted(found.n_unstable) == [0] * 4 + [1] * 4 + [2]
    return found


def drawn(points):
    """The same points in each of the figures that have them."""
    activity, components = RECORDS["activity"], RECORDS["principal_components"][:2]
    topology = sx.fixed_point_topology(MAP, points, points.states[:, :2])
    curve = sx.slow_curve(MAP, np.eye(6)[1], np.linspace(-1.2, 1.2, 7), points.states)
    return {
        "fixed_points": figures.fixed_points(points, activity, components),
        "fixed_point_graph": figures.fixed_point_graph(
            sx.fixed_point_graph(MAP, points, rays=2), activity, components
        ),
        "fixed_point_topology": figures.fixed_point_topology(topology, components),
        "slow_curve": figures.slow_curve(curve),
    }


def looks(figure):
    """Marker, filling and color of the points, by their legend entry without their number."""
    shown = [x for x in figure.axes[0].lines if x.get_label().startswith(("fixed, ", "saddle, "))]
    return {
        line.get_label().split(" (")[0]: (
            line.get_marker(),
            line.get_fillstyle(),
            line.get_color(),
            line.get_markerfacecoloralt(),
        )
        for line in shown
    }


def test_every_figure_draws_a_point_alike(points):
    every = {
        "fixed, stable": ("o", "full", INDEX_COLORS[0], "white"),
        "saddle, 1 unstable direction": ("o", "left", INDEX_COLORS[1], "white"),
        "saddle, 2 unstable directions": ("o", "left", INDEX_COLORS[2], "white"),
    }
    for name, figure in drawn(points).items():
        shown = looks(figure)
        assert shown.items() <= every.items(), name
        assert name == "slow_curve" or shown == every, name
        entries = [text.get_text() for text in figure.legends[0].get_texts()]
        assert {entry.split(" (")[0] for entry in entries} >= set(shown), name
        figure.draw_without_rendering()
        assert_texts_are_clear(figure)


def test_a_branch_of_marginal_points_is_called_nothing_else():
    branches = RECORDS["branches"]
    marginal = np.full(len(branches), "marginal")
    axes = figures.bifurcation_diagram(dataclasses.replace(branches, stability=marginal)).axes[0]
    lines = {line.get_label() for line in axes.lines if len(line.get_xdata()) > 1}
    assert lines == {"stability not known"}


def test_classes_come_in_one_order_and_hold_every_fixed_point_once():
    stability = np.array(["saddle", "unknown", "stable", "saddle", "unstable", "saddle", "stable"])
    numbers = np.array([4, -1, 0, 1, 7, 3, 0])
    fixed = np.array([True] * 6 + [False])
    classes = list(classes_of(stability, numbers, fixed))
    assert [(c.name, np.flatnonzero(c.rows).tolist()) for c in classes] == [
        ("fixed, stable", [2]),
        ("saddle, 1 unstable direction", [3]),
        ("saddle, 3 to 4 unstable", [0, 5]),
        ("fixed, unstable", [4]),
        ("fixed, unknown", [1]),
    ]
    assert classes[3].color == classes[2].color == INDEX_COLORS[-1]


def test_records_of_before_the_numbers_make_no_claim():
    graph = dataclasses.replace(RECORDS["fixed_point_graph"], n_unstable=None)
    figure = figures.fixed_point_graph(
        graph, RECORDS["activity"], RECORDS["principal_components"][:2]
    )
    shown = looks(figure)
    assert shown["fixed, saddle"][2] == style.GRAY
    assert shown["fixed, stable"][2] == INDEX_COLORS[0]
