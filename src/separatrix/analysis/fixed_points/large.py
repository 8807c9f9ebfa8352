"""Proofs about systems too large for a Jacobian: where few variables decide, these are searched."""

from dataclasses import replace

import numpy as np
from scipy.spatial.distance import cdist

from ...enclosure.branch_and_prune import BranchAndPrune
from ...solvers.low_rank import Reduction
from ...systems import AbstractSystem
from ..completeness import (
    MOST_VARIABLES,
    Completeness,
    Domain,
    Enclosure,
    IndexSum,
    Indices,
    PointSet,
    Proof,
    chao1,
    describe,
    few_indices,
    find_domain,
    good_turing_coverage,
    index_sum,
    prove_complete,
    proved_errors,
    without_contradiction,
)
from .agreement import doubts_of_step
from .certificates import certify_in_few
from .collection import point_set
from .evaluator import DENSE, Evaluator
from .found import Found

_TOO_LARGE = (
    f"too large: proofs need the Jacobian, which is not formed for more than {DENSE} units, or a "
    f"function written with at most {MOST_VARIABLES} variables between, as in U @ (V @ x)"
)
_CONTINUUM = "a continuum of fixed points has no end that a search could come to"
_NO_INDEX = "that needs the Jacobian, and there are too many units"


def prove_large(evaluator: Evaluator, found: Found, exhaustion: BranchAndPrune) -> Completeness:
    """Prove what few variables tell of each fixed point and of those missing, and note it.

    Points that turn up are added; a state that is proved to be none is rejected.
    """
    system, few = evaluator.system, evaluator.few
    proof = _searched(evaluator, found, exhaustion)
    domain, index = _no_domain(system), IndexSum(None, _NO_INDEX)
    if proof is None:
        proof = Proof.failed(_TOO_LARGE, system.size)
    else:
        domain = find_domain(system, Enclosure.of(system))
    before = len(found.states)
    if not proof.complete:
        certify_in_few(system, found, few)
    take_over(proof, found)
    points = point_set(found)
    if few.velocity is not None:
        index = _index_sum(few.velocity, domain, points)
    proof = without_contradiction(proof, system, points, domain, index)
    count = len(found.states)
    reached = found.reached[found.reached >= 0]
    hits = np.bincount(reached, minlength=count)
    known = Completeness(
        index_sum=index.value,
        index_reason=index.reason,
        coverage=good_turing_coverage(hits),
        chao1=chao1(hits[hits > 0]),
        complete=proof.complete,
        domain=domain,
        outside=0,
        rounds=0,
        starts=0,
        text="",
    )
    return replace(known, text=describe(known, proof, count, max(0, count - before)))


def _index_sum(velocity: Reduction, domain: Domain, points: PointSet) -> IndexSum:
    errors = proved_errors(points)
    indices = Indices(np.zeros(len(errors), int), ("",) * len(errors))
    if domain.inward and len(errors):
        indices = few_indices(velocity, points.states, errors)
    return index_sum(domain, indices, points.states, errors, points.certified)


def _searched(evaluator: Evaluator, found: Found, exhaustion: BranchAndPrune) -> Proof | None:
    """Search the few variables on which a system depends; None if they are not few.

    A continuum of zeros is never exhausted: where there is one they are not searched.
    """
    system = evaluator.system
    refused = [found.bounds[k] for k in found.labels("fixed") if k in found.refusals]
    if evaluator.few.residual is not None and not np.isfinite(refused).all():
        return Proof.failed(_CONTINUUM, system.size)
    known = np.zeros((0, system.size)), np.zeros(0), np.zeros(0)
    domain = _no_domain(system)
    proof = prove_complete(system, domain, known, exhaustion, MOST_VARIABLES, as_written=True)
    doubt = next(filter(None, doubts_of_step(system, proof.states, proof.error_bounds)), "")
    if doubt:
        return Proof.failed(doubt, system.size)
    return proof if proof.text else None


def _no_domain(system: AbstractSystem) -> Domain:
    return Domain.unknown(system.size, "none was looked for in so many units")


def take_over(proof: Proof, found: Found) -> None:
    """Let candidates' points be those that are proved, where these are the only ones near."""
    own = found.labels("fixed")
    apart = cdist(found.stacked(own), proof.states, "chebyshev")
    certain = proof.states, proof.error_bounds, proof.radii
    proved = found.add_proved(*certain, "by exhaustive search")
    rows, columns = np.nonzero(apart < proof.radii)
    found.merge({own[row]: proved[column] for row, column in zip(rows, columns, strict=True)})
    left = [label for label in found.labels("fixed") if label not in found.proofs]
    if proof.complete:
        found.reject(left, "no fixed point: all of them are proved to lie elsewhere")
    else:
        for label in left:
            found.refuse(label, found.refusals.get(label, proof.text))
