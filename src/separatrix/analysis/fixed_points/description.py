"""What is known of each point that a search has found."""

from typing import Any, NamedTuple

import numpy as np

from ...solvers.zero_test import ZeroTest
from ..completeness import Completeness
from ..kinks import on_kinks
from ..stability import disturbed, growth, judge, judge_slow, name_of
from .evaluator import Evaluator
from .found import Found
from .points import FixedPoints
from .spectra import spectra_of
from .units import sizes_of


class Options(NamedTuple):
    """What was asked for: proofs, and what may be missing."""

    certify: bool
    completeness: bool


def describe(
    evaluator: Evaluator,
    zero_test: ZeroTest,
    found: Found,
    known: Completeness | None,
    options: Options,
    marginal_band: float,
) -> FixedPoints:
    """Sort the points by kind, unstable directions and speed, and say what is known of each."""
    system = evaluator.system
    count = len(found.states)
    states = np.array(found.states).reshape(count, system.size)
    kinds = np.array(found.kinds, dtype="<U5")
    residuals, levels = _residuals(evaluator, zero_test, states)
    speed = evaluator.speed(states, sizes_of(system))
    proofs = _proofs(found, _UNPROVED if options.certify else _NOT_ASKED)
    counted = proofs["certified"] & (kinds == "fixed") & options.certify
    points = _Points(states, kinds == "fixed", counted, proofs["error_bound"], zero_test.eps)
    told = _directions(evaluator, points, marginal_band)
    n_unstable = told.n_unstable
    order = np.lexsort((speed, n_unstable, kinds))
    reached, outcomes = _renumber(found.reached, kinds, order)
    offset = 1.0 if system.kind == "map" else 0.0
    unknown = found.contradiction or _UNPROVED
    return FixedPoints(
        states=states[order],
        kind=kinds[order],
        speed=speed[order],
        residual=residuals[order],
        rounding_level=levels[order],
        certified=proofs["certified"][order],
        error_bound=proofs["error_bound"][order],
        radius=proofs["radius"][order],
        certificate=proofs["certificate"][order],
        n_unstable_certified=told.proved[order],
        n_unstable=n_unstable[order],
        stability=told.stability[order],
        largest_eigenvalue=(growth(told.eigenvalues, system.kind).max(1, initial=-np.inf) + offset)[
            order
        ],
        hits=np.bincount(reached[reached >= 0], minlength=count),
        label=np.arange(count),
        outcomes=outcomes,
        reached=reached,
        outcome_reasons=found.reasons.astype(str),
        system=system.kind,
        time_unit=system.time_unit,
        marginal_band=marginal_band,
        precision=zero_test.precision,
        **_completeness(known, unknown if options.completeness else _NOT_ASKED),
    )


_NOT_ASKED = "not asked for"
_UNPROVED = "no proof was found"


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


def _completeness(known: Completeness | None, unknown: str) -> dict[str, Any]:
    """Return the fields that say what may be missing; `unknown` says why that is not known."""
    if known is None:
        return {"completeness": unknown}
    return {
        "index_sum": known.index_sum,
        "coverage": known.coverage,
        "chao1": None if known.chao1 is None else known.chao1.estimate,
        "complete": known.complete,
        "completeness": known.text,
    }


def _renumber(
    reached: np.ndarray, kinds: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which point of the sorted ones each candidate reached, and its outcome."""
    rank = np.append(np.argsort(order), -1)
    reached = rank[reached]
    outcomes = np.append(kinds[order], "rejected")[reached]
    return reached, outcomes.astype("<U8")


class _Points(NamedTuple):
    """Points; which are fixed, and of which the directions can be counted with a proof.

    `errors` are how far each may be from the exact one (NaN: not known), `eps` is the unit of
    rounding.
    """

    states: np.ndarray
    fixed: np.ndarray
    counted: np.ndarray
    errors: np.ndarray
    eps: float


class _Directions(NamedTuple):
    """What leaves each point: unstable directions, whether their number is proved, its name."""

    n_unstable: np.ndarray
    stability: np.ndarray
    proved: np.ndarray
    eigenvalues: np.ndarray  # NaN where they are not those of the system


def _directions(evaluator: Evaluator, points: _Points, band: float) -> _Directions:
    """Count unstable directions by eigenvalues where these tell, by proofs where there are any."""
    system, states, errors = evaluator.system, points.states, points.errors
    eigenvalues, known = spectra_of(evaluator, states, errors, points.counted)
    on_kink = on_kinks(system.evaluate, states, errors=errors)
    n_unstable, stability, _ = judge(eigenvalues, system.kind, band, on_kink)
    slow, left = np.flatnonzero(~points.fixed), np.flatnonzero(points.fixed & (known < 0))
    n_unstable[slow], stability[slow], _ = judge_slow(
        eigenvalues[slow], system.kind, band, on_kink[slow]
    )
    if len(left) and not evaluator.is_large:
        uncertainty = disturbed(evaluator.jacobian, states[left], errors[left], points.eps)
        n_unstable[left], stability[left], _ = judge(
            eigenvalues[left], system.kind, band, on_kink[left], uncertainty=uncertainty
        )
    if evaluator.is_large:
        # All the eigenvalues that were asked for may be unstable: there may be more of them.
        more = n_unstable == eigenvalues.shape[1]
        n_unstable[more], stability[more] = -1, "unknown"
    # Where the proof has another number, the eigenvalues are not those of the system: derivatives
    # are noisy, as where 0/0 has a limit, or a rule of the user's own says what is not so; or the
    # modes are so far from orthogonal that rounding moves eigenvalues.
    proved = known >= 0
    refuted = proved & (n_unstable >= 0) & (n_unstable != known)
    eigenvalues = np.where(refuted[:, None], np.nan, eigenvalues)
    # What is proved holds on all sides of a kink, and where derivatives are NaN.
    renamed = refuted | (proved & (n_unstable < 0) & (stability != "marginal"))
    n_unstable[proved] = known[proved]
    stability[renamed] = name_of(known[renamed], system.size)
    return _Directions(n_unstable, stability, proved, eigenvalues)


def _proofs(found: Found, unproved: str) -> dict[str, np.ndarray]:
    """Return the columns that hold proofs, in the order in which the points were found."""
    count = len(found.states)
    certified = np.array([k in found.proofs for k in range(count)], bool)
    bounds = np.array(found.bounds, float).reshape(count)
    radius = np.zeros(count)
    texts = [found.refusals.get(k) or unproved for k in range(count)]
    for label, (error, ball, text) in found.proofs.items():
        bounds[label], radius[label], texts[label] = error, ball, text
    return {
        "certified": certified,
        "error_bound": bounds,
        "radius": radius,
        "certificate": np.array(texts, dtype=str).reshape(count),
    }
