"""Proofs by the latent variables of a system that is written with few of them, at any size."""

import numpy as np
import scipy

from ...solvers.branch_and_prune import BranchAndPrune
from ...solvers.endings import Ending
from ..completeness import Proof, prove_complete_in_latent
from ..point_table import Evidence, PointTable
from . import words
from .certificates import certify, doubts_of_step, with_exhaustion
from .evaluator import Evaluator


def prove_by_latent(
    evaluator: Evaluator,
    table: PointTable,
    exhaustion: BranchAndPrune,
) -> tuple[PointTable, Proof | None]:
    """Search the latent variables of a system for all its fixed points; None if it has none.

    Points that turn up are added; a state that is proved to be none is rejected. A continuum of
    fixed points is never exhausted: where there is one they are not searched.
    """
    system, latent = evaluator.system, evaluator.latent
    if latent is None:
        too_large = Proof.failed(words.TOO_LARGE, system.size)
        return table, too_large if evaluator.is_large else None
    if (table.evidence == Evidence.CONTINUUM).any():
        return table, Proof.failed(words.ENDLESS, system.size)
    proof = prove_complete_in_latent(latent, exhaustion)
    doubts = doubts_of_step(system, proof.states, proof.error_bounds)
    if doubts.any():
        return table, Proof.failed(next(filter(None, doubts)), system.size)
    return take_over(proof, table), proof


def take_over(proof: Proof, table: PointTable) -> PointTable:
    """Let candidates' points be those that are proved, where these are the only ones near."""
    own = np.flatnonzero(table.fixed)
    apart = scipy.spatial.distance.cdist(table.states[own], proof.states, "chebyshev")
    rows, columns = np.nonzero(apart < proof.radii)
    count = len(table)
    table = with_exhaustion(table, proof)
    into = np.arange(len(table))
    into[own[rows]] = count + columns
    table = table.merged(into)
    if not proof.complete:
        return table
    return table.without(table.fixed & ~table.proved, Ending.ELSEWHERE)


def prove_in_all_units(evaluator: Evaluator, table: PointTable, proof: Proof | None) -> PointTable:
    """Prove what latent variables did not tell, which needs the Jacobian: of few units only."""
    if not evaluator.is_large:
        return certify(evaluator.system, table)
    assert proof is not None  # or why there is none
    untried = np.flatnonzero(table.fixed & table.untried)
    return table.with_values(untried, evidence=Evidence.REFUSED, details=proof.text)
