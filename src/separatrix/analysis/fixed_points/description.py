"""Description of each point: residual and speed, eigenvalues, stability, the users' record."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...enclosure.krawczyk.spectrum import Kind as KindOfSystem
from ...solvers.batched import eigenvalues
from ...solvers.low_rank import latent_spectra
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem
from ..completeness import Completeness
from ..kinks import on_kinks
from ..point_table import PointKind, PointTable
from ..stability import disturbed, growth, judge, judge_slow, name_of
from . import words
from .certificates import count_unstable_certified
from .evaluator import LEADING, Evaluator
from .points import FixedPoints

_KINDS = np.array(["fixed", "slow"])  # as in `PointKind`


def describe(
    evaluator: Evaluator,
    zero_test: ZeroTest,
    table: PointTable,
    known: Completeness | None,
    marginal_band: float,
    *,
    certify: bool,
    completeness: bool,
    stopped: str = "",
) -> FixedPoints:
    """Sort the points by kind, unstable directions and speed, and say what is known of each.

    States, bounds and speeds are given in the units of the candidates: bounds are largest entries,
    so the smallest unit decides a radius, the largest an error bound. A search that was `stopped`,
    for the reason given, proves no more.
    """
    system = evaluator.system
    residuals, levels = _residuals(evaluator, zero_test, table.states)
    speed = evaluator.speed(table.states)
    directions = _directions(
        evaluator, table, certify and not stopped, marginal_band, zero_test.eps
    )
    order = np.lexsort((speed, directions.n_unstable, table.kinds))
    reached = np.append(np.argsort(order), -1)[table.reached]
    kind = _KINDS[table.kinds]
    offset = 1.0 if system.kind == "map" else 0.0
    largest = growth(directions.eigenvalues, system.kind).max(1, initial=-np.inf) + offset
    untried = words.untried(certify, stopped)
    return FixedPoints(
        states=table.states[order],
        kind=kind[order],
        speed=speed[order],
        residual=residuals[order],
        rounding_level=levels[order],
        certified=table.proved[order],
        error_bound=table.errors[order],
        radius=table.radii[order],
        certificate=words.certificates(table, untried)[order],
        n_unstable_certified=directions.proved[order],
        n_unstable=directions.n_unstable[order],
        stability=directions.stability[order],
        largest_eigenvalue=largest[order],
        hits=table.hits[order],
        label=np.arange(len(table)),
        outcomes=np.append(kind, "rejected").astype("<U8")[table.reached],
        reached=reached,
        outcome_reasons=words.outcome_reasons(table, known and known.domain),
        units=_parts(system),
        system=system.kind,
        time_unit=system.time_unit,
        marginal_band=marginal_band,
        precision=zero_test.precision,
        **_completeness(table, known, completeness, stopped),
    )


def _parts(system: AbstractSystem) -> dict[str, np.ndarray]:
    """Return the name of each unit's part, where a state has several."""
    sizes = {} if system.translation is None else system.translation.named_sizes
    return {"part": np.repeat(list(sizes), list(sizes.values()))} if len(sizes) > 1 else {}


def _residuals(
    evaluator: Evaluator, zero_test: ZeroTest, states: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return residuals (largest entry) and their rounding levels."""
    if evaluator.is_large:
        size = np.abs(evaluator.residual(states)).max(1, initial=0)
        return size, zero_test.level(states, None)
    size, levels = np.empty(len(states)), np.empty(len(states))
    for rows in evaluator.chunks(len(states)):
        residuals, jacobians = evaluator.residual_and_jacobian(states[rows])
        size[rows] = np.abs(residuals).max(1, initial=0)
        levels[rows] = zero_test.level(states[rows], jacobians)
    return size, levels


def _completeness(
    table: PointTable, known: Completeness | None, asked: bool, stopped: str
) -> dict[str, Any]:
    """Return the fields that say what may be missing."""
    if not asked:
        return {"completeness": words.NOT_ASKED}
    if table.contradiction is not None:
        return {"completeness": words.contradiction(table.contradiction)}
    if known is None:
        return {"completeness": words.untried(asked, stopped)}
    return {
        "index_sum": known.index_sum,
        "coverage": known.coverage,
        "chao1": known.chao1,
        "complete": known.complete,
        "completeness": known.text,
    }


class _Directions(NamedTuple):
    """Unstable-direction counts and stability labels."""

    n_unstable: np.ndarray
    stability: np.ndarray
    proved: np.ndarray
    eigenvalues: np.ndarray  # NaN where they are not those of the system


def _directions(
    evaluator: Evaluator, table: PointTable, certify: bool, band: float, eps: float
) -> _Directions:
    """Count unstable directions by eigenvalues where these tell, by proofs where there are any."""
    system, states, errors = evaluator.system, table.states, table.errors
    spectra = _spectra(evaluator, states, errors, table.proved & table.fixed & certify)
    known, on_kink = spectra.n_unstable, on_kinks(system.evaluate, states, errors=errors)
    n_unstable, stability, _ = judge(spectra.eigenvalues, system.kind, band, on_kink)
    slow = np.flatnonzero(table.kinds == PointKind.SLOW)
    left = np.flatnonzero(table.fixed & (known < 0))
    n_unstable[slow], stability[slow], _ = judge_slow(
        spectra.eigenvalues[slow], system.kind, band, on_kink[slow]
    )
    if len(left) and not evaluator.is_large:
        uncertainty = disturbed(evaluator.jacobian, states[left], errors[left], eps)
        n_unstable[left], stability[left], _ = judge(
            spectra.eigenvalues[left], system.kind, band, on_kink[left], uncertainty=uncertainty
        )
    if evaluator.is_large:
        # All the eigenvalues that were asked for may be unstable: there may be more of them.
        more = n_unstable == spectra.eigenvalues.shape[1]
        n_unstable[more], stability[more] = -1, "unknown"
    # Where the proof has another number, the eigenvalues are not those of the system: derivatives
    # are noisy, as where 0/0 has a limit, or a rule of the user's own says what is not so; or the
    # modes are so far from orthogonal that rounding moves eigenvalues.
    proved = known >= 0
    refuted = proved & (n_unstable >= 0) & (n_unstable != known)
    values = np.where(refuted[:, None], np.nan, spectra.eigenvalues)
    # What is proved holds on all sides of a kink, and where derivatives are NaN.
    renamed = refuted | (proved & (n_unstable < 0) & (stability != "marginal"))
    n_unstable[proved] = known[proved]
    stability[renamed] = name_of(known[renamed], system.size)
    return _Directions(n_unstable, stability, proved, values)


class _Spectra(NamedTuple):
    """The eigenvalues of each point (point, unit), and the proved number of unstable ones (point,).

    Eigenvalues are NaN where a Jacobian is not finite, the number is -1 where it is not proved.
    """

    eigenvalues: np.ndarray
    n_unstable: np.ndarray


def _spectra(
    evaluator: Evaluator, states: np.ndarray, bounds: np.ndarray, proved: np.ndarray
) -> _Spectra:
    """Work out the eigenvalues at each state, and prove how many are unstable where asked to.

    `bounds (point,)` are the proved distances to the exact points, `proved (point,)` tells which
    points are counted. Of large systems the eigenvalues are those that decide stability, (point,
    some), and only what latent variables tell is proved.
    """
    found = _by_latent(evaluator, states, bounds, proved)
    unknown = np.isnan(found.eigenvalues).any(1)
    if evaluator.is_large:
        width = found.eigenvalues.shape[1]
        found.eigenvalues[unknown] = evaluator.leading_eigenvalues(states[unknown], width)
        return found
    left = np.flatnonzero(unknown | (proved & (found.n_unstable < 0)))
    if len(left):
        rest = _of_all_units(evaluator, states[left], bounds[left], proved[left])
        found.eigenvalues[left], found.n_unstable[left] = rest
    return found


def _by_latent(
    evaluator: Evaluator, states: np.ndarray, bounds: np.ndarray, proved: np.ndarray
) -> _Spectra:
    """Return the spectra by the latent system, where there is one and all units leak alike."""
    latent, count = evaluator.latent_velocity, len(states)
    width = evaluator.size
    if evaluator.is_large:
        width = min(width, max(LEADING, 1 if latent is None else latent.rank + 1))
    found = _Spectra(np.full((count, width), np.nan, complex), np.full(count, -1))
    if latent is None or not count:
        return found
    kind: KindOfSystem = "map" if evaluator.system.kind == "map" else "flow"
    known = latent_spectra(latent, kind, states, np.where(proved, bounds, 0.0))
    if known is None:
        return found
    found.n_unstable[proved] = known.n_unstable[proved]
    found.eigenvalues[:] = known.rest
    found.eigenvalues[:, : latent.rank] = known.eigenvalues
    return found


def _of_all_units(
    evaluator: Evaluator, states: np.ndarray, bounds: np.ndarray, proved: np.ndarray
) -> _Spectra:
    """Do so by the Jacobian in all units."""
    found = _Spectra(np.full(states.shape, np.nan, complex), np.full(len(states), -1))
    for rows in evaluator.chunks(len(states)):
        eigen = _Eigen(evaluator.jacobian(states[rows]))
        among = np.flatnonzero(proved[rows])
        counted = rows.start + among
        if len(counted):
            basis_of = partial(eigen.vectors, among)
            points = states[counted], bounds[counted]
            counts = count_unstable_certified(evaluator.system, *points, basis_of)
            found.n_unstable[counted] = [-1 if number is None else number for number in counts]
        found.eigenvalues[rows] = eigen.values()
    return found


@dataclass
class _Eigen:
    """Jacobians (point, unit, unit), whose eigenvalues come with eigenvectors where these do."""

    jacobians: np.ndarray
    _values: np.ndarray = field(init=False)
    _pending: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._values = np.full(self.jacobians.shape[:2], np.nan, complex)
        self._pending = np.isfinite(self.jacobians).all((1, 2))

    def vectors(self, among: np.ndarray, number: int) -> np.ndarray:
        """Return the eigenvectors of one among some rows."""
        row = among[number]
        self._values[row], vectors = np.linalg.eig(self.jacobians[row])
        self._pending[row] = False
        return vectors

    def values(self) -> np.ndarray:
        """Return the eigenvalues of each, NaN where a Jacobian is not finite."""
        rows = np.flatnonzero(self._pending)
        if len(rows):
            self._values[rows] = eigenvalues(self.jacobians[rows])
        return self._values
