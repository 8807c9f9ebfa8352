"""How much memory proofs take."""

import tracemalloc

import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.completeness import point_indices
from separatrix.analysis.fixed_points import evaluator
from separatrix.analysis.fixed_points.certificates import count_unstable_certified
from separatrix.analysis.fixed_points.root_finding import RootFinder
from separatrix.enclosure.interval import Enclosed
from separatrix.enclosure.krawczyk import certify_zeros, context
from separatrix.solvers.levenberg_marquardt import LevenbergMarquardt
from separatrix.solvers.zero_test import ZeroTest

SIZE = 24


MIXING = np.eye(SIZE)
SYSTEM = sx.Flow(lambda x: MIXING @ (x - x**3), SIZE)
"""Of 24 units, each with zeros at −1, 0 and 1: 3^24 fixed points."""


def points(count):
    return np.random.default_rng(0).integers(-1, 2, (count, SIZE)).astype(float)


def count_unstable(states):
    return count_unstable_certified(SYSTEM, states, np.zeros(len(states)))


def certify(states):
    return certify_zeros(SYSTEM.residual, states).exists.tolist()


def indices(states):
    velocity = Enclosed(SYSTEM.velocity, (SIZE,))
    return point_indices(velocity, states, np.zeros(len(states)))[0].tolist()


def decide(states):
    """Whether each is a zero."""
    batches = evaluator.Evaluator(SYSTEM)
    test = ZeroTest(batches.system.residual, SIZE, states)
    return RootFinder(batches, LevenbergMarquardt(), test).are_zeros(states).tolist()


@pytest.mark.parametrize("prove", [count_unstable, certify, indices])
def test_proofs_on_several_threads_are_those_of_one(prove, monkeypatch):
    monkeypatch.setattr(context, "_ENTRIES", 8 * SIZE**2)
    states = points(50)
    alone = prove(states)
    monkeypatch.setattr(context, "_LARGE", 1)
    assert prove(states) == alone and None not in alone


@pytest.mark.parametrize("prove", [count_unstable, certify, indices, decide])
def test_it_does_not_grow_with_the_number_of_points(prove, monkeypatch):
    monkeypatch.setattr(context, "_ENTRIES", 8 * SIZE**2)
    monkeypatch.setattr(evaluator, "_BYTES", 8 * 8 * SIZE**2)
    prove(points(2))
    peaks = []
    for count in (16, 160):
        tracemalloc.start()
        proved = prove(points(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(proved) == count and None not in proved
    # Threads need not meet at their peaks with few points; with all points at once it is 8 times.
    assert peaks[1] < 3 * peaks[0]
