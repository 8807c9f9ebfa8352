"""Where several modes cross the stability boundary at once, to the precision of each of them."""

from dataclasses import replace

import numpy as np

from ...solvers.continuation import correct
from ..stability import growth
from .family import Family
from .special import Special
from .spectra import critical_modes, eigenvalues

_ASIDE = 1e-5  # along the branch, where the modes are looked at: they are straight to its square
_SLOW = 100.0  # growth rates up to this many times that distance are of modes that may cross
_APART = 1e-3  # angles of modes, beside the largest, that tell which is which


def sharpened(family: Family, special: Special) -> Special:
    """Put an enclosed crossing of several modes where each of them is on the boundary.

    No system of equations for one mode is regular there, so the piece of the branch that holds it
    was halved, as far as rounding lets the number of unstable directions be told. But the growth of
    every mode is a smooth function along the branch as long as their angles differ, and its zero
    follows from a line through two points. What growth is left between these zeros is the error;
    a point that this does not improve is returned as it was.
    """
    if special.type != "crossing":
        return special
    tangent = special.tangents[0]
    sides = [
        _on_branch(family, special.point + way * tangent, tangent) for way in (-_ASIDE, _ASIDE)
    ]
    before, after = sides
    if before is None or after is None:
        return special
    margins = [_margins(family, point, _SLOW * _ASIDE) for point in (before, after)]
    known = len(margins[0]) == len(margins[1]) > 0
    if not known or not (margins[0] * margins[1] < 0).all():
        return special
    share = (margins[0] / (margins[0] - margins[1])).mean()
    middle = _on_branch(family, before + share * (after - before), tangent)
    if middle is None:
        return special
    left = _margins(family, middle, _SLOW * _ASIDE)
    if left.shape != margins[0].shape:
        return special
    slope = (margins[1] - margins[0]) / np.linalg.norm(after - before)
    error = float(np.abs(left / slope).max()) + 4 * np.finfo(float).eps
    return (
        replace(special, point=middle, correction=error) if error < special.correction else special
    )


def _on_branch(family: Family, guess: np.ndarray, along: np.ndarray) -> np.ndarray | None:
    found = correct(family.residual_and_jacobian, guess, along)
    near = np.linalg.norm(found.point - guess) <= 0.5 * _ASIDE
    return found.point if found.converged and near else None


def _margins(family: Family, point: np.ndarray, within: float) -> np.ndarray:
    """Return the growth of the modes near the boundary in order of their angles; none if alike."""
    values = eigenvalues(family, point[None])[0]
    critical = critical_modes(values, family.kind, within)
    angles = np.angle(critical) if family.kind == "map" else critical.imag
    order = np.argsort(angles, kind="stable")
    apart = np.diff(angles[order])
    if len(critical) < 2 or not (apart > _APART * max(float(angles.max()), 1e-300)).all():
        return np.zeros(0)
    return growth(critical[order][None], family.kind)[0]
