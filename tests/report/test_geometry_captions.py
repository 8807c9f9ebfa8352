"""What the report says of saddles and branches whose numbers are known."""

import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from sample_records import network

import separatrix as sx
from separatrix.report.sections import branches as of_branches, fixed_point_graph, lyapunov
from separatrix.report.story import Story
from separatrix.store import Run


def story(*records):
    named = {f"record{k}": record for k, record in enumerate(records)}
    return Story(Run(Path("/nowhere"), {"name": "x"}, network(), named, {}))


def test_the_arms_of_a_saddle_are_counted():
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    state = 0.9575040240772687
    graph = sx.fixed_point_graph(system, np.array([[0.0], [state], [-state]]))
    text = fixed_point_graph.SECTION.caption(story(graph))
    assert "There is 1 saddle of this kind here. All 2 end at stable fixed points." in text
    assert "several" not in text and "state to rest in" not in text


def test_branches_are_told_with_their_special_points():
    branches = sx.continue_fixed_points(
        lambda p: sx.Flow(lambda x: p * x - x**3, 1), np.zeros(1), (-1.0, 1.0), name="p"
    )
    text = of_branches.SECTION.caption(story(branches))
    assert "the p of the stimulus held constant goes from −1 to 1" in text
    assert "2 branches of" in text and "Height: the mean over the units." in text
    assert "branches meet, at 1 special point (1 × supercritical pitchfork)." in text
    held = sx.find_fixed_points(sx.Flow(lambda x: -x - x**3, 1), np.zeros((1, 1)))
    assert of_branches.SECTION.caption(story(branches, held)) == text
    none = "At the frozen input no fixed point was found: these were found at the strongest"
    assert none not in text
    assert none in of_branches.SECTION.caption(story(branches, held[:0]))


@pytest.mark.parametrize(
    ("factor", "told"),
    [
        (0.5, r"−0\.693 ± \S+ per step, 1\.44 ms \(decay\)"),
        (3.0, "left to infinity after at least .*"),
    ],
)
def test_the_largest_exponent_is_told_as_it_is_known(factor, told):
    method = sx.solvers.TangentQR(steps=3000, transient=0)
    system = sx.DiscreteMap(lambda x: factor * x, 1)
    spectrum = sx.lyapunov_exponents(system, np.ones(1), method=method)
    assert re.fullmatch(told, lyapunov.largest_exponent(spectrum))


def test_an_exponent_that_may_be_zero_has_no_time_constant():
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    system = sx.DiscreteMap(lambda x: turn @ x / (0.5 + 0.5 * (x @ x)), 2)
    spectrum = sx.lyapunov_exponents(system, np.array([1.0, 0.1]))
    assert lyapunov.largest_exponent(spectrum).endswith("per step, may be 0")
