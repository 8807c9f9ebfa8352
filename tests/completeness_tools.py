"""A small stand-in for a search: certified fixed points from starts, and their collection."""

from dataclasses import replace

import jax
import numpy as np

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
