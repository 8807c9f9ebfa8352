"""Jacobians that scale one matrix take steps of their own: the points are the same."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points.evaluator import Evaluator

N = 50
W = 1.2 * np.random.default_rng(0).standard_normal((N, N)) / N**0.5
FIELDS = {
    "rows": lambda x: jnp.tanh(W @ x + 0.1) - x,
    "columns": lambda x: W @ jnp.tanh(x) - x + 0.1,
}


@pytest.mark.parametrize("name", ["rows", "columns"])
def test_the_same_fixed_points_as_with_dense_jacobians(name, monkeypatch):
    starts = np.random.default_rng(3).uniform(-1, 1, (100, N))
    flow = sx.Flow(FIELDS[name], N)
    found = sx.find_fixed_points(flow, starts, slow_points=False)
    monkeypatch.setattr(Evaluator, "_shared_matrix", None)
    again = sx.find_fixed_points(flow, starts, slow_points=False)
    assert found.fixed.certified.all()
    assert found.index_sum == again.index_sum == (1 if name == "rows" else found.index_sum)
    assert len(found.fixed) == len(again.fixed)
    far = np.abs(found.states[:, None] - again.states[None]).max(2).min(1)
    assert far.max() < 1e-9
