"""What branches start from, what is refused, and the record that comes back."""

import numpy as np
import pytest
from branch_tools import follow, tanh_unit
from scipy.optimize import brentq

import separatrix as sx


def test_a_start_near_a_fixed_point_is_corrected():
    root = brentq(lambda x: np.tanh(2 * x) - x, 0.5, 1)
    branches = follow(tanh_unit, 0.9, (2.0, 3.0), disconnected=None)
    assert branches.states_at(2.0)[:, 0] == pytest.approx([root], abs=1e-12)


def test_a_start_at_a_branch_point_is_a_start():
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), at=1.0, disconnected=None)
    assert branches.special("pitchfork") == pytest.approx([1.0], abs=1e-12)
    assert branches.n_branches == 2


def test_branches_are_described_with_their_special_points():
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), name="w")
    assert branches.describe() == f"{branches.summary()}\n  supercritical pitchfork at w = 1"


def test_states_between_points_are_known_to_a_millionth():
    w = 1.3
    branches = follow(tanh_unit, 0.0, (0.5, 2.0))
    assert (branches.parameters != w).all()
    root = brentq(lambda x: np.tanh(w * x) - x, 1e-3, 1, xtol=1e-14)
    assert np.sort(branches.states_at(w)[:, 0]) == pytest.approx([-root, 0.0, root], abs=1e-6)


def test_states_beside_a_fold_are_on_both_sides_of_it():
    """p = x²: states ±√p, and none where p is negative."""
    branches = follow(lambda p: sx.Flow(lambda x: p - x**2, 1), 1.0, (1.0, -1.0), disconnected=None)
    for p in (0.9, 0.1, 1e-3):
        expected = np.sqrt(p) * np.array([-1, 1])
        assert np.sort(branches.states_at(p)[:, 0]) == pytest.approx(expected, abs=5e-6)
    assert branches.states_at(-0.1).shape == (0, 1)
