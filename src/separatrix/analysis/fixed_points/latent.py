"""Proofs by the latent variables of a system that is written with few of them, at any size."""

from dataclasses import replace

import numpy as np
from scipy.spatial.distance import cdist

from ...enclosure.branch_and_prune import BranchAndPrune
from ..completeness import (
    MOST_VARIABLES,
    Completeness,
    Domain,
    Enclosure,
    IndexSum,
    Indices,
    Proof,
    chao1,
    describe,
    find_domain,
    good_turing_coverage,
    index_sum,
    latent_indices,
    prove_complete_in_latent,
    proved_errors,
    without_contradiction,
)
from .agreement import doubts_of_step
from .collection import point_set
from .evaluator import DENSE, Evaluator
from .found import Found

_TOO_LARGE = (
    f"too large: proofs need the Jacobian, which is not formed for more than {DENSE} units, or a "
    f"function written with at most {MOST_VARIABLES} variables between, as in U @ (V @ x)"
)
_CONTINUUM = "a continuum of fixed points has no end that a search could come to"
_NO_INDEX = "that needs the Jacobian, and there are too many units"


def prove_by_latent(evaluator: Evaluator, found: Found, exhaustion: BranchAndPrune) -> Proof | None:
    """Search the latent variables of a system for all its fixed points; None if it has none.

    Points that turn up are added; a state that is proved to be none is rejected. A continuum of
    fixed points is never exhausted: where there is one they are not searched.
    """
    system, latent = evaluator.system, evaluator.latent
    if latent is None:
        return None
    refused = [found.bounds[k] for k in found.labels("fixed") if k in found.refusals]
    if not np.isfinite(refused).all():
        return Proof.failed(_CONTINUUM, system.size)
    proof = prove_complete_in_latent(latent, exhaustion)
    doubt = next(filter(None, doubts_of_step(system, proof.states, proof.error_bounds)), "")
    if doubt:
        return Proof.failed(doubt, system.size)
    take_over(proof, found)
    return proof


def take_over(proof: Proof, found: Found) -> None:
    """Let candidates' points be those that are proved, where these are the only ones near."""
    own = found.labels("fixed")
    apart = cdist(found.stacked(own), proof.states, "chebyshev")
    certain = proof.states, proof.error_bounds, proof.radii
    proved = found.add_proved(*certain, "by exhaustive search")
    rows, columns = np.nonzero(apart < proof.radii)
    found.merge({own[row]: proved[column] for row, column in zip(rows, columns, strict=True)})
    if proof.complete:
        found.reject(_unproved(found), "no fixed point: all of them are proved to lie elsewhere")


def assess_large(evaluator: Evaluator, found: Found, proof: Proof | None) -> Completeness:
    """Say what is known of a system too large for a Jacobian, by what its latent variables tell."""
    system, velocity = evaluator.system, evaluator.latent_velocity
    if proof is None:
        proof = Proof.failed(_TOO_LARGE, system.size)
        domain = Domain.unknown(system.size, "none was looked for in so many units")
    else:
        domain = find_domain(system, Enclosure.of(system))
    for label in _unproved(found):
        found.refuse(label, found.refusals.get(label, proof.text))
    points = point_set(found)
    errors, index = proved_errors(points), IndexSum(None, _NO_INDEX)
    if velocity is not None:
        indices = Indices(np.zeros(len(errors), int), ("",) * len(errors))
        if domain.inward and len(errors):
            indices = latent_indices(velocity, points.states, errors)
        index = index_sum(domain, indices, points.states, errors, points.certified)
    proof = without_contradiction(proof, system, points, domain, index)
    hits = np.bincount(found.reached[found.reached >= 0], minlength=len(found.states))
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
    added = int(np.count_nonzero(hits == 0))
    return replace(known, text=describe(known, proof, len(found.states), added))


def _unproved(found: Found) -> list[int]:
    return [label for label in found.labels("fixed") if label not in found.proofs]
