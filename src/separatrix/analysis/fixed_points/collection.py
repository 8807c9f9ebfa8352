"""The points of a search, to which further starts may add."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...systems import AbstractSystem
from ..completeness import Domain, PointSet, Proof
from .agreement import doubts_of_step
from .certificates import certify
from .found import Found

Solve = Callable[[np.ndarray], Found]
"""Starts -> where they lead."""


def point_set(found: Found) -> PointSet:
    """Return the fixed points that a search has found, with what is proved of each."""
    labels = found.labels("fixed")
    proofs = [found.proofs.get(k, (np.nan, 0.0, "")) for k in labels]
    hits = np.bincount(found.reached[found.reached >= 0], minlength=len(found.states))
    return PointSet(
        states=found.stacked(labels),
        certified=np.array([k in found.proofs for k in labels], bool),
        error_bounds=np.array([error for error, _, _ in proofs], float),
        radii=np.array([radius for _, radius, _ in proofs], float),
        hits=hits[labels],
    )


@dataclass(frozen=True)
class Collection:
    """What the candidates led to, certified, and a solver for further starts.

    Further starts add fixed points that are not known yet, and these are certified; what became
    of the candidates, and how many of them reached each point, stays as it is.
    """

    system: AbstractSystem
    found: Found
    solve: Solve

    def search(self, starts: Float[np.ndarray, "start unit"]) -> PointSet:
        """Follow further starts, add the fixed points that are new, and return all of them."""
        further = self.solve(starts)
        self.found.contradiction = self.found.contradiction or further.contradiction
        for label in further.labels("fixed"):
            if not self._knows(further, label):
                self.found.adopt(further, label)
        certify(self.system, self.found)
        return self.points()

    def adopt(self, proof: Proof) -> PointSet:
        """Add points that an exhaustive search has proved, and return all of them."""
        doubts = doubts_of_step(self.system, proof.states, proof.error_bounds)
        sure = np.array([not doubt for doubt in doubts], bool)
        found = proof.states[sure], proof.error_bounds[sure], proof.radii[sure]
        self.found.add_proved(*found, "by exhaustive search")
        self.found.contradiction = next(filter(None, doubts), self.found.contradiction)
        certify(self.system, self.found)
        return self.points()

    def points(self) -> PointSet:
        """Return the fixed points found so far."""
        return point_set(self.found)

    def reject_outside(self, domain: Domain) -> None:
        """Take out what is proved to be no fixed point, though its residual is at rounding level.

        A gate that saturates far outside the box that holds every fixed point makes such states.
        """
        labels = [k for k in self.found.labels("fixed") if k not in self.found.proofs]
        if domain.given or not labels:
            return
        outside = domain.excludes(self.found.stacked(labels))
        self.found.reject(
            [k for k, out in zip(labels, outside, strict=True) if out],
            f"left the domain: the residual is at rounding level outside {domain}, where no fixed "
            "point lies",
        )

    def _knows(self, further: Found, label: int) -> bool:
        """Tell whether a point is one of those collected, by proof or by what is uncertain of both.

        A point of a continuum is taken to be known when any continuum is.
        """
        state, bound = further.states[label], further.bounds[label]
        if not np.isfinite(bound):
            return any(not np.isfinite(self.found.bounds[k]) for k in self.found.labels("fixed"))
        blur = 8 * np.finfo(float).eps * np.abs(state).max(initial=0)
        for k in self.found.labels("fixed"):
            distance = float(np.abs(state - self.found.states[k]).max(initial=0))
            error, radius = self.found.proofs.get(k, (self.found.bounds[k], 0.0, ""))[:2]
            if distance + bound < radius or distance <= 10 * (bound + error) + blur:
                return True
        return False
