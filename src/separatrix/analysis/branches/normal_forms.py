r"""Coefficients of normal forms: what happens beyond a bifurcation (Kuznetsov 2004, ch. 5).

With q and p the right and left critical vectors, $p^H q = 1$, $|q| = 1$, and B and C the forms of
the second and third derivatives.
"""

from dataclasses import dataclass

import numpy as np

from ...solvers.continuation.newton import solve
from .family import Family

RESONANCE = 1e-3
"""Angles of a map's mode this near a strong resonance (1:1 to 1:4) have no such normal form."""


@dataclass(frozen=True)
class NormalForm:
    """The coefficient that decides, and the word for it."""

    coefficient: float
    criticality: str


def fold(family: Family, point: np.ndarray) -> NormalForm:
    """Return ½ p·B(q, q): the points exist on one side of the fold."""
    jacobian, base = _residual_jacobian(family, point)
    right, left = critical_vectors(jacobian, base)
    return NormalForm(0.5 * float((left @ family.second(point, right, right)).real), "")


def pitchfork(family: Family, point: np.ndarray) -> NormalForm:
    """Return the cubic coefficient ⅙ p·C(q, q, q) − ½ p·B(q, h), with h solving A h = B(q, q)."""
    jacobian, base = _residual_jacobian(family, point)
    right, left = critical_vectors(jacobian, base)
    square = family.second(point, right, right).real
    border = np.block(
        [[jacobian - base * np.eye(len(right)), left[:, None]], [right[None], np.zeros((1, 1))]]
    )
    h = solve(border, np.append(square, 0.0))[0][:-1]
    cubic = left @ family.third(point, right, right, right).real / 6
    return _decided(cubic - 0.5 * float(left @ family.second(point, right, h).real))


def flip(family: Family, point: np.ndarray) -> NormalForm:
    """Return ⅙ p·C(q, q, q) + ½ p·B(q, (I − J)⁻¹ B(q, q)): positive where a stable 2-cycle is born.

    Its sign is that of Kuznetsov's c(0); supercritical is positive here, unlike elsewhere.
    """
    jacobian = family.jacobian(point)
    right, left = critical_vectors(jacobian, -1.0)
    h = np.linalg.solve(np.eye(len(right)) - jacobian, family.second(point, right, right).real)
    cubic = left @ family.third(point, right, right, right).real / 6
    value = float(cubic + 0.5 * left @ family.second(point, right, h).real)
    return NormalForm(value, _decided(-value).criticality)


def hopf(family: Family, point: np.ndarray, omega: float) -> NormalForm:
    """Return the first Lyapunov coefficient l₁."""
    jacobian = family.jacobian(point)
    right, left = critical_vectors(jacobian, 1j * omega)
    eye, conjugate = np.eye(len(right)), right.conj()
    even = np.linalg.solve(jacobian, family.second(point, right, conjugate))
    double = np.linalg.solve(2j * omega * eye - jacobian, family.second(point, right, right))
    value = family.third(point, right, right, conjugate)
    value = value - 2 * family.second(point, right, even) + family.second(point, conjugate, double)
    return _decided(float((left.conj() @ value).real) / (2 * omega))


def neimark_sacker(family: Family, point: np.ndarray, theta: float) -> NormalForm:
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
    return _decided(0.5 * float((np.exp(-1j * theta) * (left.conj() @ value)).real))


def critical_vectors(jacobian: np.ndarray, eigenvalue: complex) -> tuple[np.ndarray, np.ndarray]:
    """Return q with |q| = 1 and p with pᴴ q = 1 of the mode nearest an eigenvalue."""
    left, _, right = np.linalg.svd(jacobian - eigenvalue * np.eye(len(jacobian)))
    q, p = right[-1].conj(), left[:, -1]
    overlap = p.conj() @ q
    return q, p / (overlap.conjugate() if abs(overlap) > 1e-14 else 1e-14)


def _residual_jacobian(family: Family, point: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the Jacobian and the eigenvalue that is critical at a fold or a crossing."""
    return family.jacobian(point), 1.0 if family.kind == "map" else 0.0


def _decided(coefficient: float) -> NormalForm:
    if not np.isfinite(coefficient) or abs(coefficient) < 1e-9:
        return NormalForm(coefficient, "degenerate")
    return NormalForm(coefficient, "supercritical" if coefficient < 0 else "subcritical")
