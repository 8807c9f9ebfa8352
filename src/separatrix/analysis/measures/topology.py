"""Whether the fixed points of two networks hang together in the same way."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..._types import InvalidInputError, counted, require_number
from ..fixed_points.points import FixedPoints
from ..topology import FixedPointTopology, Undecided
from .base import AbstractMeasure, Dynamics, Reading


@dataclass(frozen=True, eq=False)
class _Points:
    topology: FixedPointTopology | None
    """None where there is no fixed point."""
    fixed: FixedPoints
    missing: str
    """Why points may be missing; empty where nothing says so."""

    @property
    def proved(self) -> Counter[int]:
        """How many points are proved to exist, by the proved number of unstable directions.

        Under −1 those with which this is not proved.
        """
        proved = np.asarray(self.fixed.certified)
        known = np.asarray(self.fixed.n_unstable_certified)
        return Counter(np.where(known, np.asarray(self.fixed.n_unstable), -1)[proved].tolist())


@dataclass(frozen=True)
class Topology(AbstractMeasure[_Points]):
    """Compare the graphs of fixed points: 0 the same, 1 different, NaN not known.

    The same are graphs with as many points of each number of unstable directions, linked in the
    same way, whose stable points have the same signs of the outputs (`FixedPointTopology.same_as`).
    That is asked where both sets of points are whole: proved complete; or all points are proved,
    the sum of indices is 1 wherever there is one, and the candidates' coverage is high. Where one
    set is not, networks are different if it has more points that are proved than the other, whole
    one; else it is not known whether they are the same.

    Parameters
    ----------
    coverage
        Good–Turing coverage from which on a set is taken to be whole without a proof.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.measures.Topology(coverage=0.999).name
    'topology'
    """

    coverage: float = 0.99

    name: ClassVar[str] = "topology"
    needs: ClassVar[tuple[str, ...]] = ("points", "topology")
    no_null: ClassVar[str] = "fixed points do not depend on trials"
    is_relation: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= require_number(self.coverage, "coverage") <= 1:
            raise InvalidInputError(f"coverage must be from 0 to 1, got {self.coverage!r}.")

    def read(self, network: Dynamics) -> Reading[_Points]:
        points, topology = network.points, network.topology
        if points is None or (topology is None and len(points.fixed)):
            return Reading(None, "the topology of its fixed points was not worked out")
        said, missing = self._evidence(points)
        found = _Points(topology, points.fixed, missing)
        doubts = "" if topology is None else topology.undecided
        return Reading(found, "; ".join(filter(None, (missing or said, doubts))))

    def _evidence(self, points: FixedPoints) -> tuple[str, str]:
        """Return what speaks for a whole set of points, and why some may be missing."""
        if points.complete:
            return "proved complete", ""
        unproved = int((~np.asarray(points.fixed.certified)).sum())
        if unproved:
            return "", f"{counted(unproved, 'fixed point')} not proved to exist"
        if points.index_sum not in (None, 1):
            return "", f"index sum {points.index_sum}, not 1: some are missing"
        if points.coverage is None or points.coverage < self.coverage:
            told = "unknown" if points.coverage is None else f"{points.coverage:.3f}"
            return "", f"coverage {told}: some may be missing"
        index = "no index sum" if points.index_sum is None else "index sum 1"
        return f"{index}, coverage {points.coverage:.3f}", ""

    def between(self, first: _Points, second: _Points) -> float | Undecided:
        if not first.missing and not second.missing:
            if first.topology is None or second.topology is None:
                return float(first.topology is not second.topology)
            answer = first.topology.same_as(second.topology)
            return answer if isinstance(answer, Undecided) else float(not answer)
        for part, whole in ((first, second), (second, first)):
            if part.missing and not whole.missing and _has_more(part, whole):
                return 1.0
        return Undecided(first.missing or second.missing)


def _has_more(part: _Points, whole: _Points) -> bool:
    """Say whether of some kind more points are proved than the other set has in all."""
    if part.proved.total() > len(whole.fixed):
        return True
    if whole.topology is None or (numbers := np.asarray(whole.topology.n_unstable)).min() < 0:
        return False
    return any(n > (numbers == k).sum() for k, n in part.proved.items() if k >= 0)
