"""Special points: where they lie on a branch, and what they are."""

from dataclasses import dataclass, field

import numpy as np

from ...solvers.continuation import (
    Curve,
    Located,
    correct,
    crossing_tangents,
    extended_branch_point,
    extended_mode,
    tangent_of,
)
from ..stability import growth
from . import normal_forms
from .family import Family
from .normal_forms import NormalForm
from .spectra import (
    Change,
    Signature,
    change,
    critical_modes,
    eigenvalues,
    names_together,
    signature,
    signatures,
)

HALVINGS = 40
"""How often a piece of a branch is halved in the search for what happens on it."""
PATIENCE = 4
"""Halvings before Newton's method is tried again: at a kink it fails on pieces of any length."""
AT_ONCE = 1e-9
"""Events on a piece this short cannot be told apart."""
NOT_CROSSING = 1e-7
"""Branches that miss one another by a larger shift of F do not cross."""
TOGETHER = 1e-7
"""Modes this near the stability boundary at a special point take part in what happens there."""
LIKELY = 1e-6
"""The same at a point that was only enclosed."""
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
        """Whether the point was only enclosed, not solved for."""
        return self.type in ("crossing", "branch point", "border collision", "tangency")


@dataclass(frozen=True)
class End:
    """One end of a piece of a branch."""

    point: np.ndarray
    tangent: np.ndarray
    signature: Signature


def find_special(
    family: Family,
    curve: Curve,
    values: np.ndarray,
    known: list[Special],
    *,
    skip_first: bool,
) -> list[Special]:
    """Return the special points of a curve, in order, without those at its ends.

    Where the curve passes a known degenerate one, that one is all that is there.
    """
    marks = signatures(curve, values, family.kind)
    ends = [End(p, t, m) for p, t, m in zip(curve.points, curve.tangents, marks, strict=True)]
    found: list[Special] = []
    first = 1 if skip_first else 0
    if curve.reason == "closed on itself" and skip_first:
        ends = ends[:-1]  # the last point is the first, a special point that is known
    for k in range(first, len(ends) - 1):
        if change(ends[k].signature, ends[k + 1].signature).count:
            passed = [s for s in known if _passes(ends[k].point, ends[k + 1].point, s)]
            if passed:
                found.append(passed[0])
                continue
            found += _between(family, ends[k], ends[k + 1], HALVINGS)
    return found


def _passes(one: np.ndarray, other: np.ndarray, special: Special) -> bool:
    """Tell whether a piece of a branch passes a degenerate special point, or comes next to it.

    Near such a point several branches are so close that nothing else can be told there.
    """
    chord = other - one
    part = np.clip((special.point - one) @ chord / (chord @ chord), 0.0, 1.0)
    beside = np.linalg.norm(one + part * chord - special.point)
    is_degenerate = special.is_blurred and special.type != "border collision"
    return is_degenerate and bool(beside < 1.5 * np.linalg.norm(chord))


def _between(family: Family, one: End, other: End, halvings: int, wait: int = 0) -> list[Special]:
    """Return the special points between two ends, halving the piece until each stands alone.

    `wait`: how many halvings Newton's method, which failed on a longer piece, is left alone.
    """
    what = change(one.signature, other.signature)
    if not what.count:
        return []
    length = float(np.linalg.norm(other.point - one.point))
    if what.count == 1 and wait == 0:
        special = _single(family, one, other, what)
        if special is not None:
            return [special]
        wait = PATIENCE
        corner = _corner(family, one, other)
        if corner is not None:
            one, other = corner
            length = 0.0
    if halvings == 0 or length < AT_ONCE:
        return [_unresolved(family, one, other)]
    middle = _middle(family, one, other)
    if middle is None:
        return [_unresolved(family, one, other)]
    rest, wait = halvings - 1, max(wait - 1, 0)
    return _between(family, one, middle, rest, wait) + _between(family, middle, other, rest, wait)


def _middle(family: Family, one: End, other: End) -> End | None:
    """Return a point of the branch half way between two ends."""
    chord = other.point - one.point
    along = chord / np.linalg.norm(chord)
    # not exactly half way: a symmetric piece would put the special point, singular, in the middle
    return _end_near(family, one.point + 0.47 * chord, along, 0.25 * float(np.linalg.norm(chord)))


def _corner(family: Family, one: End, other: End) -> tuple[End, End] | None:
    """Return the ends of a piece too short to halve, where two straight pieces meet in a corner.

    The branches of a piecewise linear system are straight: where the tangents at both ends meet on
    the branch, and it is there as it is at the ends, everything happens at that one place.
    """
    pair = np.stack([one.tangent, other.tangent], axis=1)
    (before, after), *_ = np.linalg.lstsq(pair, other.point - one.point, rcond=None)
    if not (before > AT_ONCE and after > AT_ONCE):
        return None
    ends = []
    for end, way in ((one, before - AT_ONCE / 3), (other, AT_ONCE / 3 - after)):
        near = _end_near(family, end.point + way * end.tangent, end.tangent, AT_ONCE / 30)
        if near is None or near.signature != end.signature:
            return None
        ends.append(near)
    return ends[0], ends[1]


def _end_near(family: Family, guess: np.ndarray, along: np.ndarray, within: float) -> End | None:
    """Return a point of the branch beside a guess, None where the nearest one is too far."""
    found = correct(family.residual_and_jacobian, guess, along)
    if not found.converged or np.linalg.norm(found.point - guess) > within:
        return None
    tangent, sign = tangent_of(found.jacobian, along)
    values = eigenvalues(family, found.point[None])[0]
    return End(found.point, tangent, signature(values, family.kind, sign, tangent[-1]))


def _single(family: Family, one: End, other: End, what: Change) -> Special | None:
    """Locate the only event between two ends; None where Newton's method leads elsewhere."""
    guess, kind = 0.5 * (one.point + other.point), family.kind
    evaluate = family.residual_and_jacobian
    if what.crossing:
        located = extended_branch_point(evaluate, family.residual_gradient, guess)
        if located.defect > NOT_CROSSING:
            return None
        name = "branch point"
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
        located = extended_mode(
            evaluate, family.jacobian, family.mode_gradient, guess, complex(target), kind
        )
    if not located.converged or not _lies_between(located.point, one.point, other.point):
        return None
    return _described(family, name, located, one.tangent)


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


def _described(family: Family, name: str, located: Located, tangent: np.ndarray) -> Special:
    """Name the point and compute the coefficient of its normal form."""
    point, angle = located.point, abs(located.angle)
    special = Special(name, point, located.correction, angle, tangents=[tangent])
    if name == "branch point":
        return _crossing(family, special, tangent)
    if name == "fold":
        special.form = normal_forms.fold(family, point)
    elif name == "flip":
        special.form = normal_forms.flip(family, point, tangent)
    elif name == "Hopf":
        special.form = normal_forms.hopf(family, point, angle, tangent)
    else:
        special.form = normal_forms.neimark_sacker(family, point, angle, tangent)
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
    """Tell a pitchfork from a transcritical point, and find the tangent of the crossing branch."""
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


def _unresolved(family: Family, one: End, other: End) -> Special:
    """Report what could not be solved for: its place is known to the length of the piece."""
    length = float(np.linalg.norm(other.point - one.point))
    jump = np.abs(family.jacobian(one.point) - family.jacobian(other.point)).max()
    size = max(np.abs(family.jacobian(one.point)).max(), 1.0)
    smooth = jump <= max(1e3 * length, 1e-6) * size
    what = change(one.signature, other.signature)
    several = "branch point" if what.crossing else "crossing"
    name = several if smooth else "border collision"
    special = Special(name, 0.5 * (one.point + other.point), length, tangents=[one.tangent])
    if smooth:
        critical = critical_modes(eigenvalues(family, special.point[None])[0], family.kind, LIKELY)
        special.form = NormalForm(np.nan, names_together(critical, family.kind))
    return special
