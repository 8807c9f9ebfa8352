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


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([UPPER, -UPPER], Score(2, found=2, false=0, new=0)),
        ([UPPER + 5e-4, UPPER - 5e-4], Score(2, found=1, false=0, new=0)),
        ([0.0], Score(1, found=0, false=0, new=1)),
        ([UPPER, 0.5, 1.1, np.nan], Score(4, found=1, false=3, new=0)),
        ([], Score(0, found=0, false=0, new=0)),
    ],
)
def test_states_are_found_false_or_new(states, expected):
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    known = np.array([[UPPER], [-UPPER]])
    judge = Judge(system, np.linspace(-2, 2, 9)[:, None], Truth(known, NONE))
    assert judge.score(np.array(states, float).reshape(-1, 1)) == expected


def test_what_is_true_and_need_not_be_found_is_neither_new_nor_false():
    system = sx.Flow(lambda x: x - x**2, 1)
    judge = Judge(system, np.array([[0.0], [2.0]]), Truth(np.ones((1, 1)), np.zeros((1, 1))))
    assert judge.score(np.zeros((1, 1))) == Score(1, found=0, false=0, new=0)


def test_slow_points_near_a_fold_are_false():
    system = sx.Flow(lambda x: 1e-8 + x**2, 1)
    judge = Judge(system, np.linspace(-2, 2, 9)[:, None], Truth(NONE, NONE))
    assert judge.score(np.zeros((1, 1))).false == 1
    assert judge.slowness(np.zeros((1, 1))) == pytest.approx(0.5e-16)


def test_the_states_of_a_continuum_are_one_point():
    system = sx.Flow(lambda r: jnp.sum(r) * jnp.array([-1.0, -1.0]), 2)
    judge = Judge(system, np.eye(2), Truth(np.zeros((0, 2)), np.zeros((0, 2)), continuum=True))
    states = np.array([[1.0, -1.0], [2.0, -2.0], [1.0, 0.0]])
    assert judge.score(states) == Score(3, found=1, false=1, new=0)
    assert len(judge.truth) == 1


def test_the_page_shows_the_figures():
    page = PAGE.read_text(encoding="utf-8")
    for name, text in blocks(Figures.load()).items():
        assert with_block(page, name, text) == page
