"""What is known about fixed points that are still missing: search for them, count, prove."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ...enclosure.branch_and_prune import BranchAndPrune
from ...enclosure.interval import point
from ...enclosure.krawczyk.context import in_chunks
from ...solvers.low_rank import LatentSystem
from ...systems import AbstractSystem
from .coverage import Richness, chao1, good_turing_coverage
from .domain import Domain, Enclosure, find_domain
from .exhaustive import MAY_BE_ONE, MOST_VARIABLES, Proof, prove_complete
from .further import FurtherSearch, unstable_directions
from .index import IndexSum, KnownIndices, index_sum, some_may_be_one
from .known import Completeness, PointSet, describe

Search = Callable[[Float[np.ndarray, "start unit"]], PointSet]
Adopt = Callable[[Proof], PointSet]


def assess(
    system: AbstractSystem,
    points: PointSet,
    search: Search | None = None,
    *,
    further: FurtherSearch | None = None,
    exhaustion: BranchAndPrune | None = None,
    exhaustive_size: int = MOST_VARIABLES,
    adopt: Adopt | None = None,
    proof: Proof | None = None,
    latent: LatentSystem | None = None,
) -> Completeness:
    """Look for missing fixed points and say what is known about their absence.

    A small system, or one of low rank, is searched exhaustively first. Otherwise, while the index
    sum proves that points are missing, the search is repeated from new starts, a bounded number of
    times and not after a round that adds nothing; once also where the sum is 1 but Chao's estimate
    exceeds the number of points found, since a sum may be 1 by chance.

    Parameters
    ----------
    system
        A map or a flow in float64.
    points
        The fixed points found so far.
    search
        Follows further starts, adds what they lead to to the collection, and returns the whole of
        it. None forbids further search, and the addition of points that the exhaustive proof finds.
    adopt
        Adds points that the exhaustive proof finds and the search does not reach.
    further
        The method of the further search, with its options; None means `FurtherSearch()`.
    exhaustion
        The method of the exhaustive search; None means `BranchAndPrune()`, which gives up after
        200,000 boxes, up to about 10 s.
    exhaustive_size
        Systems with at most so many units, or latent variables, are searched exhaustively.
    proof
        What an exhaustive search has told already; its points are among those given.
    latent
        The latent system of the velocity, where it is written so: indices are proved by it.

    Returns
    -------
    Completeness
        Coverage and Chao's estimate are those of the points and hits given, before any further
        search: its starts are chosen with knowledge, so they are no random sample.

    Examples
    --------
    >>> import jax, jax.numpy as jnp, numpy as np, separatrix as sx
    >>> with jax.enable_x64(True):
    ...     system = sx.DiscreteMap(lambda x: jnp.tanh(0.5 * x), size=1)
    >>> origin = PointSet(
    ...     states=np.zeros((1, 1)),
    ...     certified=np.array([True]),
    ...     error_bounds=np.zeros(1),
    ...     radii=np.array([0.1]),
    ...     hits=np.array([20]),
    ... )
    >>> assess(system, origin, exhaustive_size=0).index_sum
    1
    """
    assessment = _Assessment(system, points, search, adopt, latent)
    first = assessment.points
    richness = chao1(first.hits)
    if proof is None:
        proof = assessment.prove(exhaustion or BranchAndPrune(), exhaustive_size)
    proof = without_contradiction(
        proof, system, assessment.points, assessment.domain, assessment.index
    )
    starts: list[int] = []
    for attempt in (FurtherSearch() if further is None else further).plan(assessment.domain):
        likely = None if starts else richness
        if search is None or proof.complete or not assessment.suggests_more(likely):
            break
        before = len(assessment.points.states)
        leaving = assessment.unstable_directions(attempt.left(before), attempt.enough)
        new = attempt.draw(assessment.points.states, *leaving)
        assessment.update(search(new))
        starts.append(len(new))
        if len(assessment.points.states) == before:
            break  # another round would draw from the same points
    known = Completeness(
        index_sum=assessment.index.value,
        index_reason=assessment.index.reason,
        coverage=good_turing_coverage(first.hits),
        chao1=richness,
        complete=proof.complete,
        domain=assessment.domain,
        outside=assessment.outside,
        rounds=len(starts),
        starts=sum(starts),
        text="",
    )
    count = len(assessment.points.states)
    return replace(known, text=describe(known, proof, count, count - len(first.states)))


class _Assessment:
    """The points of a search and the index of each, kept while the search goes on."""

    def __init__(
        self,
        system: AbstractSystem,
        points: PointSet,
        search: Search | None,
        adopt: Adopt | None = None,
        latent: LatentSystem | None = None,
    ):
        self.system, self.search, self.adopt = system, search, adopt
        enclosure = Enclosure.of(system)
        self.velocity = enclosure.velocity
        proved = points.certified
        known = points.states[proved], points.error_bounds[proved]
        self.domain = find_domain(system, enclosure, known)
        self._indices = KnownIndices(latent)
        self.update(points)

    def update(self, points: PointSet) -> None:
        """Work out the index of each point that is new, where the sum can mean something."""
        outside = self.domain.excludes(points.states) & ~points.certified & (not self.domain.given)
        self.outside = int(outside.sum())
        self.points = points = points.select(~outside)
        if self.velocity is None or not self.domain.inward:
            self.index = IndexSum(None, self.domain.obstacle)
            return
        states, bounds = points.states, self._error_bounds()
        indices = self._indices.of(self.velocity, states, bounds)
        self.index = index_sum(self.domain, indices, states, bounds, points.certified)

    def _error_bounds(self) -> np.ndarray:
        return proved_errors(self.points)

    def suggests_more(self, richness: Richness | None) -> bool:
        """Whether points are known to be missing, or likely to be."""
        if self.index.value is None:
            return False
        likely = richness is not None and richness.estimate >= len(self.points.states) + 1
        return self.index.value != 1 or likely

    def unstable_directions(self, rows: np.ndarray, enough: int) -> tuple[np.ndarray, np.ndarray]:
        """Return directions in which points are unstable, and which points, until there are enough.

        Each point costs eigenvectors.
        """
        assert self.velocity is not None  # there is an index sum
        origins, directions = [np.zeros(0, int)], [np.zeros((0, self.system.size))]
        for chunk in in_chunks(len(rows), self.system.size):
            slopes = self.velocity.slopes(point(self.points.states[rows[chunk]])).slopes
            assert slopes is not None  # asked for
            which, found = unstable_directions(slopes.midpoint_radius()[0], self.system.kind)
            origins.append(rows[chunk][which])
            directions.append(found)
            if sum(map(len, directions)) >= enough:
                break
        return np.concatenate(origins), np.concatenate(directions)

    def prove(self, method: BranchAndPrune, largest: int) -> Proof:
        """Try to prove that no point is missing; points that turn up are added.

        Around a point without a certificate (a fold, a continuum) no proof can succeed.
        """
        if not self.points.certified.all():
            return Proof.failed(_NOT_CERTIFIED, self.system.size)
        known = self.points.states, self.points.radii, self._error_bounds()
        proof = prove_complete(self.system, self.domain, known, method, largest)
        if len(proof.states):
            if self.search is None:
                return replace(proof, complete=False, text=_NOT_ADDED.format(len(proof.states)))
            self.update(self.search(proof.states))
            if not _all_among(proof, self.points):
                if self.adopt is None:
                    return replace(proof, complete=False, text=_LOST)
                self.update(self.adopt(proof))
        return proof


def proved_errors(points: PointSet) -> np.ndarray:
    """Return the proved error bounds, 0 where there is none."""
    return np.where(points.certified, points.error_bounds, 0.0)


def without_contradiction(
    proof: Proof, system: AbstractSystem, points: PointSet, domain: Domain, index: IndexSum
) -> Proof:
    """Withdraw a proof where two points may be one, or that another proof contradicts.

    Then one of our rules is wrong, or a residual of the user's own, whose zeros are others than
    those of the step.
    """
    if proof.complete and some_may_be_one(points.states, proved_errors(points)):
        return replace(proof, complete=False, text=MAY_BE_ONE)
    states, errors = points.states, proved_errors(points)[:, None]
    beyond = (states + errors < domain.lower) | (states - errors > domain.upper)
    beyond = beyond.any(axis=1) & points.certified
    own = system.has_own_residual
    if proof.complete and index.value not in (None, 1) and not own:
        return replace(proof, complete=False, text=_CONTRADICTED.format(_SUM))
    if proof.complete and beyond.any() and not domain.given:
        return replace(proof, complete=False, text=_CONTRADICTED.format(_BEYOND))
    return proof


_CONTRADICTED = (
    "two proofs contradict each other ({}): one of Separatrix's rules is wrong, please report it "
    "with this function"
)
_SUM = "the set is complete, but the sum of its indices is not 1"
_BEYOND = "a certified point lies outside the domain that holds all of them"
_NOT_CERTIFIED = "a fixed point is not certified"
_NOT_ADDED = "the exhaustive search found {} more, which were not to be added"
_LOST = "the exhaustive search found points that the solver does not reach"


def _all_among(proof: Proof, points: PointSet) -> bool:
    """Whether each point of the proof is the only one near a certified point of the set."""
    states, radii = points.states[points.certified], points.radii[points.certified]
    if not len(states):
        return False
    distance = np.abs(proof.states[:, None] - states[None]).max(axis=2)
    return bool((distance + proof.error_bounds[:, None] < radii).any(axis=1).all())
