"""Singular points of curves of zeros, by Newton's method on minimally extended systems."""

import cmath
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .newton import Evaluate, solve

Gradient = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Point, w, v -> the gradient of wᴴ J(point) v, or of w · DF(point) v, over the point."""

MAX_STEPS = 20
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Located:
    """A singular point; `correction` is the last Newton step, `angle` ω or θ of its mode.

    `defect` is how far F had to be shifted for the point to be singular: 0 for a branch point,
    more where two branches come near one another and do not meet.
    """

    point: np.ndarray
    converged: bool
    correction: float
    angle: float = 0.0
    defect: float = 0.0


def extended_mode(
    evaluate: Evaluate,
    jacobian: Callable[[np.ndarray], np.ndarray],
    gradient: Gradient,
    guess: np.ndarray,
    eigenvalue: complex,
    kind: str,
) -> Located:
    r"""Find where F = 0 and the Jacobian J has a mode on the stability boundary.

    The mode is $g = 0$ in $\begin{pmatrix} J - \mu I & b \\ c^H & 0 \end{pmatrix}
    \begin{pmatrix} v \\ g \end{pmatrix} = \begin{pmatrix} 0 \\ 1 \end{pmatrix}$ (Govaerts 2000,
    ch. 4), with μ = 0, 1 or −1 where `eigenvalue` is one of these, and otherwise with μ = iω
    (`kind` "flow") or exp(iθ) ("map"), where ω or θ is one more unknown.
    """
    size = len(guess) - 1
    is_complex = eigenvalue.imag != 0
    angle = 0.0
    if is_complex:
        angle = eigenvalue.imag if kind == "flow" else cmath.phase(eigenvalue)
    boundary = _boundary(eigenvalue, angle, kind)
    right, left = _nearest_vectors(jacobian(guess), eigenvalue if is_complex else boundary)
    point, correction, previous = guess.copy(), np.inf, np.inf
    for _ in range(MAX_STEPS):
        residual, slopes = evaluate(point)
        shifted = jacobian(point) - _boundary(eigenvalue, angle, kind) * np.eye(size)
        border = np.block([[shifted, left[:, None]], [right.conj()[None], np.zeros((1, 1))]])
        one = np.append(np.zeros(size), 1).astype(border.dtype)
        v = solve(border, one)[0]
        w = solve(border.conj().T, one)[0]
        value, v, w = v[-1], v[:-1], w[:-1]
        if not (np.isfinite(v).all() and np.isfinite(w).all() and np.isfinite(residual).all()):
            return Located(point, False, np.inf)
        row = -gradient(point, w, v)
        if is_complex:
            turn = (1j if kind == "flow" else 1j * np.exp(1j * angle)) * (w.conj() @ v)
            rows = np.block([[slopes, np.zeros((size, 1))], [row.real, turn.real]])
            matrix = np.vstack([rows, np.append(row.imag, turn.imag)])
            step, _ = solve(matrix, -np.append(residual, [value.real, value.imag]))
            angle, step = angle + step[-1], step[:-1]
        else:
            step, _ = solve(np.vstack([slopes, row.real]), -np.append(residual, value.real))
        point, correction = point + step, float(np.linalg.norm(step))
        if _settled(correction, previous, point):
            return Located(point, correction < 1e-8 * (1 + _norm(point)), correction, angle)
        previous = correction
    return Located(point, False, correction, angle)


def extended_branch_point(evaluate: Evaluate, gradient: Gradient, guess: np.ndarray) -> Located:
    r"""Find a point where two branches cross: F = 0, and DF has lost rank.

    The unknowns are the point and β in $F + \beta b = 0$, $g = 0$, $w \cdot F_p = 0$ with the
    bordered system of `extended_mode` and its left solution w (Moore 1980). Newton's method
    converges quadratically, because this system is regular at a simple branch point.
    """
    size = len(guess) - 1
    left_all, _, right_all = np.linalg.svd(evaluate(guess)[1][:, :size])
    b, c = left_all[:, -1], right_all[-1]
    point, beta, correction, previous = guess.copy(), 0.0, np.inf, np.inf
    for _ in range(MAX_STEPS):
        residual, slopes = evaluate(point)
        if not np.isfinite(slopes).all():
            break
        border = np.block([[slopes[:, :size], b[:, None]], [c[None], np.zeros((1, 1))]])
        one = np.append(np.zeros(size), 1.0)
        v, w = solve(border, one)[0], solve(border.T, one)[0]
        value, v, w = v[-1], v[:-1], w[:-1]
        xi = solve(border, np.append(slopes[:, size], 0.0))[0][:size]
        if not (np.isfinite(v).all() and np.isfinite(xi).all()):
            break
        first = -gradient(point, w, np.append(v, 0.0))
        second = gradient(point, w, np.append(-xi, 1.0))
        matrix = np.block([[slopes, b[:, None]], [first, 0.0], [second, 0.0]])
        right = np.concatenate([residual + beta * b, [value, w @ slopes[:, size]]])
        step, _ = solve(matrix, -right)
        point, beta, correction = point + step[:-1], beta + step[-1], _norm(step[:-1])
        if _settled(correction, previous, point):
            return Located(
                point, correction < 1e-8 * (1 + _norm(point)), correction, 0.0, abs(beta)
            )
        previous = correction
    return Located(point, False, np.inf)


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


def _boundary(eigenvalue: complex, angle: float, kind: str) -> complex | float:
    if eigenvalue.imag == 0:
        return float(eigenvalue.real)
    return 1j * angle if kind == "flow" else cmath.exp(1j * angle)


def _nearest_vectors(jacobian: np.ndarray, eigenvalue: complex) -> tuple[np.ndarray, np.ndarray]:
    """Return unit right and left vectors of the mode nearest an eigenvalue."""
    left, _, right = np.linalg.svd(jacobian - eigenvalue * np.eye(len(jacobian)))
    return right[-1].conj(), left[:, -1]


def _settled(correction: float, previous: float, point: np.ndarray) -> bool:
    """Tell whether Newton's method has come to rounding: small steps that no longer shrink."""
    small = correction < 1e-9 * (1 + _norm(point))
    return correction < 16 * EPS * (1 + _norm(point)) or (small and correction > 0.1 * previous)


def _norm(vector: np.ndarray) -> float:
    return float(np.linalg.norm(vector))
