"""Special points: where exactly they are, and what happens there."""

from dataclasses import dataclass, field

import numpy as np

from ...solvers.continuation import (
    crossing_tangents,
    extended_branch_point,
    extended_mode,
)
from ..stability import growth
from . import normal_forms
from .family import Family
from .normal_forms import NormalForm
from .spectra import Change, Signature, change, eigenvalues

KINK = "border collision"
"""The type of a special point where stability changes at a kink."""
SEVERAL = "several modes"
"""The type of a point where several modes cross the boundary, within its error."""

NOT_CROSSING = 1e-7
"""Branches that miss one another by a larger shift of F do not cross."""
TOGETHER = 1e-7
"""Modes this near the stability boundary at a special point take part in what happens there."""
VERTICAL = 1e-5
"""A tangent is vertical where the parameter changes less along it, as at a pitchfork."""


@dataclass
class Special:
    """A special point in scaled coordinates, and the branches (with their tangents) through it."""

    type: str
    point: np.ndarray
    correction: float
    angle: float = 0.0
    form: NormalForm = field(default_factory=lambda: NormalForm(np.nan, ""))
    branches: list[int] = field(default_factory=list)
    tangents: list[np.ndarray] = field(default_factory=list)
    other: np.ndarray | None = None

    @property
    def is_blurred(self) -> bool:
        """Whether the point was only enclosed, where the branch itself is close to others.

        A border collision is enclosed too, but the branch is regular on both of its sides.
        """
        return self.type in (SEVERAL, "branch point")


@dataclass(frozen=True)
class End:
    """One end of a piece of a branch."""

    point: np.ndarray
    tangent: np.ndarray
    signature: Signature


def locate(family: Family, one: End, other: End, what: Change) -> Special | None:
    """Locate the only event on a piece of a branch; None where Newton's method leads elsewhere."""
    guess, kind = 0.5 * (one.point + other.point), family.kind
    evaluate = family.residual_and_jacobian
    if what.crossing:
        name, angle = "branch point", 0.0
        root, defect = extended_branch_point(evaluate, family.residual_gradient, guess)
        if defect > NOT_CROSSING:
            return None
    else:
        if what.fold:
            target: complex = 1.0 if kind == "map" else 0.0
            name = "fold"
        elif what.flip:
            target, name = -1.0, "flip"
        else:
            target, name = (
                _critical_pair(family, guess),
                "Hopf" if kind == "flow" else "Neimark–Sacker",
            )
            if target.imag == 0:
                return None
        root, angle = extended_mode(
            evaluate, family.jacobian, family.mode_gradient, guess, complex(target), kind
        )
    if not root.converged or not _lies_between(root.point, one.point, other.point):
        return None
    special = Special(name, root.point, root.length, abs(angle), tangents=[one.tangent])
    return _described(family, special)


def _critical_pair(family: Family, point: np.ndarray) -> complex:
    """Return the complex eigenvalue, with Im > 0, that is nearest the stability boundary."""
    values = eigenvalues(family, point[None])[0]
    upper = values[values.imag > 0]
    if not len(upper):
        return 0.0
    return complex(upper[np.argmin(np.abs(growth(upper[None], family.kind)))])


def _lies_between(point: np.ndarray, one: np.ndarray, other: np.ndarray) -> bool:
    chord = other - one
    part = float((point - one) @ chord / (chord @ chord))
    beside = np.linalg.norm(point - one - part * chord)
    return -0.01 <= part <= 1.01 and bool(beside <= 0.5 * np.linalg.norm(chord))


def _described(family: Family, special: Special) -> Special:
    """Compute the coefficient of the normal form; name the point where branches cross."""
    name, point, tangent = special.type, special.point, special.tangents[0]
    if name == "branch point":
        return _crossing(family, special, tangent)
    if name == "fold":
        special.form = normal_forms.fold(family, point)
    elif name == "flip":
        special.form = normal_forms.flip(family, point, tangent)
    elif name == "Hopf":
        special.form = normal_forms.hopf(family, point, special.angle, tangent)
    else:
        special.form = normal_forms.neimark_sacker(family, point, special.angle, tangent)
    return _checked(family, special)


def _checked(family: Family, special: Special) -> Special:
    """Call a point degenerate where other modes are at the boundary with the critical one."""
    values = eigenvalues(family, special.point[None])
    there = int((np.abs(growth(values, family.kind)) <= TOGETHER).sum())
    critical = 2 if special.type in ("Hopf", "Neimark–Sacker") else 1
    if there > critical and special.form.criticality in ("", "supercritical", "subcritical"):
        special.form = NormalForm(special.form.coefficient, "degenerate")
    return special


def _crossing(family: Family, special: Special, tangent: np.ndarray) -> Special:
    """Distinguish a pitchfork from a transcritical point; find the crossing branch's tangent."""
    tangents = crossing_tangents(
        family.residual_and_jacobian, family.residual_gradient, special.point, tangent
    )
    if tangents is None:
        return special
    own, special.other = tangents
    special.tangents = [own]
    if min(abs(own[-1]), abs(special.other[-1])) < VERTICAL:
        special.type, special.form = "pitchfork", normal_forms.pitchfork(family, special.point)
    else:
        special.type, special.form = "transcritical", normal_forms.fold(family, special.point)
    return _checked(family, special)


def enclose(family: Family, one: End, other: End) -> Special:
    """Report what could not be solved for: its place is known to the length of the piece."""
    length = float(np.linalg.norm(other.point - one.point))
    jump = np.abs(family.jacobian(one.point) - family.jacobian(other.point)).max()
    size = max(np.abs(family.jacobian(one.point)).max(), 1.0)
    smooth = jump <= max(1e3 * length, 1e-6) * size
    what = change(one.signature, other.signature)
    several = "branch point" if what.crossing else SEVERAL
    name = several if smooth else KINK
    return Special(name, 0.5 * (one.point + other.point), length, tangents=[one.tangent])
