"""Newton's steps from region to region, shortened where the residual would not fall."""

from __future__ import annotations

import numpy as np

from ..._parallel import chunks
from ..._watch import is_over
from .affine import Array
from .form import Bools
from .reduced import BLOCK, Ints, Reduced
from .region_solves import solve_each

_MOST_STEPS = 60  # before a walk is taken up anew in its region
_SHORTEST = 2.0**-6  # part of a step that is tried
_FALL = 0.1  # part of what the equations of the region promise


def descend(reduced: Reduced, patterns: Bools, most: int) -> tuple[Bools, Ints]:
    """Walk from the zeros of the equations of regions ``(k, m)`` until no step leads lower.

    A step goes toward the zero of the equations of the region where the walk is: the whole way,
    or a half, a quarter, ... of it, until ``|r|`` falls by a tenth of what these equations promise.
    A walk ends in a region that holds the zero of its own equations, or where these are singular,
    or from which no step leads lower.

    Returns the patterns of the regions where the walks end, and how many regions each has solved.
    When ``most`` are solved, or time is over, walks end where they are.

    References
    ----------
    Han, Pang & Rangaraj (1992), "Globally convergent Newton methods for nonsmooth equations",
    Mathematics of Operations Research 17:586.
    """
    block = max(BLOCK // max(*reduced.M.shape, 1), 1)
    ends, solved = patterns.copy(), np.zeros(len(patterns), dtype=np.intp)
    for rows in chunks(len(patterns), block):
        left = most - int(solved.sum())
        if left >= len(patterns[rows]) and not is_over():
            ends[rows], solved[rows] = _descend(reduced, patterns[rows], left)
    return ends, solved


def _descend(reduced: Reduced, patterns: Bools, most: int) -> tuple[Bools, Ints]:
    turned = reduced.patterns(patterns)
    first = solve_each(reduced, turned)
    solved = np.ones(len(turned), dtype=np.intp)
    at = _Walkers(reduced, np.flatnonzero(~first.stays & ~first.singular), first.e, first.z)
    for _ in range(_MOST_STEPS):
        turned[at.index] = at.z > 0
        if len(at.index) == 0 or solved.sum() + len(at.index) > most:
            break
        target = solve_each(reduced, at.z > 0)
        solved[at.index] += 1
        at.keep(*at.steps(target.e, among=~target.stays & ~target.singular))
    turned[at.index] = at.z > 0
    return reduced.patterns(turned), solved


class _Walkers:
    """Walks on their way: where they are, and how large the residual is there."""

    def __init__(self, reduced: Reduced, index: Ints, e: Array, z: Array):
        self._reduced = reduced
        self.index = index
        self.e, self.z = e[index], z[index]
        self._length = self._measured(self.e, self.z)

    def _measured(self, e: Array, z: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):  # where equations are nearly singular
            r = self._reduced.residual(e, z)
            return np.sqrt(np.einsum("ki,ki->k", r, r))

    def steps(self, target: Array, among: Bools) -> tuple[Bools, Array, Array, Array]:
        """Look for the longest step toward the targets ``(k, n)`` along which the residual falls.

        Returns which walks have one, and for these the places, gates and lengths they come to.
        """
        found = np.zeros(len(among), dtype=bool)
        e, z, length = self.e.copy(), self.z.copy(), self._length.copy()
        open_rows, part = np.flatnonzero(among), 1.0
        while len(open_rows) and part >= _SHORTEST:
            tried = self.e[open_rows] + part * (target[open_rows] - self.e[open_rows])
            gates = self._reduced.preactivations(tried)
            new = self._measured(tried, gates)
            falls = new <= (1.0 - _FALL * part) * self._length[open_rows]
            rows = open_rows[falls]
            found[rows], length[rows] = True, new[falls]
            e[rows], z[rows] = tried[falls], gates[falls]
            open_rows, part = open_rows[~falls], part / 2
        return found, e[found], z[found], length[found]

    def keep(self, rows: Bools, e: Array, z: Array, length: Array) -> None:
        """Go on with some of the walks, from where they have come to."""
        self.index, self.e, self.z, self._length = self.index[rows], e, z, length
