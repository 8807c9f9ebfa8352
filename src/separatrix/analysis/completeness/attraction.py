r"""Where the velocity of each unit points back, whatever the other units do.

Write the velocity of unit i as $v_i(x) = A(x)\,x_i + B(x)$ with forms A and B that hold no $x_i$.
They are linear in each atom, so on the box of the atoms' bounds they are averages of their values
at its corners w, with weights that are products of distances to the opposite faces. If
$A_w \le 0$ and $A_w u + B_w \le 0$ at every corner, then for $x_i > u$

.. math:: v_i(x) = A\,(x_i - u) + (A u + B) < 0 ,

provided $A < 0$, which needs only that a corner with $A_w < 0$ has a positive weight: for
$A = z - 1$ the corner z = 0, and z < 1 because a logistic function never reaches its bound. The
least such u is the largest $-B_w/A_w$, as long as $B_w \le 0$ where $A_w = 0$. So the units of a
GRU, $v = (1-z)(n-h)$, get the range of n.

An atom that is bounded on one side only has its other corner at infinity, where the two conditions
are asked of its coefficient instead: $f_0 + f_1 (a - l) \le 0$ for all $a \ge l$ just when
$f_0 \le 0$ and $f_1 \le 0$. So $v = -s + (1 - s)\,r$ with a rate $r \ge 0$ gets [0, 1].
"""

from dataclasses import dataclass

import numpy as np

from .forms import NONE, Atoms, Form
from .rounding import add_down, add_up, divide_up, times_down, times_up

_OWN = -2  # in the place of an atom: the unit's own state
_MOST_ATOMS = 10

Array = np.ndarray


@dataclass(frozen=True)
class Attraction:
    """Velocity of unit i: negative wherever x_i > upper[i], positive wherever x_i < lower[i].

    `decays[i]` says whether A < 0 was proved; without it nothing is known of that unit.
    """

    lower: Array
    upper: Array
    decays: Array


def attraction(velocity: Form, atoms: Atoms) -> Attraction:
    """Bound the states where the velocity may vanish; atoms 0 … n−1 are the state itself."""
    size = velocity.shape[0]
    present = (velocity.lower != 0) | (velocity.upper != 0)
    factors = np.where(present[:, None], velocity.factors, NONE)
    factors = np.where(factors == np.arange(size), _OWN, factors)
    lower, upper = np.full(size, -np.inf), np.full(size, np.inf)
    decays = np.zeros(size, bool)
    table = atoms.table()
    for units in _alike(factors, np.stack([table[2], np.isinf(table[0]), np.isinf(table[1])])):
        part = Form(velocity.lower[:, units], velocity.upper[:, units], factors[:, :, units])
        lower[units], upper[units], decays[units] = _attraction_of_alike(part, table)
    return Attraction(lower, upper, decays)


def _alike(factors: Array, traits: Array) -> list[Array]:
    """Group the units whose forms have the same structure.

    That is equal atoms in the same places, and atoms of the same `traits (trait, atom)`.
    """
    flat = factors.reshape(-1, factors.shape[-1])
    first_seen = (flat[:, None] == flat[None]).argmax(axis=1)
    marks = np.where(flat < 0, flat, first_seen)
    kinds = [np.where(flat < 0, False, trait[np.maximum(flat, 0)]) for trait in traits]
    _, group = np.unique(np.concatenate([marks, *kinds]), axis=1, return_inverse=True)
    group = group.ravel()
    return [np.flatnonzero(group == g) for g in range(group.max(initial=-1) + 1)]


def _attraction_of_alike(
    form: Form, table: tuple[Array, Array, Array]
) -> tuple[Array, Array, Array]:
    """Bound the zeros of units of one structure, by the corners of their atoms' bounds."""
    places = form.factors[..., 0].ravel()
    names = [n for n in dict.fromkeys(places.tolist()) if n >= 0]
    flat = form.factors.reshape(len(places), -1)
    rows = [flat[int(np.flatnonzero(places == name)[0])] for name in names]
    count = flat.shape[1]
    if len(names) > _MOST_ATOMS:
        return np.full(count, -np.inf), np.full(count, np.inf), np.zeros(count, bool)
    ends = np.array([[table[0][row], table[1][row]] for row in rows]).reshape(-1, 2, count)
    strict = np.array([bool(table[2][row].all()) for row in rows], bool)
    local = np.array([names.index(n) if n >= 0 else n for n in places.tolist()])
    local = local.reshape(form.factors.shape[:2])
    # Of the ends of each atom that are at infinity, those with a finite opposite.
    afar = np.isinf(ends[..., 0]) & ~np.isinf(ends[..., 0]).all(axis=1, keepdims=True)
    ends = np.where(afar[..., None], np.sign(ends), ends)
    corners = [_corner(form, local, ends, afar, bits) for bits in np.ndindex((2,) * len(names))]
    a_low, a_high, b_low, b_high = (np.array(column) for column in zip(*corners, strict=True))
    decays = _always_negative(a_high, local, strict, afar) & np.isfinite(a_low).all(axis=0)
    upper = _least_upper(a_low, a_high, b_high)
    lower = -_least_upper(a_low, a_high, -b_low)
    return np.where(decays, lower, -np.inf), np.where(decays, upper, np.inf), decays


def _corner(
    form: Form, local: Array, ends: Array, afar: Array, bits: tuple[int, ...]
) -> tuple[Array, Array, Array, Array]:
    """Return bounds of A and of B where each atom is at the end that `bits` says.

    For ends that are `afar (atom, end)`, bounds of the coefficients of those atoms.
    """
    sums = [np.zeros(form.shape) for _ in range(4)]
    wanted = {atom for atom, bit in enumerate(bits) if afar[atom, bit]}
    for t in range(len(form.lower)):
        if not wanted.issubset(local[t].tolist()):
            continue
        low, high = form.lower[t], form.upper[t]
        for place in local[t]:
            if place >= 0:
                value = ends[place, bits[place]]
                swap = value < 0
                low, high = np.where(swap, high, low), np.where(swap, low, high)
                low, high = times_down(low, value), times_up(high, value)
        at = 0 if (local[t] == _OWN).any() else 2
        sums[at] = add_down(sums[at], low)
        sums[at + 1] = add_up(sums[at + 1], high)
    return sums[0], sums[1], sums[2], sums[3]


def _always_negative(a_high: Array, local: Array, strict: Array, afar: Array) -> Array:
    """Whether A < 0, given upper bounds of it at the corners `(corner, unit)`.

    An atom that may reach the ends of its range may put all weight on one of its corners; one that
    may not leaves some weight on both. Of a half-bounded one the finite corner always has weight.
    """
    atoms = len(strict)
    negative = (a_high < 0).reshape((2,) * atoms + (-1,))
    in_a = set(local[(local == _OWN).any(axis=1)].ravel().tolist())
    some = tuple(k for k in range(atoms) if strict[k] or k not in in_a)
    every = tuple(k for k in range(atoms) if k not in some)
    for atom in every:
        if afar[atom].any():
            negative = negative.take([int(afar[atom, 0])], axis=atom)
    found = np.all(np.any(negative, axis=some, keepdims=True), axis=every, keepdims=True)
    return found.reshape(-1) & (a_high <= 0).all(axis=0)


def _least_upper(a_low: Array, a_high: Array, b_high: Array) -> Array:
    """Return the least u with A u + B ≤ 0 at every corner; infinite where there is none."""
    falls = a_high < 0
    quotient = divide_up(b_high, np.where(falls, -a_high, 1.0), np.where(falls, -a_low, 1.0))
    vanishes = (a_high == 0) & (a_low == 0) & (b_high <= 0)
    bound = np.where(falls, quotient, np.where(vanishes, -np.inf, np.inf)).max(axis=0)
    return np.where(np.isfinite(bound), bound, np.inf)
