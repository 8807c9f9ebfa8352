"""Proofs that no fixed point is missing, by exhaustion."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ..._watch import is_over, why_over
from ...enclosure.branch_and_prune import Exhaustion
from ...enclosure.branch_and_prune.known import known_zeros
from ...enclosure.interval import EnclosureError, Interval
from ...enclosure.krawczyk.context import enclose_residual
from ...enclosure.pieces import search_pieces
from ...solvers.branch_and_prune import BranchAndPrune, why_to_end
from ...solvers.low_rank import (
    MOST_LATENT,
    LatentSystem,
    UnboundedRemainderError,
    exhaust,
    exhaust_enclosure,
    low_rank_enclosure,
)
from ...systems import AbstractSystem
from . import texts
from .domain import Domain

MOST_VARIABLES = MOST_LATENT
"""How many there may be for a search of the whole box to be worth a try."""

Known = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Proof:
    """Whether no fixed point is missing, and points that turned up on the way.

    `states (point, unit)` exist within `error_bounds`, each alone within `radii`; `text` says what
    was done, or what hindered the proof. `among_positive`: it is proved of states that are nowhere
    negative, and of no others.
    """

    complete: bool
    text: str
    states: Float[np.ndarray, "point unit"]
    error_bounds: Float[np.ndarray, " point"]
    radii: Float[np.ndarray, " point"]
    among_positive: bool = False

    @classmethod
    def failed(cls, text: str, size: int) -> "Proof":
        """Return that nothing was proved or found."""
        return cls(False, text, np.zeros((0, size)), np.zeros(0), np.zeros(0))


def prove_complete(
    system: AbstractSystem,
    domain: Domain,
    known: Known,
    method: BranchAndPrune,
) -> Proof:
    """Search exhaustively for zeros of the residual, where that is within reach.

    Of a piecewise-linear system with few pieces each piece is solved, at up to some hundred units.
    Else the domain (all of space, for piecewise-linear systems without one) is searched for systems
    of at most `MOST_VARIABLES` units, and for larger ones the latent variables on which matrices of
    low rank let them depend. `known` are the states of fixed points, their proved radii and error
    bounds; radius 0 where nothing is proved, so that the point is found again.
    """
    if is_over():
        return Proof.failed(why_over(), system.size)
    if domain.positive:
        everywhere = Domain.unknown(system.size, domain.evidence)
        proof = prove_complete(system, everywhere, known, method)
        if proof.complete or len(proof.states) or system.size > MOST_VARIABLES:
            return proof
        return _prove_in_part(system, domain, known, method)
    of_pieces = _prove_by_pieces(system, domain, known)
    if of_pieces.complete:
        return of_pieces
    if system.size <= MOST_VARIABLES:
        box = domain.lower, domain.upper
        found = method.search(system.residual, *box, *known)
        if found.complete or found.boxes > 0:
            return _proof(found, f"of {_where(domain)}")
    try:
        latent = low_rank_enclosure(system.residual, system.size, _proved_box(domain))
    except UnboundedRemainderError as reason:
        return Proof.failed(str(reason), system.size)
    except EnclosureError:
        latent = None
    if latent is None or latent.rank > MOST_VARIABLES:
        return of_pieces
    found = exhaust_enclosure(latent, system.residual, known, method)
    return _proof(found, texts.variables(latent.rank))


def _prove_in_part(
    system: AbstractSystem, domain: Domain, known: Known, method: BranchAndPrune
) -> Proof:
    """Search a box of which it is not known that it holds every fixed point."""
    found = method.search(system.residual, domain.lower, domain.upper, *known)
    proof = _proof(found, f"of {_where(domain)}")
    return replace(proof, complete=False, among_positive=proof.complete)


def _prove_by_pieces(system: AbstractSystem, domain: Domain, known: Known) -> Proof:
    """Solve each piece of a piecewise-linear system that has few of them."""
    states, radii, errors = known
    try:
        enclosed = enclose_residual(system.residual, system.size)
    except EnclosureError:
        return Proof.failed("", system.size)
    zeros = known_zeros(system.size, states, radii, errors)
    found = search_pieces(enclosed, zeros, domain.lower, domain.upper, why_to_end)
    if found is None:
        return Proof.failed("", system.size)
    text = texts.solved(found.boxes, found.reason)
    return Proof(found.complete, text, found.states, found.error_bounds, found.radii)


def prove_complete_in_latent(latent: LatentSystem, method: BranchAndPrune) -> Proof:
    """Search exhaustively for zeros of a residual that is written with few latent variables."""
    return _proof(exhaust(latent, method), texts.variables(latent.rank))


def _proved_box(domain: Domain) -> Interval:
    """Return the domain where it is proved, and else all of space."""
    if domain.given:
        return Interval(np.full_like(domain.lower, -np.inf), np.full_like(domain.upper, np.inf))
    return Interval(domain.lower, domain.upper)


def _where(domain: Domain) -> str:
    if not domain.bounded:
        return "all states"
    return f"{domain}, {domain.evidence}," if domain.given else str(domain)


def _proof(found: Exhaustion, where: str) -> Proof:
    text = texts.searched(where, found.boxes, "" if found.complete else found.reason)
    return Proof(found.complete, text, found.states, found.error_bounds, found.radii)
