"""A row of the golden table: a system that users have, and its frozen answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx

HERE = Path(__file__).parent
WEIGHTS = HERE / "weights"
ANSWERS = HERE / "answers"
PROBES = HERE / "velocities.npz"

SAME = 1e-6
"""Distance, beside the size of the states, within which two fixed points are one."""
SAME_SLOW = 1e-3
"""The same of slow points, which lie in flat valleys."""
LEAST = 1e-6
"""The size of states that are all smaller, as the origin alone is."""
SHARE = 0.02
"""Part of the candidates that a lawful run may lead elsewhere."""

Problem = tuple[sx.AbstractSystem, np.ndarray]
"""The system, and the candidates `(candidate, unit)`."""


@dataclass(frozen=True)
class Row:
    """A search for fixed points whose answer is known.

    Attributes
    ----------
    name
        Of the row, and of its files in `weights` and `answers`.
    make
        Gives the system and the candidates.
    options
        What `sx.find_fixed_points` is given beside the system and the candidates.
    continuum
        Whether fixed points are a continuum, of which any may be told, and none certified; those
        of the answer are beside it.
    unsolved
        What is wrong today; such a row is run apart, with a limit of 60 seconds, and what is slow
        today is not asked for: there may be a fixed point in its place.
    near_limit
        Whether a quicker machine may end such a search in time.
    allowed
        Gives fixed points that need not be found, such as those with negative concentrations.
    uneven
        Whether its variables differ by powers of ten: distances, and with them slow points and the
        share of the candidates that come to a zero, then depend on the units.
    """

    name: str
    make: Callable[[], Problem]
    options: Mapping[str, Any] = field(default_factory=dict)
    continuum: bool = False
    unsolved: str = ""
    near_limit: bool = False
    allowed: Callable[[], np.ndarray] | None = None
    uneven: bool = False

    def search(self) -> sx.records.FixedPoints:
        """Return what the package finds."""
        system, candidates = self.make()
        return sx.find_fixed_points(system, candidates, **self.options)


def summary(points: sx.records.FixedPoints) -> dict[str, Any]:
    """Return what the table says of a search, in numbers."""
    fixed, slow = points.fixed, points.slow
    return {
        "fixed": len(fixed),
        "unstable": _counts(fixed.n_unstable.tolist()),
        "certified": int(fixed.certified.sum()),
        "index_sum": points.index_sum,
        "complete": bool(points.complete),
        "slow": len(slow),
        "slow_certified": int(slow.certified.sum()),
        "outcomes": _counts(points.outcomes.tolist()),
    }


def _counts(labels: list[Any]) -> dict[str, int]:
    return {str(label): number for label, number in sorted(Counter(labels).items())}


def freeze(
    row: Row, points: sx.records.FixedPoints, known: np.ndarray, unstable: np.ndarray
) -> None:
    """Write the answer of a row: what was found, and the fixed points `known`, all there are."""
    fixed = {} if row.continuum else {"fixed": len(known), "unstable": _counts(unstable.tolist())}
    answer = {"known": "union", **summary(points), **fixed}
    (ANSWERS / f"{row.name}.json").write_text(json.dumps(answer, indent=1) + "\n")
    often = points.slow.hits >= SHARE * len(points.outcomes)
    np.savez_compressed(
        ANSWERS / f"{row.name}.npz",
        fixed=known,
        unstable=unstable,
        slow=np.asarray(points.slow.states)[often],
        slow_speed=np.asarray(points.slow.speed)[often],
    )


def differences(row: Row, points: sx.records.FixedPoints) -> list[str]:
    """Return in what a search falls short of the frozen answer, a sentence each."""
    frozen = json.loads((ANSWERS / f"{row.name}.json").read_text())
    with np.load(ANSWERS / f"{row.name}.npz") as answer:
        said = [] if row.unsolved or row.uneven else _slow_points(frozen, answer, points)
        said += _continuum(answer, points) if row.continuum else _fixed_points(row, answer, points)
    now = summary(points)
    for name in ("certified", "slow_certified"):
        comparable = name == "certified" or now["slow"] == frozen["slow"]
        if comparable and frozen[name] is not None and now[name] < frozen[name]:
            said.append(f"{name}: {now[name]}, {frozen[name]} before")
    if frozen["index_sum"] is not None and now["index_sum"] != frozen["index_sum"]:
        said.append(f"index sum {now['index_sum']}, {frozen['index_sum']} before")
    if frozen["complete"] and not now["complete"]:
        said.append(f"not complete any more: {points.completeness}")
    if frozen["outcomes"] is None or row.uneven:
        return said
    few = SHARE * len(points.outcomes)
    then, outcomes = (Counter(t["outcomes"]) for t in (frozen, now))
    if outcomes["fixed"] < then["fixed"] - few or outcomes["rejected"] > then["rejected"] + few:
        said.append(f"candidates: {dict(outcomes)}, {dict(then)} before")
    return said


def _fixed_points(
    row: Row, answer: Mapping[str, np.ndarray], points: sx.records.FixedPoints
) -> list[str]:
    """Compare the fixed points, and how many directions of each are unstable."""
    fixed = points.fixed
    near = _near(answer["fixed"], np.asarray(fixed.states), SAME)
    said = _missing(near, "fixed points")
    allowed = np.zeros((0, fixed.states.shape[1])) if row.allowed is None else row.allowed()
    strange = ~near.any(0) & ~_near(allowed, np.asarray(fixed.states), SAME).any(0)
    if strange := int(strange.sum()):
        said.append(f"{strange} fixed points that are not known")
    if (near.sum(0) > 1).any() or (near.sum(1) > 1).any():
        said.append("two points are one")
    for known, found in zip(*np.nonzero(near), strict=True):
        before, now = int(answer["unstable"][known]), int(fixed.n_unstable[found])
        if before >= 0 and now != before:
            said.append(f"point {found} has {now} unstable directions, {before} are known")
    return said


def _continuum(answer: Mapping[str, np.ndarray], points: sx.records.FixedPoints) -> list[str]:
    """Tell what is wrong with points of a continuum: none is isolated, so none is certified.

    The points that are known are those beside it.
    """
    beside = _near(answer["fixed"], np.asarray(points.fixed.states), SAME)
    on = ~beside.any(0)
    said = _missing(beside, "fixed points beside the continuum")
    if not on.any():
        said.append("no fixed point of the continuum")
    if points.fixed.certified[on].any():
        said.append("a certificate of a point of the continuum")
    return said


def _slow_points(
    frozen: Mapping[str, Any], answer: Mapping[str, np.ndarray], points: sx.records.FixedPoints
) -> list[str]:
    """Compare the slow points: those that many candidates reach, and how many there are."""
    slow = points.slow
    near = _near(answer["slow"], np.asarray(slow.states), SAME_SLOW)
    said = _missing(near, "slow points that many candidates reach")
    before = len(slow) if frozen["slow"] is None else frozen["slow"]
    if abs(len(slow) - before) > max(2, 0.2 * before):
        said.append(f"{len(slow)} slow points, {before} before")
    return said


def _missing(near: np.ndarray, points: str) -> list[str]:
    missing = int((~near.any(1)).sum())
    return [f"{missing} of {len(near)} {points} are missing"] if missing else []


def _near(known: np.ndarray, found: np.ndarray, tolerance: float) -> np.ndarray:
    """Tell which states are the same, `(known, found)`."""
    if not len(known) or not len(found):
        return np.zeros((len(known), len(found)), bool)
    size = max(np.abs(known).max(), LEAST)
    distance = np.array([np.abs(found - state).max(1) for state in known])
    return distance <= tolerance * size


def velocities(system: sx.AbstractSystem, candidates: np.ndarray) -> np.ndarray:
    """Return what a system computes in float64 at four of its candidates, `(4, unit)`."""
    probed = candidates[np.linspace(0, len(candidates) - 1, 4).astype(int)]
    with jax.enable_x64():
        return np.array([system.velocity(jnp.asarray(state, jnp.float64)) for state in probed])
