"""A small stand-in for a search: certified fixed points from starts, and their collection."""

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix.analysis.completeness import PointSet
from separatrix.enclosure.krawczyk import certify_zeros
from separatrix.systems import in_float64


def float64(system):
    with jax.enable_x64(True):
        return in_float64(system)


def point_set(system, states, hits=None):
    """Certify states as fixed points of a float64 system."""
    states = np.asarray(states, float).reshape(-1, system.size)
    proof = certify_zeros(system.residual, states)
    hits = np.full(len(states), 10) if hits is None else np.asarray(hits)
    return PointSet(states, proof.exists, proof.error_bound, proof.radius, hits)


def without(points, index):
    """Leave a point out."""
    return points.select(np.arange(len(points.states)) != index)


class Collection:
    """Fixed points found so far; `search(starts)` adds what further starts lead to."""

    def __init__(self, system, starts):
        self.system, self.starts, self.calls = system, np.zeros((0, system.size)), []
        self.points = self.search(starts)
        self.calls = []

    def search(self, starts):
        self.calls.append(starts)
        self.starts = np.concatenate([self.starts, starts])
        found = sx.find_fixed_points(
            self.system, self.starts, slow_points=False, completeness=False
        ).fixed
        self.points = PointSet(
            found.states, found.certified, found.error_bound, found.radius, np.asarray(found.hits)
        )
        return self.points


def random_tanh(size, gain, seed):
    """x ↦ tanh(W x) with independent normal weights of variance gain²/size."""
    weights = gain * np.random.default_rng(seed).standard_normal((size, size)) / np.sqrt(size)
    return float64(sx.DiscreteMap(lambda x: jnp.tanh(weights @ x), size))
