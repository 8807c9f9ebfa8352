"""How much memory candidates take: none beyond their own, and they stay as they are."""

import tracemalloc

import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix.analysis.fixed_points import search, smooth

SIZE = 256


def test_candidates_are_not_copied(monkeypatch):
    monkeypatch.setattr(smooth, "_PORTION", 500)
    monkeypatch.setattr(search, "_TYPICAL", 500)
    rng = np.random.default_rng(0)
    W = 0.3 * rng.standard_normal((SIZE, SIZE)) / SIZE**0.5
    system = sx.DiscreteMap(lambda x: jnp.tanh(W @ x), SIZE)
    candidates = rng.uniform(-1, 1, (12_000, SIZE))

    before = candidates.copy()

    def peak(count):
        tracemalloc.start()
        points = sx.find_fixed_points(system, candidates[:count], slow_points=False)
        assert points.hits.tolist() == [count]
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    peak(1_000)  # compiles, and imports
    growth = peak(12_000) - peak(2_000)
    assert growth < 0.3 * candidates[2_000:].nbytes
    assert (candidates == before).all()
