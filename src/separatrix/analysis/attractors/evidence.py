"""What speaks for a continuous attractor: what states keep apart, how they extend, their modes."""

import numpy as np
import scipy
from jaxtyping import Float

from ..._parallel import one_blas_thread
from ...systems import AbstractSystem
from ..fixed_points.evaluator import Evaluator
from ..linearization.modes import decay_times, eigenmodes
from ..motion import velocities
from .attractor import ContinuousAttractor, verdict_of, with_reasons
from .loops import landmarks, longest_loop
from .pieces import pieces_of
from .surfaces import surface_of
from .watching import Watching


def examine(
    system: AbstractSystem,
    starts: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    duration: float,
    method: Watching,
) -> ContinuousAttractor:
    """Weigh the evidence."""
    extent = float(scipy.spatial.distance.cdist(after, after).max())
    kept = kept_distances(
        before, after, 1e-6 * float(scipy.spatial.distance.cdist(before, before).max())
    )
    drift = np.linalg.norm(after - before, axis=1)
    distinct = kept >= method.kept
    retention = float(distinct.mean())
    continuous = retention >= method.kept
    # Isolated points may be a single one, without an extent.
    reference = extent if continuous else float(scipy.spatial.distance.cdist(starts, starts).max())
    relative_drift = float(np.median(drift)) / reference if reference > 0 else 0.0
    moving = relative_drift > method.still
    dimension = dimension_of(after[distinct], method) if continuous else 0
    birth, death = float("nan"), float("nan")
    if continuous and dimension == 1:
        birth, death = longest_loop(after[distinct])
    examined = after[distinct] if continuous else after
    with one_blas_thread():
        surface = surface_of(examined, method.flat) if dimension == 2 else None
        alignment, slow, following = modes_of(system, examined, dimension, method)
    groups = 0 if continuous else _groups(after)
    pieces, apart = pieces_of(examined) if dimension else (0, float("nan"))
    gap = float(np.median(slow / following)) if dimension and system.size > dimension else np.nan
    verdict = verdict_of(dimension, moving, lasts=death >= method.loop * birth, surface=surface)
    fast = float(np.median(np.linalg.norm(velocities(system, starts), axis=1)))
    speed = float(np.median(np.linalg.norm(velocities(system, after), axis=1)))
    record = ContinuousAttractor(
        states=after,
        kept=kept,
        drift=drift,
        alignment=alignment,
        slow_times=slow,
        next_times=following,
        verdict=verdict,
        reasons="",
        dimension=dimension,
        groups=groups,
        pieces=pieces,
        piece_gap=apart,
        extent=extent,
        retention=retention,
        relative_drift=relative_drift,
        relative_speed=speed / fast if fast > 0 else 0.0,
        loop_birth=birth,
        loop_death=death,
        spectral_gap=gap,
        thickness=np.nan if surface is None else surface.thickness,
        edge=np.nan if surface is None else surface.edge,
        loops=-1 if surface is None else surface.loops,
        finest=np.nan if surface is None else surface.finest,
        duration=duration,
        system=system.kind,
    )
    return with_reasons(record, method.kept, lasts=death >= method.loop * birth)


def kept_distances(
    before: np.ndarray, after: np.ndarray, floor: float
) -> Float[np.ndarray, " state"]:
    """Return what is left of the distance between each state and its nearest neighbor.

    States that had met before, to a distance of `floor`, have kept nothing.
    """
    apart = scipy.spatial.distance.cdist(before, before)
    np.fill_diagonal(apart, np.inf)
    neighbor = apart.argmin(1)
    distance = apart[np.arange(len(before)), neighbor]
    now = np.linalg.norm(after - after[neighbor], axis=1)
    return np.where(distance > floor, now / np.where(distance > 0, distance, 1.0), 0.0)


def dimension_of(states: np.ndarray, method: Watching) -> int:
    """Return the median number of directions in which the neighborhood of a state extends."""
    chosen = landmarks(states, method.examined)
    counts = []
    for tangents, extents in (_neighborhood(states, k, method) for k in chosen.tolist()):
        counts.append(int((extents > method.wide * extents[0]).sum()) if len(tangents) else 0)
    return int(np.median(counts))


def _neighborhood(states: np.ndarray, k: int, method: Watching) -> tuple[np.ndarray, np.ndarray]:
    """Return the principal directions of a state's neighbors, and how far they extend."""
    distance = np.linalg.norm(states - states[k], axis=1)
    near = states[np.argsort(distance, kind="stable")[: method.neighbors + 1]]
    _, extents, directions = np.linalg.svd(near - near.mean(0), full_matrices=False)
    return directions, extents


def modes_of(
    system: AbstractSystem, states: np.ndarray, dimension: int, method: Watching
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare the tangents of the set with the slowest modes, at some of the states."""
    chosen = landmarks(states, method.examined)
    values, right, _, _ = eigenmodes(Evaluator(system).jacobian(states[chosen]), system.kind)
    times = np.abs(decay_times(values, system.kind, system.time_unit))
    order = np.argsort(-times, axis=1, kind="stable")
    times = np.take_along_axis(times, order, 1)
    none = np.full(len(chosen), np.nan)
    following = times[:, dimension] if dimension < system.size else none
    if dimension == 0:
        return none, none, following
    alignment = none.copy()
    for row, k in enumerate(chosen.tolist()):
        slow = right[row][:, order[row, :dimension]]
        basis = np.linalg.svd(np.hstack([slow.real, slow.imag]), full_matrices=False)[0]
        tangents = _neighborhood(states, k, method)[0][:dimension]
        cosines = np.linalg.svd(tangents @ basis[:, :dimension], compute_uv=False)
        alignment[row] = min(float(cosines.min()), 1.0)
    return alignment, times[:, dimension - 1], following


def _groups(states: np.ndarray) -> int:
    """Count the places where states have gathered, a hundredth of the extent apart or more."""
    extent = scipy.spatial.distance.cdist(states, states).max()
    if extent <= 1e-9 * (1e-300 + np.abs(states).max()):
        return 1
    return int(
        scipy.cluster.hierarchy.fcluster(
            scipy.cluster.hierarchy.linkage(states), 0.01 * extent, "distance"
        ).max()
    )
