"""Stability of maps and of flows."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Shaped

from .._watch import in_time
from ..solvers import batched

KINK = "kink"
"""The stability of a point at which the function bends or jumps."""
STABLE_OTHERWISE = "otherwise stable"
"""The stability of a slow point at which every mode decays but the one that is still by law."""

_EPS = float(np.finfo(float).eps)
_ULPS = 8  # of a state, and of the size of a Jacobian: what rounding makes of either
_BLURRED = 1e-4  # of the spectrum: eigenvalues that rounding moves further tell nothing


class Stability(NamedTuple):
    """Unstable directions of each point by linearization, and its name.

    `least` are those that are sure to, where the number is not known.
    """

    n_unstable: Int[np.ndarray, " point"]
    names: Shaped[np.ndarray, " point"]
    least: Int[np.ndarray, " point"]


def growth(
    eigenvalues: Complex[np.ndarray, "point mode"], kind: str
) -> Float[np.ndarray, "point mode"]:
    """Return how far each mode is beyond the boundary: |μ| − 1 for a map, Re λ for a flow."""
    return np.abs(eigenvalues) - 1 if kind == "map" else eigenvalues.real


Disturbed = tuple[Float[np.ndarray, " point"], Complex[np.ndarray, "sign point mode"]]
"""How far rounding alone moves eigenvalues of a normal matrix of the size of J, and those of J + E
and of J − E, where E is what may be wrong with J."""


def disturbed(
    jacobians_at: Callable[[np.ndarray], np.ndarray],
    states: Float[np.ndarray, "point unit"],
    kind: str,
    errors: Float[np.ndarray, " point"] | None = None,
    eps: float = _EPS,
) -> Disturbed:
    """Return what errors of the state, and rounding, make of the eigenvalues at each state.

    `errors` are distances within which the exact states lie; where they are not known, and at
    least, a state is known to rounding, in units of `eps`. States are moved by random signs, and
    along what a step of Newton's method makes of these: where J is degenerate errors lie in its
    kernel, which random signs of many units may miss. Eigenvalues are NaN where a Jacobian is not
    finite.
    """
    rng, size, rounding = np.random.default_rng(0), states.shape[1], _ULPS * eps
    signs = rng.choice([-1.0, 1.0], (size, size)) / np.sqrt(max(size, 1))
    away = rng.choice([-1.0, 1.0], size)
    radii = _radii(states, errors, eps)[:, None]
    spectra, level = np.full((2, *states.shape), np.nan, complex), np.full(len(states), np.nan)
    for rows in in_time(*states.shape):
        here = jacobians_at(states[rows])
        finite = np.isfinite(here).all((1, 2))
        here = np.where(finite[:, None, None], here, 0.0)
        level[rows] = rounding * np.linalg.norm(here, axis=(1, 2))
        slowly = _slowly(here, away, kind, level[rows])
        there = jacobians_at(states[rows] + radii[rows] * (2 * away + 3 * slowly))
        change = np.where(np.isfinite(there), there - here, 0.0)
        change = change + level[rows, None, None] * signs
        for of, matrices in zip(spectra, (here + change, here - change), strict=True):
            of[rows] = np.where(finite[:, None], batched.eigenvalues(matrices), np.nan)
    return level, spectra


def _slowly(
    jacobians: Float[np.ndarray, "point unit unit"],
    away: Float[np.ndarray, " unit"],
    kind: str,
    level: Float[np.ndarray, " point"],
) -> Float[np.ndarray, "point unit"]:
    """Return the direction, of length 1, in which Newton's step moves where the residual is `away`.

    It points to the same side as `away`. It is 0 where each direction is as slow as the others.
    """
    eye = np.eye(len(away))
    newton = jacobians - eye if kind == "map" else jacobians
    step = batched.solve(
        newton + level[:, None, None] * eye, np.broadcast_to(away, newton.shape[:2])
    )
    norm = np.linalg.norm(step, axis=1, keepdims=True)
    side = np.where(step @ away < 0, -1.0, 1.0)[:, None]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.nan_to_num(side * step / norm, nan=0.0, posinf=0.0, neginf=0.0)


def moved_by_errors(
    rng: np.random.Generator,
    states: Float[np.ndarray, "point unit"],
    errors: Float[np.ndarray, " point"] | None = None,
    eps: float = _EPS,
) -> Float[np.ndarray, "point unit"]:
    """Return states that are as good as the given ones: each unit is moved by twice the error."""
    signs = rng.choice([-1.0, 1.0], states.shape[1])
    return states + 2 * _radii(states, errors, eps)[:, None] * signs


def _radii(
    states: Float[np.ndarray, "point unit"], errors: Float[np.ndarray, " point"] | None, eps: float
) -> Float[np.ndarray, " point"]:
    """Return how far each exact state may be away: by `errors`, and at least by rounding."""
    radii = _ULPS * eps * np.abs(states).max(1, initial=0)
    if errors is not None:
        radii = np.maximum(radii, np.where(np.isfinite(errors), errors, 0.0))
    return radii


def judge(
    eigenvalues: Complex[np.ndarray, "point mode"],
    kind: str,
    band: float,
    on_kink: Bool[np.ndarray, " point"] | bool = False,
    uncertainty: Float[np.ndarray, " point"] | None = None,
    spectra: Complex[np.ndarray, "sign point mode"] | None = None,
) -> Stability:
    """Count the unstable modes of each point, and name it by them.

    A number is given where no error changes it: where no mode, of disturbed `spectra`, too,
    lies within an uncertainty of the boundary, by default that of the band. Anywhere else, on a
    kink, and where a mode is NaN, it is −1.

    The names are "stable", "saddle", "unstable", "marginal", "kink" and "unknown" (a mode is NaN).
    A point is marginal when no mode is clearly unstable and one is within `band` of the boundary,
    for a flow in units of its largest |λ|, or the number is not known. It is a saddle where some
    mode is clearly unstable, and it is only not known how many are.
    """
    margin = growth(eigenvalues, kind)
    width = np.full(len(margin), band)
    if kind != "map":
        width = band * np.abs(eigenvalues).max(1, initial=0)
    level = width if uncertainty is None else uncertainty
    others = () if spectra is None else spectra
    margins = np.stack([margin, *(growth(of, kind) for of in others)])
    least = (margins > level[:, None]).sum(2).min(0)
    most = (margins >= -level[:, None]).sum(2).max(0)
    known = least == most
    moved = np.ptp(np.sort(margins, 2), 0).max(1, initial=0)
    blurred = moved > _BLURRED * np.abs(margin).max(1, initial=0)
    names = np.where(known, name_of(least, margin.shape[1]), "saddle")
    near = (np.abs(margin) <= width[:, None]).any(1) & ~(margin > width[:, None]).any(1)
    names = np.where(near | (~known & ((least == 0) | blurred)), "marginal", names)
    names = np.where(on_kink, KINK, names)
    lost = np.isnan(margin).any(1)
    least = np.where(lost | blurred | np.asarray(on_kink), 0, least)
    number = np.where(known & ~lost & ~np.asarray(on_kink), most, -1)
    names = np.where(lost, "unknown", names).astype("<U16")  # the longest name of any point
    return Stability(number, names, least)


def judge_slow(
    eigenvalues: Complex[np.ndarray, "point mode"],
    kind: str,
    band: float,
    on_kink: Bool[np.ndarray, " point"] | bool = False,
) -> Stability:
    """Judge minima of the speed, at which one mode lies on the boundary exactly: Jᵀ f = 0.

    So the one nearest to λ = 0, or μ = 1, is neither counted nor named (`without_still`). Where
    another one is within the band, the point is marginal and the number −1. A point of one unit,
    which has no other, is marginal. Where all others grow it is a saddle, not unstable.
    """
    rest = without_still(eigenvalues, kind)
    counted = judge(rest, kind, band, on_kink)
    named = counted if rest.shape[1] else judge(eigenvalues, kind, band, on_kink)
    names = np.where(named.names == "unstable", "saddle", named.names)
    names = np.where(names == "stable", STABLE_OTHERWISE, names)
    number = np.where(np.isnan(eigenvalues).any(1), -1, counted.n_unstable)
    return Stability(number, names, counted.least)


def without_still(
    eigenvalues: Complex[np.ndarray, "point mode"], kind: str
) -> Complex[np.ndarray, "point other"]:
    """Leave out the mode nearest to μ = 1, or λ = 0: at a minimum of the speed one lies there."""
    still = np.nan_to_num(np.abs(eigenvalues - (kind == "map")), nan=np.inf).argmin(1)
    others = np.arange(eigenvalues.shape[1]) != still[:, None]
    return eigenvalues[others].reshape(len(eigenvalues), eigenvalues.shape[1] - 1)


def name_of(n_unstable: Int[np.ndarray, " point"], size: int) -> Shaped[np.ndarray, " point"]:
    """Name points without marginal modes, by the numbers of their unstable ones."""
    names = np.where(n_unstable == size, "unstable", "saddle")
    return np.where(n_unstable == 0, "stable", names)
