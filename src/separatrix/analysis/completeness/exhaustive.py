"""Proofs that no fixed point is missing, by exhaustion."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...solvers.branch_and_prune import BranchAndPrune
from ...systems import AbstractSystem
from .domain import Domain

Known = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Proof:
    """Whether no fixed point is missing, and points that turned up on the way.

    `states (point, unit)` exist within `error_bounds`; `text` says what was done, or what hindered
    the proof.
    """

    complete: bool
    text: str
    states: Float[np.ndarray, "point unit"]
    error_bounds: Float[np.ndarray, " point"]


def prove_complete(system: AbstractSystem, domain: Domain, known: Known, largest: int) -> Proof:
    """Search the domain exhaustively for zeros of the residual, if it is small enough.

    `known` are the states of fixed points, their error bounds and radii; radius 0 where nothing is
    proved, so that the point is found again.
    """
    nothing = np.zeros((0, system.size)), np.zeros(0)
    if not domain.bounded:
        return Proof(False, "", *nothing)  # the domain says why
    if system.size > largest:
        return Proof(False, "", *nothing)
    states, error_bounds, radii = known
    found = BranchAndPrune().search(
        system.residual,
        domain.lower,
        domain.upper,
        states,
        radii,
        np.where(radii > 0, error_bounds, 0.0),
    )
    text = f"interval branch and prune of {domain} examined {found.boxes:,} boxes"
    if found.complete and domain.given:
        text += ", " + domain.evidence
    reason = "" if found.complete else found.reason
    return Proof(found.complete, reason or text, found.states, found.error_bounds)
