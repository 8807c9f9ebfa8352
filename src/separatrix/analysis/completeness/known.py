"""Completeness of a search: its record, and its description."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import texts
from .domain import Domain
from .exhaustive import Proof


@dataclass(frozen=True)
class Completeness:
    """Evidence about missing fixed points.

    Attributes
    ----------
    index_sum
        Σ sign det(I − J) of a map, Σ sign det(−J) of a flow: 1 for a complete set, and only then
        known to mean something when it is not None.
    index_reason
        Why there is no index sum.
    coverage, chao1
        Good–Turing coverage of the first search, and Chao's estimate of the number of points; None
        where no candidate reached a point.
    complete
        Whether it is proved that no fixed point is missing.
    domain
        The box that holds every fixed point.
    outside
        How many points that are not certified lie outside the proved box: they are no fixed points,
        whatever their residual, and are left out of all of the above.
    rounds, starts
        How many rounds of further search were made, and from how many starts in all.
    text
        All of it in a sentence or two.
    """

    index_sum: int | None
    index_reason: str
    coverage: float | None
    chao1: float | None
    complete: bool
    domain: Domain
    outside: int
    rounds: int
    starts: int
    text: str


def describe(
    known: Completeness, proof: Proof, count: int, without_hits: int, added: Sequence[int]
) -> str:
    """Describe the evidence in clauses, separated by semicolons.

    `count` points are known, `without_hits` of them by further search or by a proof alone; `added`
    are the points that each round of further search added. A search that ends while it still adds
    points probably misses some, unless the index sum says more.
    """
    points = "1 fixed point" if count == 1 else f"{count} fixed points"
    parts = []
    if known.rounds:
        still = added[-1] > 0 and known.index_sum is None and not known.complete
        before = f" to the {count - sum(added)} found before" * any(added)
        parts.append(
            f"{'probably: ' * still}{known.starts} further start{'s' * (known.starts > 1)} in "
            f"{known.rounds} round{'s' if known.rounds > 1 else ''} added {sum(added)}{before}"
        )
    if known.complete:
        parts.append(f"complete: {proof.text}")
    elif proof.among_positive:
        parts.append(texts.AMONG_POSITIVE.format(proof.text))
    if not known.domain.bounded:
        reason = known.domain.evidence
        parts.append(f"no box is known that holds every fixed point ({reason}), so no index sum")
    elif known.index_sum is None:
        parts.append(f"no index sum: {known.index_reason}")
    elif known.index_sum != 1:
        parts.append(f"index sum {known.index_sum} over {points}, not 1: some are missing")
    else:
        parts.append(
            f"index sum 1 over {points}"
            + ("" if known.complete else ": consistent with a complete set")
        )
    if not known.complete and not proof.among_positive and proof.text:
        parts.append(f"not proved complete: {proof.text}")
    if known.outside:
        parts.append(f"{known.outside} of the points found lie outside {known.domain}, so are none")
    if without_hits > sum(added):
        parts.append(f"no candidate led to {without_hits} of the {points}")
    elif not without_hits and known.coverage is not None and known.chao1 is not None:
        parts.append(f"Good–Turing coverage {known.coverage:.3f}, Chao1 estimate {known.chao1:.4g}")
    return "; ".join(parts)
