r"""Coefficients of normal forms: what happens beyond a bifurcation (Kuznetsov 2004, ch. 5).

With q and p the right and left critical vectors, $p^H q = 1$, $|q| = 1$, and B and C the forms of
the second and third derivatives. Where a cycle is born the motion along q is, with δ the distance
from the special point in the parameter,

.. math:: \dot z = (i\omega + \kappa\delta)\,z + c\,z|z|^2, \qquad
          z \mapsto \mu z\,(1 + \kappa\delta + c\,|z|^2),

for flows and maps; a flip has μ = −1 and everything real.
"""

from dataclasses import dataclass, replace

import numpy as np

from ...solvers.continuation import tangent_of
from ...solvers.newton import solve
from .family import Family

ZERO = 1e-9
"""Coefficients below this, of states in the family's units, decide nothing."""
RESONANCE = 1e-3
"""Angles of a map's mode this near a strong resonance (1:1 to 1:4) have no such normal form."""


OVERLAP = 1e-6
"""Critical vectors, of length 1, that overlap by less belong to a double eigenvalue."""


@dataclass(frozen=True)
class NormalForm:
    """The coefficient that decides, and the word for it; what is needed for the cycle born there.

    `mode` is q, `growth` κ and `cubic` c of the module's text; None and NaN where none is born.
    """

    coefficient: float
    criticality: str
    mode: np.ndarray | None = None
    growth: complex = complex(np.nan, np.nan)
    cubic: complex = complex(np.nan, np.nan)


def fold(family: Family, point: np.ndarray) -> NormalForm:
    """Return ½ p·B(q, q): the points exist on one side of the fold."""
    jacobian, base = _residual_jacobian(family, point)
    right, left = critical_vectors(jacobian, base)
    if np.linalg.norm(left) * OVERLAP > 1:
        return NormalForm(np.nan, "degenerate")
    value = 0.5 * float((left @ family.second(point, right, right)).real)
    form = NormalForm(value, "degenerate" if abs(value) < ZERO else "")
    return replace(form, coefficient=value / _length(family, right))


def pitchfork(family: Family, point: np.ndarray) -> NormalForm:
    """Return the cubic coefficient ⅙ p·C(q, q, q) − ½ p·B(q, h), with h solving A h = B(q, q)."""
    jacobian, base = _residual_jacobian(family, point)
    right, left = critical_vectors(jacobian, base)
    if np.linalg.norm(left) * OVERLAP > 1:
        return NormalForm(np.nan, "degenerate")
    square = family.second(point, right, right).real
    border = np.block(
        [[jacobian - base * np.eye(len(right)), left[:, None]], [right[None], np.zeros((1, 1))]]
    )
    h = solve(border, np.append(square, 0.0))[0][:-1]
    cubic = left @ family.third(point, right, right, right).real / 6
    form = _decided(cubic - 0.5 * float(left @ family.second(point, right, h).real))
    return replace(form, coefficient=form.coefficient / _length(family, right) ** 2)


def flip(family: Family, point: np.ndarray, tangent: np.ndarray) -> NormalForm:
    """Return ⅙ p·C(q, q, q) + ½ p·B(q, (I − J)⁻¹ B(q, q)): positive where a stable 2-cycle is born.

    Its sign is that of Kuznetsov's c(0); supercritical is positive here, unlike elsewhere.
    """
    jacobian = family.jacobian(point)
    right, left = critical_vectors(jacobian, -1.0)
    if np.linalg.norm(left) * OVERLAP > 1:
        return NormalForm(np.nan, "degenerate")
    h = np.linalg.solve(np.eye(len(right)) - jacobian, family.second(point, right, right).real)
    cubic = left @ family.third(point, right, right, right).real / 6
    value = float(cubic + 0.5 * left @ family.second(point, right, h).real)
    growth = -_slope(family, point, tangent, left, right)
    form = NormalForm(value, _decided(-value).criticality, right + 0j, growth, complex(-value))
    return _plain(family, form)


def hopf(family: Family, point: np.ndarray, omega: float, tangent: np.ndarray) -> NormalForm:
    """Return the first Lyapunov coefficient l₁."""
    jacobian = family.jacobian(point)
    right, left = critical_vectors(jacobian, 1j * omega)
    eye, conjugate = np.eye(len(right)), right.conj()
    even = np.linalg.solve(jacobian, family.second(point, right, conjugate))
    double = np.linalg.solve(2j * omega * eye - jacobian, family.second(point, right, right))
    value = family.third(point, right, right, conjugate)
    value = value - 2 * family.second(point, right, even) + family.second(point, conjugate, double)
    cubic = complex(left.conj() @ value) / 2
    growth = _slope(family, point, tangent, left, right)
    form = replace(_decided(cubic.real / omega), mode=right, growth=growth, cubic=cubic)
    return _plain(family, form)


def neimark_sacker(
    family: Family, point: np.ndarray, theta: float, tangent: np.ndarray
) -> NormalForm:
    """Return Kuznetsov's a(0): negative where a stable closed curve is born."""
    multiplier = np.exp(1j * theta)
    if min(abs(multiplier**k - 1) for k in (1, 2, 3, 4)) < RESONANCE:
        return NormalForm(np.nan, "strong resonance")
    jacobian = family.jacobian(point)
    right, left = critical_vectors(jacobian, multiplier)
    eye, conjugate = np.eye(len(right)), right.conj()
    even = np.linalg.solve(eye - jacobian, family.second(point, right, conjugate))
    double = np.linalg.solve(multiplier**2 * eye - jacobian, family.second(point, right, right))
    value = family.third(point, right, right, conjugate)
    value = value + 2 * family.second(point, right, even) + family.second(point, conjugate, double)
    cubic = 0.5 * complex(left.conj() @ value) / complex(multiplier)
    growth = _slope(family, point, tangent, left, right) / complex(multiplier)
    form = replace(_decided(cubic.real), mode=right, growth=growth, cubic=cubic)
    return _plain(family, form)


def critical_vectors(jacobian: np.ndarray, eigenvalue: complex) -> tuple[np.ndarray, np.ndarray]:
    """Return q with |q| = 1 and p with pᴴ q = 1 of the mode nearest an eigenvalue.

    1 / |p| is how far the unit left and right vectors overlap: 0 where the mode is double.
    """
    left, _, right = np.linalg.svd(jacobian - eigenvalue * np.eye(len(jacobian)))
    q, p = right[-1].conj(), left[:, -1]
    overlap = p.conj() @ q
    return q, p / (overlap.conjugate() if abs(overlap) > 1e-14 else 1e-14)


def _plain(family: Family, form: NormalForm) -> NormalForm:
    """Return a form with a cubic coefficient, computed in the family's units, of plain states."""
    assert form.mode is not None
    length = _length(family, form.mode)
    return replace(
        form,
        coefficient=form.coefficient / length**2,
        mode=form.mode * family.units / length,
        cubic=form.cubic / length**2,
    )


def _length(family: Family, right: np.ndarray) -> float:
    """Return how long in plain states a vector is that has length 1 in the family's units."""
    return float(np.linalg.norm(right * family.units))


def _slope(
    family: Family, point: np.ndarray, tangent: np.ndarray, left: np.ndarray, right: np.ndarray
) -> complex:
    """Return dμ/dp or dλ/dp of the critical mode along the branch; NaN where p does not change."""
    along = tangent_of(family.residual_and_jacobian(point)[1], tangent)[0]
    if along[-1] == 0:
        return complex(np.nan, np.nan)
    change = family.mode_gradient(point, left, right) @ along
    return complex(change / (along[-1] * family.scales[-1]))


def _residual_jacobian(family: Family, point: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the Jacobian and the eigenvalue that is critical at a fold or a crossing."""
    return family.jacobian(point), 1.0 if family.kind == "map" else 0.0


def _decided(coefficient: float) -> NormalForm:
    if not np.isfinite(coefficient) or abs(coefficient) < ZERO:
        return NormalForm(coefficient, "degenerate")
    return NormalForm(coefficient, "supercritical" if coefficient < 0 else "subcritical")
