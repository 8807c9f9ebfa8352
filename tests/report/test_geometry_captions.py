"""What the report says of saddles and branches whose numbers are known."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
from sample_records import network

import separatrix as sx
from separatrix.report.sections import branches as of_branches, fixed_point_graph
from separatrix.store import Run


def run(**records):
    return Run(Path("/nowhere"), {"name": "x"}, network(), records, {})


def test_the_arms_of_a_saddle_are_counted():
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    state = 0.9575040240772687
    graph = sx.fixed_point_graph(system, np.array([[0.0], [state], [-state]]))
    text = fixed_point_graph.SECTION.caption(run(fixed_point_graph=graph))
    assert (
        "There is 1 saddle with one unstable direction here. Both paths end at stable fixed points."
        in text
    )
    assert "several" not in text and "which it could rest" not in text


def test_branches_are_told_with_their_special_points():
    branches = sx.continue_fixed_points(
        lambda p: sx.Flow(lambda x: p * x - x**3, 1), np.zeros(1), (-1.0, 1.0), name="p"
    )
    text = of_branches.SECTION.caption(run(branches=branches))
    assert "for each p of the stimulus from −1 to 1" in text
    assert "2 branches with" in text and "The vertical axis shows the mean over the units." in text
    assert "branches meet, at 1 special point (1 × supercritical pitchfork)." in text
    held = sx.find_fixed_points(sx.Flow(lambda x: -x - x**3, 1), np.zeros((1, 1)))
    assert of_branches.SECTION.caption(run(branches=branches, fixed_points=held)) == text
    none = "At the frozen input no fixed point was found. The first points were found at the"
    assert none not in text
    assert none in of_branches.SECTION.caption(run(branches=branches, fixed_points=held[:0]))
