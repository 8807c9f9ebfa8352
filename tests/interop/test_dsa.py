"""Dynamical similarity analysis of the activity of runs, by the package dsa-metric."""

from types import SimpleNamespace

import numpy as np
import page_code
import pytest

pytest.importorskip("DSA")
pytestmark = pytest.mark.filterwarnings("default")  # those of other packages


def run(A, seed, size=12):
    """Linear dynamics driven by noise, in other coordinates: (trial, time, unit)."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(size, size)))[0][:, : len(A)]
    states = rng.normal(size=(20, 50, len(A)))
    for step in range(1, 50):
        states[:, step] += states[:, step - 1] @ A.T
    return SimpleNamespace(activity=SimpleNamespace(states=states @ turn.T))


def test_the_lines_of_the_page_tell_the_same_dynamics_from_others():
    (lines,) = (code for needed, code in page_code.blocks("docs/how-to/many-networks") if needed)
    slow, fast = np.diag([0.9, 0.5]), np.array([[0.6, 0.5], [-0.5, 0.6]])
    runs = {"one": run(slow, 0), "same": run(slow, 1), "other": run(fast, 2)}
    names = {"study": SimpleNamespace(runs=runs)}
    exec(compile(lines, "<many-networks.md>", "exec"), names)
    assert names["distances"].shape == (3, 3)
    assert names["distances"][0, 1] < 0.3 * names["distances"][0, 2]
