"""Whether other analyses of the same system say the same as a verdict."""

import numpy as np
import scipy

from ..attractors.attractor import ContinuousAttractor
from ..fixed_points.points import FixedPoints
from ..slow_curves.states import SlowCurve
from .judgment import Judgment
from .observation import Observation

AGREES, DISAGREES, SILENT = "agrees", "disagrees", "does not tell"
_NEAR = 0.01
"""Part of the extent of all states within which one lies at a point."""
_SAME = {
    "line": {"line"},
    "ring": {"ring"},
    "surface": {"plane", "surface", "closed surface", "torus", "sphere", "cylinder"},
    "points": {"isolated points"},
    "point": {"isolated points"},
    "ghost": {"isolated points", "moving", "none"},
    "slow path": {"moving", "isolated points", "none"},
    "cycle": {"moving", "none"},
    "moving": {"moving", "none"},
}
"""What `continuous_attractor`, which waits twice as long, may call what holds the states."""


def compared(
    judged: Judgment,
    seen: Observation,
    duration: float,
    attractor: ContinuousAttractor,
    points: FixedPoints | None,
    curve: SlowCurve | None,
) -> dict[str, str]:
    """Return what each analysis says of the verdict, by its name."""
    checks = {"continuous_attractor": _attractor(judged, attractor)}
    if points is not None:
        checks["find_fixed_points"] = _points(judged, seen, points)
    if curve is not None:
        checks["slow_curve"] = _curve(judged, duration, curve)
    return checks


def refuted(judged: Judgment, seen: Observation, points: FixedPoints | None) -> bool:
    """Tell whether states are said to move where they lie at proved stable points."""
    if points is None or judged.held in ("points", "point", "line", "ring", "surface"):
        return False
    proved = _chosen(points, certified=True)
    return _share_at(seen, proved) > 0.5 and judged.still <= _NEAR


def _attractor(judged: Judgment, attractor: ContinuousAttractor) -> str:
    if judged.answer == "approximately" and attractor.verdict == "moving":
        return AGREES  # it allows for less movement
    return AGREES if attractor.verdict in _SAME[judged.held] else DISAGREES


def _points(judged: Judgment, seen: Observation, points: FixedPoints) -> str:
    """States come to rest at stable points, and nowhere else."""
    if judged.held in ("line", "ring", "surface"):
        return SILENT
    share = _share_at(seen, _chosen(points, certified=False))
    if judged.held in ("points", "point"):
        return AGREES if share > 0.5 else DISAGREES
    return DISAGREES if share > 0.5 else AGREES


def _curve(judged: Judgment, duration: float, curve: SlowCurve) -> str:
    """On a line the drift takes longer than the duration to travel the whole, on a path not so."""
    times = np.asarray(curve.times)
    times = times[~np.isnan(times)]
    if judged.held not in ("line", "slow path") or not len(times):
        return SILENT
    slow = float(np.median(times))
    fits = slow >= duration if judged.held == "line" else slow <= 20 * duration
    return AGREES if fits else DISAGREES


def _chosen(points: FixedPoints, *, certified: bool) -> np.ndarray:
    chosen = (np.asarray(points.kind) == "fixed") & (np.asarray(points.stability) == "stable")
    if certified:
        chosen &= np.asarray(points.certified)
    return np.asarray(points.states, float)[chosen]


def _share_at(seen: Observation, places: np.ndarray) -> float:
    """Return the share of states that end the watch at one of the places."""
    if not len(places) or not seen.path.shape[1]:
        return 0.0
    return float(
        np.mean(scipy.spatial.distance.cdist(seen.path[-1], places).min(1) <= _NEAR * seen.apart)
    )
