"""A small stand-in for a search: certified fixed points from starts, and their collection."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix.analysis.fixed_points.certificates import add_unknown, certify
from separatrix.analysis.point_table import Evidence, PointTable
from separatrix.enclosure.krawczyk import certify_zeros
from separatrix.systems import in_float64


def float64(system):
    with jax.enable_x64(True):
        return in_float64(system)


def point_set(system, states, hits=10):
    """Certify states as fixed points of a float64 system, each of which so many starts reached."""
    states = np.asarray(states, float).reshape(-1, system.size)
    hits = np.broadcast_to(hits, len(states))
    table = PointTable.empty(int(hits.sum()), system.size).with_points(states, True, np.inf)
    proof = certify_zeros(system.residual, states)
    return replace(
        table,
        evidence=np.where(proof.exists, Evidence.UNIQUE, Evidence.REFUSED),
        errors=proof.error_bound,
        radii=proof.radius,
        reached=np.repeat(np.arange(len(states)), hits),
    )


def without(points, index):
    """Leave a point out."""
    return points.select(np.arange(len(points)) != index)


class Collection:
    """Fixed points found so far; `search(points, starts)` adds what further starts lead to."""

    def __init__(self, system, starts):
        self.system, self.calls = float64(system), []
        found = self._found(starts)
        self.points = point_set(self.system, found.states, np.asarray(found.hits))

    def search(self, points, starts):
        self.calls.append(starts)
        further = point_set(self.system, self._found(starts).states, 0)
        self.points = certify(self.system, add_unknown(points, further))
        return self.points

    def _found(self, starts):
        return sx.find_fixed_points(self.system, starts, slow_points=False, certify=False).fixed


def random_tanh(size, gain, seed):
    """x ↦ tanh(W x) with independent normal weights of variance gain²/size."""
    weights = gain * np.random.default_rng(seed).standard_normal((size, size)) / np.sqrt(size)
    return float64(sx.DiscreteMap(lambda x: jnp.tanh(weights @ x), size))
