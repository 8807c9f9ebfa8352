"""Whether the fixed points of two networks hang together in the same way."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..._checked import Share, checked
from ..._types import counted
from ..fixed_points.points import FixedPoints
from ..topology import FixedPointTopology, Undecided
from .measure import AbstractMeasure, Dynamics, Reading

SURE = 7.0
"""Candidates that should have reached points, if they were there: e⁻⁷ is 1 in 1000."""


@dataclass(frozen=True, eq=False)
class _Points:
    topology: FixedPointTopology | None
    """None where there is no fixed point."""
    fixed: FixedPoints
    missing: str
    """Why points may be missing; empty where nothing says so."""
    proved_complete: bool

    @property
    def proved(self) -> Counter[int]:
        """How many points are proved to exist, by the proved number of unstable directions.

        Under −1 those with which this is not proved.
        """
        proved = np.asarray(self.fixed.certified)
        known = np.asarray(self.fixed.n_unstable_certified)
        return Counter(np.where(known, np.asarray(self.fixed.n_unstable), -1)[proved].tolist())

    def may_lack(self, other: "_Points") -> bool:
        """Return whether the search may have missed points where another set differs from this one.

        Where the other set has more of a kind: points like those of them that the fewest candidates
        have reached, as rarely reached here, may have been missed by all. Where both have as many:
        saddles may have been, where those that are known here are rarely reached.
        """
        mine, others = (np.asarray(points.fixed.n_unstable) for points in (self, other))
        hits = np.asarray(other.fixed.hits)
        more = {k: (others == k).sum() - (mine == k).sum() for k in np.unique(others)}
        if self.proved_complete:
            return False
        if max(more.values(), default=0) <= 0:
            return len(mine) == len(others) and self._has_rare_saddles
        rare = sum(np.sort(hits[others == k])[:n].sum() for k, n in more.items() if n > 0)
        return bool(rare / max(hits.sum(), 1) * np.sum(self.fixed.hits) < SURE)

    @property
    def _has_rare_saddles(self) -> bool:
        """Whether of a hundred candidates that come to saddles one may come to an unknown one."""
        hits = np.asarray(self.fixed.hits)[np.asarray(self.fixed.n_unstable) != 0]
        return len(hits) > 0 and bool((hits == 1).sum() > 0.01 * hits.sum() or not hits.any())


@checked
@dataclass(frozen=True)
class Topology(AbstractMeasure[_Points]):
    """Compare graphs of fixed points: 0 if they are the same, 1 if they differ, NaN if not known.

    Two graphs are the same if their points can be matched one to one, such that matched points have
    the same number of unstable directions and lead to matched stable points. Matched stable points
    must also have the same signs of the outputs (`FixedPointTopology.same_as`). Graphs are compared
    in this way if the search has probably missed no fixed point of either network: both sets of
    points must be *whole*. A set is whole if it is proved complete, or if all of the following
    hold:

    * All points are proved to exist.
    * If a box is known that holds all fixed points of the system, the indices of the points found
      add up to 1. (Any other sum shows that points are missing; `find_fixed_points` explains the
      index.) If no such box is known, the Euler characteristic of the points found is 1: the sum of
      $(-1)^k$, where k is the number of unstable directions.
    * The coverage, which estimates the fraction of further candidates that would lead to points
      already found, is at least `coverage`.
    * For every point, it is certain to which stable points it leads: `FixedPointTopology.doubts` is
      empty. Among other things, all states that were followed from near the saddles must have ended
      at stable points that were found.

    If only one of the two sets is whole, there is one case in which the distance is known. It is 1
    if the other set has more proved points than the whole set, either in total or among the points
    with a certain number of unstable directions. (This holds except in the two cases below.) In all
    other cases with a set that is not whole, the distance is NaN.

    Two graphs may also differ only because the search missed points that candidates rarely reach.
    So if the graphs differ and one of the sets is not proved complete, the distance is NaN in two
    cases. In the first case, this set has fewer points than the other set with some number of
    unstable directions, and few candidates reached the points that the other set has in addition.
    In the second case, both sets have equally many points with each number of unstable directions,
    and few candidates reached the saddles of this set.

    Parameters
    ----------
    coverage
        The smallest Good–Turing coverage with which a set can be whole without a proof.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.measures.Topology(coverage=0.999).name
    'topology'
    """

    coverage: Share = 0.99

    name: ClassVar[str] = "topology"
    needs: ClassVar[tuple[str, ...]] = ("points", "topology")
    no_null: ClassVar[str] = "fixed points do not depend on trials"
    is_relation: ClassVar[bool] = True

    def read(self, network: Dynamics) -> Reading[_Points]:
        points, topology = network.points, network.topology
        if points is None or (topology is None and len(points.fixed)):
            return None, "the topology of its fixed points was not worked out"
        said, missing = self._evidence(points, topology)
        found = _Points(topology, points.fixed, missing, points.complete)
        return found, missing or said

    def _evidence(
        self, points: FixedPoints, topology: FixedPointTopology | None
    ) -> tuple[str, str]:
        """Return what speaks for a whole set of points, and why some may be missing."""
        doubts = "" if topology is None else topology.undecided
        if points.complete:
            return f"proved complete{doubts and '; '}{doubts}", ""
        unproved = int((~np.asarray(points.fixed.certified)).sum())
        if unproved:
            return "", f"{counted(unproved, 'fixed point')} not proved to exist"
        index, name = points.index_sum, "index sum"
        if index is None:  # no box is known that holds all points
            index = None if topology is None else topology.euler_characteristic
            name = "Euler characteristic"
        if index != 1:
            value = "unknown" if index is None else f"{index}, not 1"
            return "", f"{name} {value}: some may be missing"
        if points.coverage is None or points.coverage < self.coverage:
            value = "unknown" if points.coverage is None else f"{points.coverage:.3f}"
            return "", f"coverage {value}: some may be missing"
        if doubts:  # departures may end at a point that is missing
            return "", doubts
        return f"{name} 1, coverage {points.coverage:.3f}", ""

    def between(self, first: _Points, second: _Points) -> float | Undecided:
        if not first.missing and not second.missing:
            if first.topology is None or second.topology is None:
                return float(first.topology is not second.topology)
            answer = first.topology.same_as(second.topology)
            if answer is False and (first.may_lack(second) or second.may_lack(first)):
                return Undecided("the search may have missed points that the other network has")
            return answer if isinstance(answer, Undecided) else float(not answer)
        for part, whole in ((first, second), (second, first)):
            may_decide = part.missing and not whole.missing and not whole.may_lack(part)
            if may_decide and _has_more(part, whole):
                return 1.0
        return Undecided(first.missing or second.missing)


def _has_more(part: _Points, whole: _Points) -> bool:
    """Return whether more points of some kind are proved than the other set has in all."""
    if part.proved.total() > len(whole.fixed):
        return True
    if whole.topology is None or (numbers := np.asarray(whole.topology.n_unstable)).min() < 0:
        return False
    return any(n > (numbers == k).sum() for k, n in part.proved.items() if k >= 0)
