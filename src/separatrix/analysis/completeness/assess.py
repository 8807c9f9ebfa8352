"""Assessment of fixed points that are still missing: search for them, count, prove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

from ..._watch import Stage, is_over, report_progress, why_over
from ...enclosure.interval import Enclosed
from ...solvers.branch_and_prune import BranchAndPrune
from ...solvers.endings import Ending
from ...solvers.low_rank import LatentSystem
from ...systems import AbstractSystem
from ..point_table import PointTable
from . import further, texts
from .coverage import chao1, good_turing_coverage
from .domain import Domain, find_domain
from .exhaustive import MOST_VARIABLES, Proof, prove_complete
from .index import index_sum, some_may_be_one, with_indices
from .known import Completeness, describe

Search = Callable[[PointTable, Float[np.ndarray, "start unit"]], PointTable]
Adopt = Callable[[PointTable, Proof], PointTable]


@runtime_checkable
class Evaluated(Protocol):
    """A system in float64, and its velocity by latent variables: an `Evaluator` has them."""

    system: AbstractSystem
    is_large: bool

    @property
    def latent_velocity(self) -> LatentSystem | None:
        """The latent system of the velocity, if it has one."""


def assess(
    evaluator: Evaluated,
    table: PointTable,
    search: Search | None = None,
    adopt: Adopt | None = None,
    *,
    exhaustion: BranchAndPrune | None = None,
    proof: Proof | None = None,
) -> tuple[PointTable, Completeness]:
    """Look for missing fixed points and say what is known about their absence.

    A small system (of `MOST_VARIABLES` units at most), or one of low rank or of few linear pieces,
    is searched exhaustively first. Otherwise, while the index sum proves that points are missing,
    the search is repeated from new starts, a bounded number of times and not after a round that
    adds nothing; once also where the sum is 1 but Chao's estimate exceeds the number of points
    found, since a sum may be 1 by chance. Where there is no sum, and units are few, some starts
    between and beyond the points are tried (many, if Chao's estimate exceeds the number of points),
    far away, too, where no box is known, and again while that adds points.

    Parameters
    ----------
    evaluator
        A map or a flow in float64. Of one too large for its Jacobian indices are those that its
        latent system proves.
    table
        The points found so far, with what is proved of each.
    search
        Follows further starts, and returns a table with what they lead to, too. None forbids
        further search.
    adopt
        Adds points that an exhaustive proof finds. None forbids that.
    exhaustion
        The method of the exhaustive search; None means `BranchAndPrune()`, which gives up after
        200,000 boxes, up to about 10 s.
    proof
        What an exhaustive search has told already; its points are among those given.

    Returns
    -------
    PointTable
        With the points that were added, and without those that are proved to be none, as they lie
        outside the box that holds every fixed point.
    Completeness
        Coverage and Chao's estimate are those of the points and hits given, before any further
        search: its starts are chosen with knowledge, so they are no random sample.
    """
    system, proved = evaluator.system, table.select(table.fixed & table.proved)
    domain, velocity = find_domain(system, (proved.states, proved.errors))
    velocity = None if evaluator.is_large else velocity

    def judge(table: PointTable) -> _Judged:
        return _judged(table, domain, velocity, evaluator.latent_velocity)

    now = judge(table)
    richness, coverage = chao1(now.points.hits), good_turing_coverage(now.points.hits)
    if proof is None:
        table, proof = _exhausted(system, now, domain, adopt, exhaustion or BranchAndPrune())
        now = judge(table)
    proof = _without_contradiction(proof, system, now, domain)
    rounds, rng = list[_Round](), np.random.default_rng(further.SEED)

    def draw(now: _Judged, count: int) -> np.ndarray:
        states = now.points.states
        new = further.draw(rng, domain.around(states), states, count)
        return (
            new if domain.bounded else np.concatenate([new, further.far_away(rng, domain, states)])
        )

    if search is not None and not proof.complete:
        found = lambda table, new: judge(search(table, new))  # noqa: E731
        now, rounds = _searched(now, richness, draw, found)
    known = Completeness(
        index_sum=now.index if isinstance(now.index, int) else None,
        index_reason=now.index if isinstance(now.index, str) else "",
        coverage=coverage,
        chao1=richness,
        complete=proof.complete,
        domain=domain,
        outside=int(now.outside.sum()),
        rounds=len(rounds),
        starts=sum(one.starts for one in rounds),
        text="",
    )
    without_hits = int(np.count_nonzero(now.points.hits == 0))
    added = [one.added for one in rounds]
    known = replace(known, text=describe(known, proof, len(now.points), without_hits, added))
    return now.table.without(now.outside, Ending.OUTSIDE_DOMAIN), known


def _searched(
    now: _Judged,
    richness: float | None,
    draw: Callable[[_Judged, int], np.ndarray],
    search: Callable[[PointTable, np.ndarray], _Judged],
) -> tuple[_Judged, list[_Round]]:
    """Search from further starts, round by round; also return what each round did."""
    rounds = list[_Round]()
    if not now.has_sum and now.table.states.shape[1] > MOST_VARIABLES:
        return now, rounds
    many = now.has_sum or now.suggests_more(richness)
    count = further.STARTS if many else further.PROBES
    # A sum would tell of pairs; a point that is not proved may be found again beside itself.
    pairs = not now.has_sum and len(now.points) > 1 and bool(now.points.proved.all())
    while len(rounds) < further.ROUNDS and (pairs or now.suggests_more(richness)):
        if is_over():
            break
        report_progress(Stage.FURTHER, len(rounds), further.ROUNDS)
        before, new = len(now.points), draw(now, count)
        now = search(now.table, new)
        rounds.append(_Round(len(new), len(now.points) - before))
        richness = richness if pairs else None
        likely = pairs and (richness or 0.0) >= len(now.points) + 1
        if len(now.points) == before and not likely:
            break  # another round would draw from the same points
    return now, rounds


class _Round(NamedTuple):
    """A round of further search: its starts, and how many points it added."""

    starts: int
    added: int


@dataclass(frozen=True, eq=False)
class _Judged:
    """The points of a table, which are none as they lie outside the box, and the sum of indices.

    Or, in place of the sum, why it means nothing.
    """

    table: PointTable
    outside: Bool[np.ndarray, " point"]
    index: int | str

    @property
    def points(self) -> PointTable:
        """The fixed points that may be so."""
        return self.table.select(self.table.fixed & ~self.outside)

    @property
    def has_sum(self) -> bool:
        """Whether there is an index sum."""
        return isinstance(self.index, int)

    def suggests_more(self, richness: float | None) -> bool:
        """Whether points are known to be missing, or likely to be."""
        likely = richness is not None and richness >= len(self.points) + 1
        return (self.has_sum and self.index != 1) or likely


def _judged(
    table: PointTable,
    domain: Domain,
    velocity: Enclosed | None,
    latent: LatentSystem | None,
) -> _Judged:
    """Work out the index of each point that is new, where the sum can mean something."""
    outside = table.fixed & ~table.proved & (not domain.given)
    outside &= domain.excludes(table.states)
    if not domain.inward:
        return _Judged(table, outside, domain.obstacle)
    if velocity is None and latent is None:
        return _Judged(table, outside, texts.NO_INDEX)
    if is_over():
        return _Judged(table, outside, why_over())
    may_be_fixed = table.fixed & ~outside
    if domain.given and domain.excludes(table.states[may_be_fixed]).any():
        return _Judged(table, outside, texts.BEYOND_BOX)
    table = with_indices(table, velocity, latent, may_be_fixed)
    return _Judged(table, outside, index_sum(domain, table.select(may_be_fixed)))


def _exhausted(
    system: AbstractSystem,
    now: _Judged,
    domain: Domain,
    adopt: Adopt | None,
    method: BranchAndPrune,
) -> tuple[PointTable, Proof]:
    """Try to prove that no point is missing; points that turn up are added.

    Around a point without a certificate (a fold, a continuum) no proof can succeed.
    """
    table, points = now.table, now.points
    if not points.proved.all():
        return table, Proof.failed(texts.NOT_CERTIFIED, system.size)
    known = points.states, points.radii, points.errors
    proof = prove_complete(system, domain, known, method)
    if not len(proof.states):
        return table, proof
    if adopt is None:
        text = texts.NOT_ADDED.format(len(proof.states))
        return table, replace(proof, complete=False, text=text)
    return adopt(table, proof), proof


def _without_contradiction(
    proof: Proof, system: AbstractSystem, now: _Judged, domain: Domain
) -> Proof:
    """Withdraw a proof where two points may be one, or that another proof contradicts.

    Then one of our rules is wrong, or a residual of the user's own, whose zeros are others than
    those of the step.
    """
    points = now.points
    states, errors = points.states, points.proved_errors
    if proof.complete and some_may_be_one(states, errors):
        return replace(proof, complete=False, text=texts.MAY_BE_ONE)
    errors = errors[:, None]
    beyond = (states + errors < domain.lower) | (states - errors > domain.upper)
    beyond = beyond.any(axis=1) & points.proved
    if proof.complete and now.has_sum and now.index != 1 and not system.has_own_residual:
        return replace(
            proof,
            complete=False,
            text=texts.CONTRADICTED.format(texts.SUM_IS_NOT_ONE),
        )
    if proof.complete and beyond.any() and not domain.given:
        return replace(
            proof,
            complete=False,
            text=texts.CONTRADICTED.format(texts.BEYOND_DOMAIN),
        )
    return proof
