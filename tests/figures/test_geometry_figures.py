"""Figures of slow curves, boundaries and commitment, as all others (test_figures.py)."""

import dataclasses
import functools
import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from figure_texts import assert_letters_are_readable, assert_texts_are_clear
from sample_records import RECORDS

import separatrix as sx
from separatrix import figures
from separatrix.figures.point_looks import INDEX_COLORS

SWAP = np.array([[0.0, -1.0], [-1.0, 0.0]])
LINE = sx.Flow(lambda r: -r + jax.nn.relu(SWAP @ r + 1.0), 2, tau=10.0)


def far_graph():
    """The graph of the records, one of whose attractors is moved far along the first component."""
    graph, components = RECORDS["fixed_point_graph"], RECORDS["components"][:2]
    away = 100 * np.asarray(components.components)[0]
    row = int(np.flatnonzero(np.asarray(graph.places) == graph.target[0])[0])
    states, paths = np.array(graph.states), np.array(graph.paths)
    states[row] += away
    paths[0] += np.linspace(0, 1, paths.shape[1])[:, None] * away
    return dataclasses.replace(graph, states=states, paths=paths), row


def draw_far_graph():
    return figures.fixed_point_graph(far_graph()[0], RECORDS["activity"], RECORDS["components"][:2])


def subcritical(start):
    """Rest of dx/dt = p x + x³ is stable for p < 0; nothing else is."""
    return sx.continue_fixed_points(
        lambda p: sx.Flow(lambda x: p * x + x**3, 1), np.zeros(1), (start, 1.0), name="p",
        disconnected=None,
    )  # fmt: skip


@functools.cache
def flat():
    return sx.slow_curve(LINE, np.array([1.0, -1.0]), np.linspace(-1.5, 1.5, 13))


DRAW = {
    "slow_curve": lambda: figures.slow_curve(RECORDS["slow_curve"], axis_name="first unit"),
    "line": lambda: figures.slow_curve(flat()),
    "graph": lambda: figures.fixed_point_graph(
        RECORDS["fixed_point_graph"],
        RECORDS["activity"],
        RECORDS["components"][:2],
        RECORDS["separatrix"],
    ),
    "far graph": draw_far_graph,
    "short pieces": lambda: figures.bifurcation_diagram(subcritical(-0.02)),
    "topology": lambda: figures.fixed_point_topology(
        RECORDS["fixed_point_topology"],
        RECORDS["components"][:2],
    ),
    "topology in space": lambda: figures.fixed_point_topology(
        RECORDS["fixed_point_topology"], RECORDS["components"]
    ),
    "topologies": lambda: figures.compare_topologies(
        dict.fromkeys("abcd", (RECORDS["fixed_point_topology"], RECORDS["components"]))
    ),
    "commitment": lambda: figures.commitment(RECORDS["commitment"]),
    "lyapunov": lambda: figures.lyapunov(RECORDS["lyapunov_spectrum"]),
    "basins": lambda: figures.basins(RECORDS["basins"]),
}


@pytest.mark.parametrize("name", DRAW)
def test_texts_stay_inside_and_axes_are_labeled(name, caplog):
    with caplog.at_level(logging.WARNING):
        figure = DRAW[name]()
        figure.draw_without_rendering()
    assert caplog.records == []
    assert_texts_are_clear(figure)
    assert_letters_are_readable(figure)
    flat = [axes for axes in figure.axes if axes.name != "3d"]  # those in space have a tripod
    assert all(axes.get_ylabel() for axes in flat)
    assert not flat or flat[-1].get_xlabel()


def test_the_line_is_drawn_at_rest():
    figure = DRAW["line"]()
    labels = [t.get_text() for t in figure.legends[0].get_texts()]
    assert "at rest" in labels and "drift" in labels
    (rests,) = [line for line in figure.axes[0].lines if line.get_label() == "at rest"]
    np.testing.assert_allclose(rests.get_xdata(), np.linspace(-1, 1, 9), atol=1e-12)


@pytest.mark.parametrize("count", [2, 3])
def test_every_link_of_a_saddle_is_drawn(count):
    topology, components = RECORDS["fixed_point_topology"], RECORDS["components"][:count]
    (axes,) = figures.fixed_point_topology(topology, components).axes
    saddles = topology.n_unstable > 0
    links = [
        line
        for line in axes.lines
        if line.get_marker() == "None" and line.get_color() in INDEX_COLORS
    ]
    assert len(links) == topology.links[saddles].sum() == 2
    tripod = ["PC 1", "PC 2", "PC 3"] if count == 3 else []
    assert [text.get_text() for text in axes.texts] == [*tripod, "++", "−−", "−+"]


def test_stability_changes_at_the_special_points_of_a_coarse_branch():
    """Rest of x = tanh(g x) is stable up to g = 1, its other fixed points from there on."""
    coarse = sx.solvers.PseudoArclength(first_step=0.3, max_step=0.3)
    branches = sx.continue_fixed_points(
        lambda g: sx.DiscreteMap(lambda x: jnp.tanh(g * x), 1), np.zeros(1), (0.5, 2.0),
        name="g", method=coarse, disconnected=None,
    )  # fmt: skip
    assert branches.special("pitchfork") == pytest.approx([1.0], abs=1e-8)
    lines = sx.figures.bifurcation_diagram(branches).axes[0].lines
    at_rest = [line for line in lines if len(line.get_xdata()) > 1 and not any(line.get_ydata())]
    ends = {str(line.get_label()): np.ptp(line.get_xdata()) for line in at_rest}
    assert ends == {"fixed, stable": pytest.approx(0.5), "fixed, unstable": pytest.approx(1.0)}
