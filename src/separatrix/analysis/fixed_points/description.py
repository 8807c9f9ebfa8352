"""Description of each point: residual and speed, eigenvalues, stability, the users' record."""

from typing import Any

import numpy as np

from ..._watch import in_time
from ...enclosure.krawczyk.spectrum import Kind as KindOfSystem
from ...solvers.batched import eigenvalues
from ...solvers.low_rank import latent_spectra
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem
from ..completeness import Completeness
from ..kinks import on_kinks
from ..point_table import PointTable
from ..stability import disturbed, growth, judge, judge_slow, name_of, without_still
from . import words
from .certificates import count_unstable_certified
from .evaluator import LEADING, Evaluator
from .points import FixedPoints
from .solver_selection import FixedPointSolver

Spectra = tuple[np.ndarray, np.ndarray]
"""Eigenvalues (point, mode), NaN where they are not known, and the proved number of unstable ones
(point,), −1 where nothing is proved."""


def describe(
    solver: FixedPointSolver,
    table: PointTable,
    known: Completeness | str,
    marginal_band: float,
    *,
    certify: bool,
    stopped: str = "",
) -> FixedPoints:
    """Sort the points by kind, unstable directions and speed, and say what is known of each.

    States, bounds and speeds are given in the units of the candidates: bounds are largest entries,
    so the smallest unit decides a radius, the largest an error bound. Of what may be missing it is
    `known`, or why nothing is. A search that was `stopped`, for the reason given, proves no more.
    """
    evaluator, zero_test = solver.evaluator, solver.zero_test
    system = evaluator.system
    residuals, levels = _residuals(evaluator, zero_test, table.states)
    speed = evaluator.speed(table.states)
    spectra = _spectra(evaluator, table, certify and not stopped)
    n_unstable, stability, largest = _stability(solver, table, spectra, marginal_band)
    order = np.lexsort((speed, n_unstable, ~table.fixed))
    reached = np.append(np.argsort(order), -1)[table.reached]
    kind = np.where(table.fixed, "fixed", "slow")
    domain = known.domain if isinstance(known, Completeness) else None
    return FixedPoints(
        states=table.states[order],
        kind=kind[order],
        speed=speed[order],
        residual=residuals[order],
        rounding_level=levels[order],
        certified=table.proved[order],
        error_bound=table.errors[order],
        radius=table.radii[order],
        certificate=words.certificates(table, words.untried(certify, stopped))[order],
        n_unstable_certified=(spectra[1] >= 0)[order],
        n_unstable=n_unstable[order],
        stability=stability[order],
        largest_eigenvalue=largest[order],
        hits=table.hits[order],
        label=np.arange(len(table)),
        outcomes=np.append(kind, "rejected").astype("<U8")[table.reached],
        reached=reached,
        outcome_reasons=words.outcome_reasons(table, domain),
        units=_parts(system),
        system=system.kind,
        time_unit=system.time_unit,
        marginal_band=marginal_band,
        precision=zero_test.precision,
        **_completeness(table, known),
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


def _completeness(table: PointTable, known: Completeness | str) -> dict[str, Any]:
    """Return the fields that say what may be missing."""
    if isinstance(known, str):
        return {"completeness": known}
    if table.contradiction:
        return {"completeness": table.contradiction}
    return {
        "index_sum": known.index_sum,
        "coverage": known.coverage,
        "chao1": known.chao1,
        "complete": known.complete,
        "completeness": known.text,
    }


def _stability(
    solver: FixedPointSolver, table: PointTable, spectra: Spectra, band: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count unstable directions by eigenvalues where these tell, by proofs where there are any.

    Returns these numbers, names, and the largest eigenvalue of each point, NaN where those of the
    system are not known.
    """
    evaluator, (values, known) = solver.evaluator, spectra
    system, states, errors = evaluator.system, table.states, table.errors
    on_kink = on_kinks(system.evaluate, states, errors=errors)
    n_unstable, stability, _ = judge(values, system.kind, band, on_kink)
    slow = np.flatnonzero(~table.fixed)
    left = np.flatnonzero(table.fixed & (known < 0))
    n_unstable[slow], stability[slow], _ = judge_slow(
        values[slow], system.kind, band, on_kink[slow]
    )
    if len(left) and not evaluator.is_large:
        eps = solver.zero_test.eps
        moved = disturbed(evaluator.jacobian, states[left], system.kind, errors[left], eps)
        n_unstable[left], stability[left], _ = judge(
            values[left], system.kind, band, on_kink[left], *moved
        )
    if evaluator.is_large:
        # All the eigenvalues that were asked for may be unstable: there may be more of them.
        more = n_unstable == values.shape[1]
        n_unstable[more], stability[more] = -1, "unknown"
    # Where the proof has another number, the eigenvalues are not those of the system: derivatives
    # are noisy, as where 0/0 has a limit, or a rule of the user's own says what is not so; or the
    # modes are so far from orthogonal that rounding moves eigenvalues.
    proved = known >= 0
    refuted = proved & (n_unstable >= 0) & (n_unstable != known)
    # What is proved holds on all sides of a kink, and where derivatives are NaN.
    renamed = refuted | (proved & (n_unstable < 0) & (stability != "marginal"))
    n_unstable[proved] = known[proved]
    stability[renamed] = name_of(known[renamed], system.size)
    values = np.where(refuted[:, None], np.nan, values)
    largest = growth(values, system.kind).max(1, initial=-np.inf)
    smooth = slow[~on_kink[slow]]  # on a kink no mode is still by definition
    others = growth(without_still(values[smooth], system.kind), system.kind)
    if others.size:
        largest[smooth] = others.max(1)
    return n_unstable, stability, largest + (system.kind == "map")


def _spectra(evaluator: Evaluator, table: PointTable, certify: bool) -> Spectra:
    """Work out the eigenvalues at each state, and prove how many are unstable where asked to.

    Of large systems the eigenvalues are those that decide stability, (point, some), and only what
    latent variables tell is proved.
    """
    states, bounds, proved = table.states, table.errors, table.proved & table.fixed & certify
    values, n_unstable = _by_latent(evaluator, states, bounds, proved)
    unknown = np.isnan(values).any(1)
    if evaluator.is_large:
        values[unknown] = evaluator.leading_eigenvalues(states[unknown], values.shape[1])
        return values, n_unstable
    left = np.flatnonzero(unknown | (proved & (n_unstable < 0)))
    for part in in_time(len(left), evaluator.size):
        rows = left[part]
        found = _of_all_units(evaluator, states[rows], bounds[rows], proved[rows])
        values[rows], n_unstable[rows] = found
    return values, n_unstable


def _by_latent(
    evaluator: Evaluator, states: np.ndarray, bounds: np.ndarray, proved: np.ndarray
) -> Spectra:
    """Return the spectra by the latent system, where there is one and all units leak alike."""
    latent, count = evaluator.latent_velocity, len(states)
    width = evaluator.size
    if evaluator.is_large:
        width = min(width, max(LEADING, 1 if latent is None else latent.rank + 1))
    values, n_unstable = np.full((count, width), np.nan, complex), np.full(count, -1)
    if latent is None or not count:
        return values, n_unstable
    kind: KindOfSystem = "map" if evaluator.system.kind == "map" else "flow"
    known = latent_spectra(latent, kind, states, np.where(proved, bounds, 0.0))
    if known is not None:
        of_latent, rest, counts = known
        n_unstable[proved], values[:] = counts[proved], rest
        values[:, : latent.rank] = of_latent
    return values, n_unstable


def _of_all_units(
    evaluator: Evaluator, states: np.ndarray, bounds: np.ndarray, proved: np.ndarray
) -> Spectra:
    """Do so by the Jacobian in all units; `proved (point,)` tells which points are counted."""
    jacobians = evaluator.jacobian(states)
    finite, counted = np.isfinite(jacobians).all((1, 2)), np.flatnonzero(proved)
    values, n_unstable = np.full(states.shape, np.nan, complex), np.full(len(states), -1)
    if len(counted):
        known = finite[counted, None, None]
        of_counted, bases = np.linalg.eig(np.where(known, jacobians[counted], 0.0))
        values[counted] = np.where(known[:, 0], of_counted, np.nan)
        points = states[counted], bounds[counted]
        counts = count_unstable_certified(evaluator.system, *points, bases.__getitem__)
        n_unstable[counted] = [-1 if number is None else number for number in counts]
    rest = np.flatnonzero(finite & ~proved)
    if len(rest):
        values[rest] = eigenvalues(jacobians[rest])
    return values, n_unstable
