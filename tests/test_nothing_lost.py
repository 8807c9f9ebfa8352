"""The benchmark over the golden table: how it counts, and that its page shows its figures."""

import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.nothing_lost.figures import Figures
from benchmarks.nothing_lost.page import PAGE, blocks
from benchmarks.nothing_lost.score import Judge, Score, Truth
from benchmarks.report import with_block

NONE = np.zeros((0, 1))
UPPER = 0.9575040240772687
"""Where tanh(2 x) = x > 0; the others are 0 and −UPPER."""


TANH = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
QUADRATIC = sx.Flow(lambda x: x - x**2, 1)
FOLD = sx.Flow(lambda x: 1e-8 + x**2, 1)  # slow points near it are false
LINE = sx.Flow(lambda r: jnp.sum(r) * jnp.array([-1.0, -1.0]), 2)
STARTS = np.linspace(-2, 2, 9)[:, None]
BOTH = Truth(np.array([[UPPER], [-UPPER]]), NONE)
CONTINUUM = Truth(np.zeros((0, 2)), np.zeros((0, 2)), continuum=True)


@pytest.mark.parametrize(
    ("system", "truth", "states", "expected"),
    [
        (TANH, BOTH, [UPPER, -UPPER], Score(2, found=2, false=0, new=0)),
        (TANH, BOTH, [UPPER + 5e-4, UPPER - 5e-4], Score(2, found=1, false=0, new=0)),
        (TANH, BOTH, [0.0], Score(1, found=0, false=0, new=1)),
        (TANH, BOTH, [UPPER, 0.5, 1.1, np.nan], Score(4, found=1, false=3, new=0)),
        (TANH, BOTH, [], Score(0, found=0, false=0, new=0)),
        # what is true and need not be found is neither new nor false
        (QUADRATIC, Truth(np.ones((1, 1)), np.zeros((1, 1))), [0.0], Score(1, 0, 0, 0)),
        (FOLD, Truth(NONE, NONE), [0.0], Score(1, found=0, false=1, new=0)),
        (LINE, CONTINUUM, [1.0, -1.0, 2.0, -2.0, 1.0, 0.0], Score(3, found=1, false=1, new=0)),
    ],
)
def test_states_are_found_false_or_new(system, truth, states, expected):
    starts = np.eye(2) if system is LINE else STARTS
    judge = Judge(system, starts, truth)
    assert judge.score(np.array(states, float).reshape(-1, system.size)) == expected
    assert truth is not CONTINUUM or len(judge.truth) == 1  # whose states are one point


def test_slowness_is_half_the_squared_speed():
    judge = Judge(FOLD, STARTS, Truth(NONE, NONE))
    assert judge.slowness(np.zeros((1, 1))) == pytest.approx(0.5e-16)


def test_the_page_shows_the_figures():
    page = PAGE.read_text(encoding="utf-8")
    for name, text in blocks(Figures.load()).items():
        assert with_block(page, name, text) == page
