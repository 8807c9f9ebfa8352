"""Proofs about the points of a table, of which each stage notes the evidence.

Everything is solved and proved on the residual, so one of the user's own that disagrees with the
step, or the field, would make sure of what is not so: what is proved of it holds of the step only
where the velocity may be zero, too. A saturated gate makes the velocity tiny where the residual is
not, which proves nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy.sparse.csgraph import connected_components

from ..._double import double_precision
from ..._parallel import cores
from ..._watch import Stage, is_over, report_progress
from ...enclosure.interval import Enclosed, EnclosureError, ball
from ...enclosure.krawczyk import certify_absence, certify_unstable, certify_zeros
from ...enclosure.krawczyk.context import in_chunks, over_chunks, quietly
from ...enclosure.krawczyk.spectrum import Kind as KindOfSystem
from ...solvers.endings import Ending
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem
from ..completeness import Proof
from ..completeness.texts import NO_ZERO
from ..point_table import Evidence, PointTable
from . import words
from .evaluator import Evaluator

States = Float[np.ndarray, "point unit"]
Flags = Bool[np.ndarray, " point"]

_LARGE = 1e-3  # of the size of a state: a speed that no error explains in a large system


def certify(system: AbstractSystem, table: PointTable) -> PointTable:
    """Prove what can be proved of each point on which nothing is decided.

    Fixed points: that a zero exists within the error bound and is the only one within the radius
    (Krawczyk's test). Slow points: that no fixed point lies within the radius. Points that are
    proved to be one are merged. Those for which there is no time stay untried.
    """
    done, total = 0, int(np.count_nonzero(table.untried))
    for fixed, prove in ((True, _prove_zeros), (False, _prove_absence)):
        labels = np.flatnonzero((table.fixed == fixed) & table.untried)
        for part in in_chunks(len(labels), system.size, times=cores()):
            if is_over():
                break
            report_progress(Stage.CERTIFY, done, total)
            table, done = prove(system, table, labels[part]), done + part.stop - part.start
    return table.merged(_proved_to_be_one(table))


def _prove_zeros(system: AbstractSystem, table: PointTable, labels: np.ndarray) -> PointTable:
    states = table.states[labels]
    proof = certify_zeros(system.residual, states)
    errors, radii = table.errors[labels], np.where(proof.exists, proof.radius, 0.0)
    errors = np.where(proof.exists, proof.error_bound, errors)
    evidence = np.where(proof.unique, Evidence.UNIQUE, Evidence.EXISTS)
    evidence = np.where(proof.exists, evidence, Evidence.REFUSED)
    proved = evidence < Evidence.REFUSED
    doubts = doubts_of_step(system, states, np.where(proved, errors, np.inf))
    doubtful = proved & (doubts != "")
    return table.with_values(
        labels,
        evidence=np.where(doubtful, Evidence.REFUSED, evidence),
        errors=np.where(doubtful, table.errors[labels], errors),
        radii=np.where(doubtful, 0.0, radii),
        details=np.where(doubtful, doubts, proof.reason),
    )


def _prove_absence(system: AbstractSystem, table: PointTable, labels: np.ndarray) -> PointTable:
    # Where a user's own residual has no zero the step may have one all the same.
    function = system.residual if is_trusted(system) else system.velocity
    radii, reasons = certify_absence(function, table.states[labels])
    evidence = np.where(radii > 0, Evidence.ABSENCE, Evidence.REFUSED)
    details = np.array(reasons, object)
    return table.with_values(labels, evidence=evidence, radii=radii, details=details)


def _proved_to_be_one(table: PointTable) -> np.ndarray:
    """Return which point each is: a fixed one may lie where another is proved to be the only one.

    Where a residual is noisy, as where 0/0 has a limit, the last step does not tell how far a
    state is from a zero, by which states were merged until now.
    """
    labels, into = np.flatnonzero(table.fixed), np.arange(len(table))
    states, errors, radii = table.states[labels], table.errors[labels], table.radii[labels]
    near = np.zeros((len(labels), len(labels)), bool)
    for row in np.flatnonzero(radii > 0):
        reach = np.abs(states - states[row]).max(1, initial=0) + errors
        near[row] = reach * (1 + 1e-9) < radii[row]
    # Where two are the only zero each, an unproved state is neither, and does not join them.
    near &= (radii > 0) | (near.cumsum(0) == 1)
    _, group = connected_components(near, directed=False)
    order = np.lexsort((np.where(radii > 0, errors, np.inf), group))
    first = order[np.unique(group[order], return_index=True)[1]]  # the most exact of each group
    into[labels] = labels[first][group]
    return into


def is_trusted(system: AbstractSystem) -> bool:
    """Whether the residual has the zeros of the step: a network here, or its gate, gives it."""
    function = system.residual_function
    ours = ("separatrix.networks", "separatrix.systems.gated")
    return function is None or getattr(function, "origin", "").startswith(ours)


def doubts_of_step(
    system: AbstractSystem, states: States, error_bounds: Float[np.ndarray, " point"]
) -> Shaped[np.ndarray, " point"]:
    """Return why a zero of the residual within `error_bounds` of a state may be none of the step.

    Nothing speaks against it, and the text is empty, where the velocity may be zero there, as far
    as it is enclosed.
    """
    doubts = np.full(len(states), "", object)
    if not system.has_own_residual:
        return doubts
    try:
        with quietly(system.size):
            velocity = Enclosed(system.velocity, (system.size,))
            for chunk in in_chunks(*states.shape):
                bounds = velocity.bounds(ball(states[chunk], error_bounds[chunk, None]))
                apart = bounds.excludes_zero().any(1)
                doubts[chunk] = np.where(apart, NO_ZERO, "")
    except EnclosureError as error:
        doubts[:] = words.NOTHING_OF_STEP.format(error)
    return doubts


def reject_moving(evaluator: Evaluator, zero_test: ZeroTest, table: PointTable) -> PointTable:
    """Reject zeros of a residual of the user's own at which the state moves."""
    system = evaluator.system
    if not system.has_own_residual:
        return table
    labels = np.flatnonzero(table.fixed)
    states = table.states[labels]
    moving = labels[_moving(evaluator, states, _reach(zero_test, states, table.errors[labels]))]
    if not len(moving):
        return table
    speeds, which = np.zeros(len(table)), np.zeros(len(table), bool)
    speeds[moving], which[moving] = evaluator.speed(table.states[moving]), True
    shown = Ending.MOVES.describe(float(speeds[moving[0]]))
    return replace(table.without(which, Ending.MOVES, speeds), contradiction=shown)


def _reach(zero_test: ZeroTest, states: States, bounds: np.ndarray) -> np.ndarray:
    """Return how far from a zero a state may be, by far; `bounds` is infinite in a continuum."""
    size = np.maximum(np.abs(states).max(1, initial=0), zero_test.scale)
    isolated = np.isfinite(bounds)
    relative = np.where(isolated, np.sqrt(zero_test.eps), np.sqrt(np.sqrt(zero_test.eps)))
    return relative * size + 10 * np.where(isolated, bounds, 0.0)


def _moving(evaluator: Evaluator, states: States, reach: np.ndarray) -> Flags:
    """Mask states whose speed exceeds what solver error and rounding allow, `(state,)`."""
    if evaluator.is_large:
        return evaluator.speed(states) > _LARGE * np.abs(states).max(1, initial=0) + 10 * reach
    moving = evaluator.speed(states) > reach  # which costs little
    rows = np.flatnonzero(moving)
    if len(rows):
        with double_precision():
            of = jax.vmap(evaluator.system.velocity)
            velocity = np.abs(np.asarray(of(jnp.asarray(states[rows]))))
        slopes = 1 + np.abs(evaluator.jacobian(states[rows])).sum(2)
        moving[rows] = (velocity > slopes * reach[rows, None]).any(1)
    return moving


def add_proved(system: AbstractSystem, table: PointTable, proof: Proof) -> PointTable:
    """Add the points of an exhaustive search that the step does not contradict, and certify."""
    doubts = doubts_of_step(system, proof.states, proof.error_bounds)
    if doubts.any():
        table = replace(table, contradiction=next(filter(None, doubts)))
    return certify(system, with_exhaustion(table, proof, doubts == ""))


def with_exhaustion(table: PointTable, proof: Proof, which: Any = slice(None)) -> PointTable:
    """Return a table with points that an exhaustive search has proved."""
    states, errors, radii = proof.states[which], proof.error_bounds[which], proof.radii[which]
    evidence = np.full(len(states), Evidence.EXHAUSTION)
    return table.with_points(states, True, errors, radii=radii, evidence=evidence)


def add_unknown(table: PointTable, further: PointTable) -> PointTable:
    """Add the fixed points of a further search that are not among those of a table.

    Known is what is proved to be one of them, or as good as that by what is uncertain of both. A
    point of a continuum is taken to be known when any continuum is.
    """
    for label in np.flatnonzero(further.fixed):
        state, bound = further.states[label], further.errors[label]
        errors, fixed = table.errors, table.fixed
        if np.isfinite(bound):
            rounding_radius = 8 * np.finfo(float).eps * np.abs(state).max(initial=0)
            distance = np.abs(table.states - state).max(1, initial=0)
            near = distance <= 10 * (bound + errors) + rounding_radius
            known = fixed & (near | (distance + bound < table.radii))
        else:
            known = fixed & ~np.isfinite(errors)
        if not known.any():
            table = table.with_rows(further, np.array([label]))
    return replace(table, contradiction=table.contradiction or further.contradiction)


def count_unstable_certified(
    system: AbstractSystem,
    states: np.ndarray,
    bounds: np.ndarray,
    basis_of: Callable[[int], np.ndarray] | None = None,
) -> list[int | None]:
    """Return the proved number of unstable directions of each point, None where nothing is proved.

    `bounds (point,)` are the proved distances to the exact points; `basis_of` gives the
    eigenvectors of a point's Jacobian, where they are of use.
    """
    kind: KindOfSystem = "map" if system.kind == "map" else "flow"

    def count(enclosed: Enclosed, chunk: slice) -> list[int | None]:
        found = enclosed.slopes(ball(states[chunk], bounds[chunk, None]))
        basis = basis_of and (lambda row: basis_of(chunk.start + row))
        counts = certify_unstable(found.slopes, kind, basis)
        pairs = zip(counts, found.refusals, strict=True)
        return [None if refusal else number for number, refusal in pairs]

    try:
        enclosed = Enclosed(system.evaluate, (system.size,))
        return [*chain.from_iterable(over_chunks(partial(count, enclosed), *states.shape))]
    except EnclosureError:
        return [None] * len(states)
