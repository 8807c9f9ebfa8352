"""Singular points of curves of zeros, by Newton's method on minimally extended systems."""

import cmath
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..newton import Evaluate, Root, newton, solve

Gradient = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Point, w, v -> the gradient of wᴴ J(point) v, or of w · DF(point) v, over the point."""


def extended_mode(
    evaluate: Evaluate,
    jacobian: Callable[[np.ndarray], np.ndarray],
    gradient: Gradient,
    guess: np.ndarray,
    eigenvalue: complex,
    kind: str,
) -> tuple[Root, float]:
    r"""Find where F = 0 and the Jacobian J has a mode on the stability boundary.

    The mode is $g = 0$ in $\begin{pmatrix} J - \mu I & b \\ c^H & 0 \end{pmatrix}
    \begin{pmatrix} v \\ g \end{pmatrix} = \begin{pmatrix} 0 \\ 1 \end{pmatrix}$ (Govaerts 2000,
    ch. 4), with μ = 0, 1 or −1 where `eigenvalue` is one of these, and otherwise with μ = iω
    (`kind` "flow") or exp(iθ) ("map"), where ω or θ is one more unknown, which comes back, too.
    """
    size = len(guess) - 1
    is_complex = eigenvalue.imag != 0
    start = guess
    if is_complex:
        start = np.append(guess, eigenvalue.imag if kind == "flow" else cmath.phase(eigenvalue))

    def boundary(unknowns: np.ndarray) -> complex | float:
        if not is_complex:
            return float(eigenvalue.real)
        return 1j * unknowns[-1] if kind == "flow" else cmath.exp(1j * unknowns[-1])

    nearest = eigenvalue if is_complex else boundary(start)
    right, left = _nearest_vectors(jacobian(guess) - nearest * np.eye(size))

    def equations(unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        point = unknowns[: size + 1]
        residual, slopes = evaluate(point)
        border = _bordered(jacobian(point) - boundary(unknowns) * np.eye(size), left, right)
        v, w = _modes(border)
        row = -gradient(point, w[:-1], v[:-1])
        if not is_complex:
            return np.append(residual, v[-1].real), np.vstack([slopes, row.real])
        turn = 1j if kind == "flow" else 1j * np.exp(1j * unknowns[-1])
        row = np.append(row, turn * (w[:-1].conj() @ v[:-1]))
        slopes = np.column_stack([slopes, np.zeros(size)])
        return np.append(residual, [v[-1].real, v[-1].imag]), np.vstack(
            [slopes, row.real, row.imag]
        )

    root = newton(equations, start)
    angle = float(root.point[-1]) if is_complex else 0.0
    return replace(root, point=root.point[: size + 1]), angle


def extended_branch_point(
    evaluate: Evaluate, gradient: Gradient, guess: np.ndarray
) -> tuple[Root, float]:
    r"""Find a point where two branches cross: F = 0, and DF has lost rank.

    The unknowns are the point and β in $F + \beta b = 0$, $g = 0$, $w \cdot F_p = 0$ with the
    bordered system of `extended_mode` and its left solution w (Moore 1980). Newton's method
    converges quadratically, because this system is regular at a simple branch point. |β| comes
    back, too: 0 for a branch point, more where two branches come near and do not meet.
    """
    size = len(guess) - 1
    right, left = _nearest_vectors(evaluate(guess)[1][:, :size])

    def equations(unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        point, beta = unknowns[:-1], unknowns[-1]
        residual, slopes = evaluate(point)
        border = _bordered(slopes[:, :size], left, right)
        v, w = _modes(border)
        value, v, w = v[-1], v[:-1], w[:-1]
        xi = solve(border, np.append(slopes[:, size], 0.0))[0][:size]
        first = -gradient(point, w, np.append(v, 0.0))
        second = gradient(point, w, np.append(-xi, 1.0))
        matrix = np.block([[slopes, left[:, None]], [first, 0.0], [second, 0.0]])
        return np.append(residual + beta * left, [value, w @ slopes[:, size]]), matrix

    root = newton(equations, np.append(guess, 0.0))
    return replace(root, point=root.point[:-1]), abs(float(root.point[-1]))


def crossing_tangents(
    evaluate: Evaluate, gradient: Gradient, point: np.ndarray, tangent: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    r"""Return the tangents of the two branches through a branch point, that near `tangent` first.

    They are $a\varphi_1 + b\varphi_2$ with $c_{11} a^2 + 2 c_{12} ab + c_{22} b^2 = 0$, where φ₁
    and φ₂ span the null space of DF, ψ is its left null vector and
    $c_{ij} = \psi \cdot D^2F(\varphi_i, \varphi_j)$. None where the roots are not two real ones.
    """
    left_all, _, right_all = np.linalg.svd(evaluate(point)[1])
    psi, null = left_all[:, -1], right_all[-2:]
    slopes = np.stack([gradient(point, psi, direction) for direction in null])
    form = slopes @ null.T
    form = 0.5 * (form + form.T)
    values, axes = np.linalg.eigh(form)
    if not np.isfinite(values).all() or values[0] >= 0 or values[1] <= 0:
        return None
    # on λ₀ a² + λ₁ b² = 0 the directions are a : b = √λ₁ : ±√−λ₀
    mixed = np.array([[np.sqrt(values[1]), s * np.sqrt(-values[0])] for s in (1.0, -1.0)])
    found = mixed @ axes.T @ null
    found /= np.linalg.norm(found, axis=1)[:, None]
    along = found @ tangent
    own = int(np.argmax(np.abs(along)))
    return found[own] * np.copysign(1.0, along[own]), found[1 - own]


def _nearest_vectors(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit right and left vectors of the smallest singular value."""
    left, _, right = np.linalg.svd(matrix)
    return right[-1].conj(), left[:, -1]


def _bordered(matrix: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.block([[matrix, left[:, None]], [right.conj()[None], np.zeros((1, 1))]])


def _modes(border: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (v, g) and (w, g) of a bordered matrix and of its adjoint, NaN where singular."""
    one = np.zeros(len(border), border.dtype)
    one[-1] = 1.0
    return solve(border, one)[0], solve(border.conj().T, one)[0]
