"""Continuous attractors: points, a line, a ring or a plane, with the evidence for the verdict."""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist

from .._records import Record, array, setting
from .._types import Array, InvalidInputError, require_positive
from ..solvers.threads import one_blas_thread
from ..systems import AbstractSystem, require_system
from .fixed_points.evaluator import Evaluator
from .fixed_points.record import FixedPoints
from .linearization.modes import decay_times, eigenmodes
from .loops import landmarks, longest_loop
from .motion import Stepper, velocities

_KEPT = 0.5  # of the distance to the neighbour, at the end of the watch
_SLOW = 0.05  # drift over the watch, as a part of the set's extent, of what still is at rest
_WIDE = 0.3  # of the largest local extent: a direction in which the set extends as well
_LOOP = 2.0  # ratio of death to birth of a loop
_EXAMINED = 64
_NEIGHBOURS = 8


class ContinuousAttractor(Record):
    """What a set of settled states looks like, and what speaks for it.

    Leading axis: the states that were watched. `verdict` is "isolated points", "line", "ring",
    "plane", "manifold of dimension d", "moving" or "none".
    """

    states: Float[Array, "state unit"] = array("where the states were at the end of the watch")
    kept: Float[Array, " state"] = array(
        "distance to the neighbour at the end of the watch, as a part of that at its beginning"
    )
    drift: Float[Array, " state"] = array("distance moved during the watch")
    alignment: Float[Array, " examined"] = array(
        "cosine of the largest angle between the set and the slowest modes; NaN: isolated"
    )
    slow_times: Float[Array, " examined"] = array(
        "time constant of the fastest mode along the set", units="ms"
    )
    next_times: Float[Array, " examined"] = array(
        "time constant of the slowest mode across the set", units="ms"
    )
    verdict: str = setting("what the set is")
    reasons: str = setting("the evidence in words")
    dimension: int = setting("of the set; 0 for isolated points")
    groups: int = setting("number of points that the states gathered at, of isolated points")
    extent: float = setting("largest distance between two states")
    retention: float = setting("share of the states that kept half the distance to a neighbour")
    relative_drift: float = setting(
        "median drift during the watch, as a part of the extent; of isolated points, of the starts'"
    )
    relative_speed: float = setting("median speed, as a part of that of the activity given")
    loop_birth: float = setting("distance at which the longest loop closes; NaN: no loop")
    loop_death: float = setting("distance at which it is filled; NaN: no loop")
    spectral_gap: float = setting("median ratio of the two time constants; NaN: isolated")
    duration: float = setting("length of the watch, and of the time to settle", units="ms")
    system: str = setting('"map" or "flow"')

    def summary(self) -> str:
        return f"ContinuousAttractor: {self.verdict} over {self.duration:.4g} ms; {self.reasons}"


def continuous_attractor(
    system: AbstractSystem,
    states: FixedPoints | Float[Array, "..."],
    *,
    duration: float | None = None,
    step: float | None = None,
) -> ContinuousAttractor:
    r"""Say whether a system holds states at isolated points, on a line, a ring or a plane.

    A continuous attractor forgets nothing along itself and everything across, over the time that
    matters. So the states are left to settle for a `duration`, and then watched for another one:

    * where the distance to the neighbour is kept (more than half of it, for half of the states) the
      set is continuous, and its dimension is that of each state's neighbourhood; where neighbours
      fall together it is isolated points;
    * a one-dimensional set is a ring when it holds a loop that lasts: persistent homology, death
      over birth at least 2;
    * a set that moves by more than 5 % of its extent during the watch is no attractor of resting
      states (a limit cycle is a loop, too): "moving".

    Linearized at the settled states, the tangent of the set should be the slowest mode, and the gap
    to the next mode, $\tau_d / \tau_{d+1}$, large.

    Parameters
    ----------
    system
        A map or a flow.
    states
        States to start from, `(…, unit)`: activity, or random states, some tens at least; or what
        `find_fixed_points` returned: then also states between neighbouring points.
    duration
        In ms, such as the delay of the task; None for 200 steps of a map, 20 tau of a flow.
    step
        Of the Runge–Kutta method for a flow, in units of tau.

    Returns
    -------
    ContinuousAttractor
        The verdict and its evidence.

    Raises
    ------
    InvalidInputError
        For states of another size than the system, too few of them, or a duration that is not
        positive.

    References
    ----------
    Seung (1996) PNAS 93:13339; Khona & Fiete (2022) Nat. Rev. Neurosci. 23:744; Ságodi et al.
    (2024) NeurIPS 37 (back to the continuous attractor); Edelsbrunner et al. (2002) Discrete
    Comput. Geom. 28:511 (persistence).

    Examples
    --------
    >>> import jax, numpy as np, separatrix as sx
    >>> W = np.array([[0.0, -1.0], [-1.0, 0.0]])
    >>> line = sx.Flow(lambda r: -r + jax.nn.relu(W @ r + 1), size=2)
    >>> starts = np.random.default_rng(0).uniform(0, 1, (60, 2))
    >>> sx.continuous_attractor(line, starts).verdict
    'line'
    """
    require_system(system)
    starts = _starts(system, states)
    if duration is not None:
        require_positive(duration, "duration", "ms")
    stepper = Stepper(system, starts[landmarks(starts, _EXAMINED)], step)
    steps = 200 if system.kind == "map" else round(20 / stepper.step)
    if duration is not None:
        steps = max(1, round(duration / stepper.step_time))
    duration = steps * stepper.step_time
    before = stepper.advance(starts, steps)
    after = stepper.advance(before, steps)
    fine = np.isfinite(after).all(1) & (np.abs(after).max(1) < 1e8 * (1 + np.abs(starts).max()))
    if fine.sum() < 3:
        return _nowhere(system, starts, duration, f"{int((~fine).sum())} states left for infinity")
    return _examine(system, starts[fine], before[fine], after[fine], duration)


def _starts(system: AbstractSystem, states: Any) -> np.ndarray:
    rows = np.asarray(states.states if isinstance(states, FixedPoints) else states, float)
    if rows.ndim == 0 or rows.shape[-1] != system.size:
        raise InvalidInputError(
            f"states must have shape (…, {system.size}), one column for each unit of the system, "
            f"got {rows.shape}."
        )
    rows = rows.reshape(-1, system.size)
    rows = rows[np.isfinite(rows).all(1)]
    if isinstance(states, FixedPoints) and len(rows) > 1:
        rows = _between(rows)
    if len(rows) < 3:
        raise InvalidInputError(
            f"{len(rows)} finite states do not show a set: give some tens, such as activity or "
            "random states."
        )
    return rows[np.unique(np.linspace(0, len(rows) - 1, 512).astype(int))]


def _between(points: np.ndarray) -> np.ndarray:
    """Return the points, and states on the segments between each and its nearest neighbours."""
    near = np.argsort(cdist(points, points), axis=1, kind="stable")[:, 1:4]
    share = np.linspace(0, 1, 12)[1:-1, None]
    along = [(1 - share) * points[i] + share * points[j] for i, row in enumerate(near) for j in row]
    return np.concatenate([points, *along])


def _examine(
    system: AbstractSystem,
    starts: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    duration: float,
) -> ContinuousAttractor:
    """Weigh the evidence."""
    extent = float(cdist(after, after).max())
    kept = _kept(before, after)
    drift = np.linalg.norm(after - before, axis=1)
    retention = float((kept >= _KEPT).mean())
    distinct = kept >= _KEPT
    continuous = retention >= _KEPT
    # Isolated points may be a single one, without an extent.
    reference = extent if continuous else float(cdist(starts, starts).max())
    relative_drift = float(np.median(drift)) / reference if reference > 0 else 0.0
    moving = relative_drift > _SLOW
    dimension = _dimension(after[distinct]) if continuous else 0
    birth, death = float("nan"), float("nan")
    if continuous and dimension == 1:
        birth, death = longest_loop(after[distinct])
    examined = after[distinct] if continuous else after
    with one_blas_thread():
        alignment, slow, following = _modes(system, examined, dimension)
    groups = 0 if continuous else _groups(after)
    gap = float(np.median(slow / following)) if dimension and system.size > dimension else np.nan
    verdict = _verdict(dimension, moving, birth, death)
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
        extent=extent,
        retention=retention,
        relative_drift=relative_drift,
        relative_speed=speed / fast if fast > 0 else 0.0,
        loop_birth=birth,
        loop_death=death,
        spectral_gap=gap,
        duration=duration,
        system=system.kind,
    )
    return _with_reasons(record)


def _kept(before: np.ndarray, after: np.ndarray) -> Float[np.ndarray, " state"]:
    """Return what is left of the distance between each state and its nearest neighbour.

    States that had met before, to a millionth of the extent, have kept nothing.
    """
    apart = cdist(before, before)
    floor = 1e-6 * apart.max()
    np.fill_diagonal(apart, np.inf)
    neighbour = apart.argmin(1)
    distance = apart[np.arange(len(before)), neighbour]
    now = np.linalg.norm(after - after[neighbour], axis=1)
    return np.where(distance > floor, now / np.where(distance > 0, distance, 1.0), 0.0)


def _dimension(states: np.ndarray) -> int:
    """Return the median number of directions in which the neighbourhood of a state extends."""
    chosen = landmarks(states, _EXAMINED)
    counts = []
    for tangents, extents in (_neighbourhood(states, k) for k in chosen.tolist()):
        counts.append(int((extents > _WIDE * extents[0]).sum()) if len(tangents) else 0)
    return int(np.median(counts))


def _neighbourhood(states: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the principal directions of a state's neighbours, and how far they extend."""
    distance = np.linalg.norm(states - states[k], axis=1)
    near = states[np.argsort(distance, kind="stable")[: _NEIGHBOURS + 1]]
    _, extents, directions = np.linalg.svd(near - near.mean(0), full_matrices=False)
    return directions, extents


def _modes(
    system: AbstractSystem, states: np.ndarray, dimension: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare the tangents of the set with the slowest modes, at some of the states."""
    chosen = landmarks(states, _EXAMINED)
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
        tangents = _neighbourhood(states, k)[0][:dimension]
        cosines = np.linalg.svd(tangents @ basis[:, :dimension], compute_uv=False)
        alignment[row] = min(float(cosines.min()), 1.0)
    return alignment, times[:, dimension - 1], following


def _groups(states: np.ndarray) -> int:
    """Count the places where states have gathered, a hundredth of the extent apart or more."""
    extent = cdist(states, states).max()
    if extent <= 1e-9 * (1e-300 + np.abs(states).max()):
        return 1
    return int(fcluster(linkage(states), 0.01 * extent, "distance").max())


def _verdict(dimension: int, moving: bool, birth: float, death: float) -> str:
    if moving:
        return "moving"
    if dimension == 1:
        return "ring" if death >= _LOOP * birth else "line"
    return {0: "isolated points", 2: "plane"}.get(dimension, f"manifold of dimension {dimension}")


def _with_reasons(record: ContinuousAttractor) -> ContinuousAttractor:
    """Put the evidence into words."""
    parts = [
        f"{record.retention:.0%} of {len(record)} states kept half the distance to a neighbour",
        f"the median one moved by {record.relative_drift:.1e} of the extent",
    ]
    if record.verdict == "isolated points":
        parts.append(f"the states gathered at {record.groups} places")
    if record.dimension == 1:
        parts.append(
            "no loop lasts"
            if not record.loop_death >= _LOOP * record.loop_birth
            else f"a loop lasts from {record.loop_birth:.3g} to {record.loop_death:.3g}"
        )
    if record.dimension:
        parts.append(f"|cos| of tangent and slowest mode {np.median(record.alignment):.3f}")
        parts.append(f"spectral gap {record.spectral_gap:.3g}")
    return replace(record, reasons="; ".join(parts))


def _nowhere(
    system: AbstractSystem, starts: np.ndarray, duration: float, reason: str
) -> ContinuousAttractor:
    nothing = np.zeros(0)
    return ContinuousAttractor(
        states=starts[:0],
        kept=nothing,
        drift=nothing,
        alignment=nothing,
        slow_times=nothing,
        next_times=nothing,
        verdict="none",
        reasons=reason,
        dimension=0,
        groups=0,
        extent=float("nan"),
        retention=0.0,
        relative_drift=float("nan"),
        relative_speed=float("nan"),
        loop_birth=float("nan"),
        loop_death=float("nan"),
        spectral_gap=float("nan"),
        duration=duration,
        system=system.kind,
    )
