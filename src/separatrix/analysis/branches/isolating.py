"""The search for special points along a branch: pieces are halved until each event stands alone."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..._watch import is_over
from ...solvers.continuation import Curve, CurveEnd, correct, tangent_of
from .family import Family
from .special import KINK, End, Special, enclose, locate
from .spectra import change, eigenvalues, is_chance, signature, signatures

HALVINGS = 40
"""How often a piece of a branch is halved in the search for what happens on it."""
PATIENCE = 4
"""Halvings before Newton's method is tried again: at a kink it fails on pieces of any length."""
STRAIGHT = 0.9
"""Cosine of the angle that a branch turns by on a piece without a corner, at least."""
BEND = 1e-5
"""The angle, in radians, by which rounding may bend a straight piece of a branch."""
AT_ONCE = 1e-9
"""Events on a piece this short cannot be distinguished."""


@dataclass
class Budget:
    """How many pieces of a branch may still be halved: where signs are rounding they never end."""

    left: int = 4000
    strays: bool = False  # whether a piece led from one branch to another

    @property
    def is_spent(self) -> bool:
        """Whether there may be special points that were not looked for."""
        return self.left <= 0 or is_over()


def find_special(
    family: Family,
    curve: Curve,
    values: np.ndarray,
    known: list[Special],
    *,
    skip_first: bool,
    budget: Budget,
) -> list[Special]:
    """Return the special points of a curve, in order, without those at its ends.

    Where the curve passes a known degenerate one, that one is all that is there. What is beyond the
    budget is left out.
    """
    marks = signatures(curve, values, family.kind)
    ends = [End(p, t, m) for p, t, m in zip(curve.points, curve.tangents, marks, strict=True)]
    found: list[Special] = []
    first = 1 if skip_first else 0
    if curve.end is CurveEnd.CLOSED and skip_first:
        ends = ends[:-1]  # the last point is the first, a special point that is known
    ends = ends[first:]
    if family.has_kinks:
        ends = _with_hidden(family, ends, budget)
    for one, other in pairwise(ends):
        signs = one.signature, other.signature
        if is_chance(*signs) or not change(*signs).count:
            continue
        passed = [s for s in known if _passes(one.point, other.point, s)]
        found += passed[:1] or _between(family, one, other, budget)
    return found


def _with_hidden(family: Family, ends: list[End], budget: Budget) -> list[End]:
    """Add points between those where something may happen that is undone before the next one.

    Between kinks a branch is straight, or bends evenly: such a piece, and one of two straight sides
    that meet in one corner, hides nothing.
    """
    found = ends[:1]
    for one, other in pairwise(ends):
        if not change(one.signature, other.signature).count:
            found += _inside(family, one, other, budget, HALVINGS)
        found.append(other)
    return found


def _inside(family: Family, one: End, other: End, budget: Budget, halvings: int) -> list[End]:
    length = float(np.linalg.norm(other.point - one.point))
    if halvings == 0 or length < AT_ONCE or budget.is_spent:
        return []
    chord, mean = (other.point - one.point) / length, 0.5 * (one.tangent + other.tangent)
    evenly = 0.1 * float(np.linalg.norm(other.tangent - one.tangent)) + BEND
    is_even = np.linalg.norm(chord - mean) < evenly
    if (is_even and evenly < 2 * BEND) or _corner(family, one, other):
        return []
    budget.left -= 1
    middle = _middle(family, one, other)
    if middle is None or (is_even and np.linalg.norm(middle.tangent - mean) < evenly):
        return []
    before = _inside(family, one, middle, budget, halvings - 1)
    return [*before, middle, *_inside(family, middle, other, budget, halvings - 1)]


def _passes(one: np.ndarray, other: np.ndarray, special: Special) -> bool:
    """Return whether a piece of a branch passes a degenerate special point, or comes next to it.

    Near such a point several branches are so close that nothing else can be told there.
    """
    chord = other - one
    part = np.clip((special.point - one) @ chord / (chord @ chord), 0.0, 1.0)
    beside = np.linalg.norm(one + part * chord - special.point)
    return special.is_blurred and bool(beside < 1.5 * np.linalg.norm(chord))


def _between(
    family: Family,
    one: End,
    other: End,
    budget: Budget,
    halvings: int = HALVINGS,
    wait: int = 0,
) -> list[Special]:
    """Return the special points on a piece of a branch, halving the piece until each stands alone.

    `wait`: how many halvings Newton's method, which failed on a longer piece, is left alone.
    """
    what = change(one.signature, other.signature)
    if not what.count or budget.is_spent:
        return []
    budget.left -= 1
    if what.count == 1 and wait == 0:
        special = locate(family, one, other, what)
        if special is not None:
            return [special]
        wait = PATIENCE
    corner = None if 0 < wait < PATIENCE else _corner(family, one, other)
    length = float(np.linalg.norm(other.point - one.point))
    if corner is not None or halvings == 0 or length < AT_ONCE:
        return [enclose(family, *(corner or (one, other)))]
    middle = _middle(family, one, other)
    if middle is None:
        # the chord of a sharp corner leads past both its sides
        corner = _corner(family, one, other)
        special = enclose(family, *(corner or (one, other)))
        strays = corner is None and special.type != KINK
        budget.strays |= strays
        return [] if strays else [special]
    rest, wait = halvings - 1, max(wait - 1, 0)
    first = _between(family, one, middle, budget, rest, wait)
    return first + _between(family, middle, other, budget, rest, wait)


def _middle(family: Family, one: End, other: End) -> End | None:
    """Return a point of the branch half way between the two ends of a piece."""
    chord = other.point - one.point
    along = chord / np.linalg.norm(chord)
    # not exactly half way: a symmetric piece would put the special point, singular, in the middle
    within = 0.25 * float(np.linalg.norm(chord))
    middle = _end_near(family, one.point + 0.47 * chord, along, within)
    sign = one.signature.crossing
    if middle is None or one.tangent @ other.tangent > STRAIGHT or other.signature.crossing != sign:
        return middle
    # around a corner the chord may point against the branch; this sign stays as it is at kinks
    if middle.signature.crossing * sign < 0:
        turned = replace(middle.signature, crossing=sign, turn=-middle.signature.turn)
        return End(middle.point, -middle.tangent, turned)
    return middle


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
