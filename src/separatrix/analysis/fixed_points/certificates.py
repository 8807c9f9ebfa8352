"""Proofs about the points that a search has found."""

from collections.abc import Callable
from functools import partial
from itertools import chain

import numpy as np
from scipy.sparse.csgraph import connected_components

from ...enclosure.branch_and_prune.search import alone_at_origin
from ...enclosure.interval import Enclosed, EnclosureError, ball
from ...enclosure.krawczyk import certify_absence, certify_unstable, certify_zeros
from ...enclosure.krawczyk.context import over_chunks
from ...enclosure.krawczyk.contraction import LARGEST_RADIUS
from ...enclosure.krawczyk.spectrum import Kind
from ...enclosure.krawczyk.zeros import ZeroCertificates
from ...systems import AbstractSystem
from .agreement import doubts_of_step, is_trusted
from .found import Found


def certify(system: AbstractSystem, found: Found) -> None:
    """Prove what can be proved of each point on which nothing is decided, and note it in `found`.

    Fixed points: that a zero exists within the error bound and is the only one within the radius
    (Krawczyk's test). Slow points: that no fixed point lies within the radius. Points that are
    proved to be one are merged.
    """
    for kind, prove in (("fixed", _prove_zeros), ("slow", _prove_absence)):
        settled = found.proofs.keys() | found.refusals.keys()
        labels = [k for k in found.labels(kind) if k not in settled]
        if labels:
            prove(system, found.stacked(labels), labels, found)
    found.merge(_proved_to_be_one(found))


def _note(found: Found, label: int, proof: ZeroCertificates, row: int) -> None:
    error, radius = float(proof.error_bound[row]), float(proof.radius[row])
    alone = f"alone within {radius:.1e}" if proof.unique[row] else "not shown to be alone"
    found.prove(label, error, radius, f"exists within {error:.1e}, {alone}")


def _prove_zeros(
    system: AbstractSystem, states: np.ndarray, labels: list[int], found: Found
) -> None:
    residual = system.residual
    proof = certify_zeros(residual, states)
    doubts = doubts_of_step(system, states, np.where(proof.exists, proof.error_bound, np.inf))
    for row, label in enumerate(labels):
        if proof.exists[row] and doubts[row]:
            found.refuse(label, doubts[row])
        elif proof.exists[row]:
            _note(found, label, proof, row)
        elif not states[row].any() and alone_at_origin(residual, len(states[row])):
            (doubt,) = doubts_of_step(system, states[row, None], np.zeros(1))
            text = f"exists, alone within {LARGEST_RADIUS:.1e}: no ray from it holds another"
            if doubt:
                found.refuse(label, doubt)
            else:
                found.prove(label, 0.0, LARGEST_RADIUS, text)
        else:
            what = found.degenerate.get(label)
            found.refuse(label, f"{what}: {proof.reason[row]}" if what else proof.reason[row])


def _proved_to_be_one(found: Found) -> dict[int, int]:
    """Return which fixed point is another, as it lies where that is proved to be the only one.

    Where a residual is noisy, as where 0/0 has a limit, the last step does not tell how far a
    state is from a zero, by which states were merged until now.
    """
    labels = np.array(found.labels("fixed"), int)
    states = found.stacked(labels.tolist())
    proofs = [found.proofs.get(k, (found.bounds[k], 0.0, "")) for k in labels]
    errors, radii = np.array([proof[:2] for proof in proofs], float).reshape(-1, 2).T
    near = np.zeros((len(labels), len(labels)), bool)
    for row in np.flatnonzero(radii > 0):
        reach = np.abs(states - states[row]).max(1, initial=0) + errors
        near[row] = reach * (1 + 1e-9) < radii[row]
    # Where two are the only zero each, an unproved state is neither, and does not join them.
    near &= (radii > 0) | (near.cumsum(0) == 1)
    _, group = connected_components(near, directed=False)
    exactness = np.where(radii > 0, errors, np.inf)
    best = {g: k for k, g in sorted(enumerate(group), key=lambda pair: -exactness[pair[0]])}
    return {int(labels[k]): int(labels[best[g]]) for k, g in enumerate(group) if best[g] != k}


def _prove_absence(
    system: AbstractSystem, states: np.ndarray, labels: list[int], found: Found
) -> None:
    # Where a user's own residual has no zero the step may have one all the same.
    function = system.residual if is_trusted(system) else system.velocity
    proof = certify_absence(function, states)
    for row, label in enumerate(labels):
        if proof.absent[row]:
            radius = float(proof.radius[row])
            found.prove(label, np.nan, radius, f"no fixed point within {radius:.1e}")
        else:
            found.refuse(label, proof.reason[row])


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
    kind: Kind = "map" if system.kind == "map" else "flow"

    def count(enclosed: Enclosed, chunk: slice) -> list[int | None]:
        found = enclosed.slopes(ball(states[chunk], bounds[chunk, None]))
        assert found.slopes is not None  # asked for
        basis = basis_of and (lambda row: basis_of(chunk.start + row))
        counts = certify_unstable(found.slopes, kind, basis).counts
        pairs = zip(counts, found.refusals, strict=True)
        return [None if refusal else number for number, refusal in pairs]

    try:
        enclosed = Enclosed(system.evaluate, (system.size,))
        return [*chain.from_iterable(over_chunks(partial(count, enclosed), *states.shape))]
    except EnclosureError:
        return [None] * len(states)
