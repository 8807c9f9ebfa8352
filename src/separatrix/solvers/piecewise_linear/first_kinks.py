"""The first kink on a straight way; in few variables, looked for among those that are near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .affine import Array
from .form import Bools
from .reduced import Ints
from .region_inverses import RegionInverses

Signs = NDArray[np.int8]

# In so few variables, kinks that are near stay the nearest for many steps.
_FEW_VARIABLES = 16
_NEAREST = 48
# No pre-activation is divided by zero; this is below any other.
_TINY = 1e-300


@dataclass(frozen=True)
class FirstKinks:
    """The gate whose kink comes first on each way, the part of the way to it, 1 if there is none.

    ``change`` is what the gate's pre-activation changes by along the way, counted from its side.
    """

    gate: Ints
    length: Array
    change: Array


class NearKinks:
    """The kinks nearest to where candidates were, and within which distance there are no others."""

    def __init__(self, gates: Ints, center: Array, reach: Array) -> None:
        self.gates, self.center, self.reach = gates, center, reach

    @classmethod
    def unknown(cls, states: Array) -> NearKinks:
        """Return that nothing is known yet near states ``(k, n)``."""
        return cls(np.zeros((len(states), _NEAREST), np.intp), states.copy(), -np.ones(len(states)))

    def __getitem__(self, rows: Bools) -> NearKinks:
        return NearKinks(self.gates[rows], self.center[rows], self.reach[rows])


class KinkSearch:
    """Looks for the first kinks on straight ways through regions.

    The ``side`` ``(k, m)`` of a gate is −1 where it is on, 1 where it is off, and 0 where its kink
    does not count.
    """

    def __init__(self, regions: RegionInverses) -> None:
        n, m = regions.residual.size, regions.residual.gate_count
        self._regions = regions
        self._norms = np.linalg.norm(regions.residual.gate_weights, axis=1)
        self._by_near = n <= _FEW_VARIABLES and m > 4 * _NEAREST and not regions.is_coupled

    def first(self, x: Array, target: Array, on: Bools, side: Signs, near: NearKinks) -> FirstKinks:
        """Return the first kinks on the ways from ``x`` to ``target``; ``near`` is brought on."""
        if not self._by_near:
            return self._among_all(x, target, on, side)[0]
        found = self._among_near(x, target, side, near.gates)
        moved = np.linalg.norm(x + found.length[:, None] * (target - x) - near.center, axis=1)
        far = np.flatnonzero(~(moved <= near.reach))
        if len(far):
            anew, z = self._among_all(x[far], target[far], on[far], side[far])
            found.gate[far], found.length[far] = anew.gate, anew.length
            found.change[far] = anew.change
            with np.errstate(divide="ignore", invalid="ignore"):
                away = np.where(self._norms > 0, np.abs(z) / self._norms, np.inf)
            nearest = np.argpartition(away, _NEAREST, axis=1)
            near.gates[far], near.center[far] = nearest[:, :_NEAREST], x[far]
            near.reach[far] = 0.999 * away[np.arange(len(far)), nearest[:, _NEAREST]]
        return found

    def _among_all(
        self, x: Array, target: Array, on: Bools, side: Signs
    ) -> tuple[FirstKinks, Array]:
        z, beyond = (self._regions.preactivations(on, states) for states in (x, target))
        if not side.shape[1]:
            none = np.zeros(len(x))
            return FirstKinks(none.astype(np.intp), none + 1.0, none), z
        return _first(z, beyond, side), z

    def _among_near(self, x: Array, target: Array, side: Signs, gates: Ints) -> FirstKinks:
        reach, offset = self._regions.own_rows(gates)
        both = reach @ np.stack([x, target], axis=-1) + offset[:, :, None]
        found = _first(both[..., 0], both[..., 1], np.take_along_axis(side, gates, axis=1))
        return FirstKinks(gates[np.arange(len(x)), found.gate], found.length, found.change)


def _first(z: Array, beyond: Array, side: Signs) -> FirstKinks:
    """Find the gate that is the first to leave its side on the way from ``z`` to ``beyond``."""
    beyond = beyond * side
    size = np.abs(z) + _TINY
    with np.errstate(over="ignore"):
        ratio = beyond / size
    each = np.arange(len(z))
    gate = ratio.argmax(axis=1)
    largest = np.maximum(ratio[each, gate], 0.0)
    change = beyond[each, gate] + size[each, gate]
    return FirstKinks(gate, 1.0 / (1.0 + largest), change)
