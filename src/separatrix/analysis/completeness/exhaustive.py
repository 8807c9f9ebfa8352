"""Proofs that no fixed point is missing, by exhaustion."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...enclosure.branch_and_prune import BranchAndPrune, Exhaustion
from ...enclosure.interval import EnclosureError, Interval
from ...solvers.low_rank import Reduction, UnboundedRemainderError, exhaust, reduce
from ...systems import AbstractSystem
from .domain import Domain

MOST_VARIABLES = 8
"""How many there may be for a search of the whole box to be worth a try."""

Known = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Proof:
    """Whether no fixed point is missing, and points that turned up on the way.

    `states (point, unit)` exist within `error_bounds`, each alone within `radii`; `text` says what
    was done, or what hindered the proof.
    """

    complete: bool
    text: str
    states: Float[np.ndarray, "point unit"]
    error_bounds: Float[np.ndarray, " point"]
    radii: Float[np.ndarray, " point"]

    @classmethod
    def failed(cls, text: str, size: int) -> "Proof":
        """Return that nothing was proved or found."""
        return cls(False, text, np.zeros((0, size)), np.zeros(0), np.zeros(0))


def prove_complete(
    system: AbstractSystem,
    domain: Domain,
    known: Known,
    method: BranchAndPrune,
    largest: int,
    *,
    as_written: bool = False,
) -> Proof:
    """Search exhaustively for zeros of the residual, where that is within reach.

    That is in the domain (in all of space, for piecewise-linear systems without one) for systems of
    at most `largest` units, and for larger ones in the few variables that they depend on, if there
    are so few. `known` are the states of fixed points, their proved radii and error bounds; radius
    0 where nothing is proved, so that the point is found again. With `as_written` the variables are
    those of the function as it is written; matrices are not asked for their rank.
    """
    if system.size <= largest:
        found = method.search(system.residual, domain.lower, domain.upper, *known)
        if found.complete or found.boxes > 0:
            return _proof(found, f"of {_where(domain)}")
    try:
        reduction = _reduction(system, domain, as_written)
    except UnboundedRemainderError as reason:
        return Proof.failed(str(reason), system.size)
    if reduction is None:
        return Proof.failed("", system.size)
    if reduction.rank > largest:
        return Proof.failed(_TOO_MANY.format(reduction.rank, largest), system.size)
    found = exhaust(reduction, system.residual, *known, method=method)
    count = f"{reduction.rank} variable{'s' if reduction.rank > 1 else ''}"
    return _proof(found, f"of the {count} that the system depends on")


MAY_BE_ONE = "two fixed points are nearer than their error bounds: they may be one"
_TOO_MANY = "the system depends on {} variables, and no more than {} are searched exhaustively"


def _where(domain: Domain) -> str:
    if not domain.bounded:
        return "all states"
    return f"{domain}, {domain.evidence}," if domain.given else str(domain)


def _reduction(system: AbstractSystem, domain: Domain, as_written: bool) -> Reduction | None:
    box = Interval(domain.lower, domain.upper) if domain.bounded and not domain.given else None
    try:
        return reduce(system.residual, system.size, box, as_written=as_written)
    except UnboundedRemainderError:
        raise
    except EnclosureError:
        return None


def _proof(found: Exhaustion, where: str) -> Proof:
    done = f"interval branch and prune {where} examined {found.boxes:,} boxes"
    text = done if found.complete else f"{done} without success: {found.reason}"
    return Proof(found.complete, text, found.states, found.error_bounds, found.radii)
