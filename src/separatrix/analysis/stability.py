"""Stability of maps and of flows, told apart."""

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Shaped

KINK = "kink"
"""The stability of a point at which the function bends or jumps."""


def growth(
    eigenvalues: Complex[np.ndarray, "point mode"], kind: str
) -> Float[np.ndarray, "point mode"]:
    """Return how far each mode is beyond the boundary: |μ| − 1 for a map, Re λ for a flow."""
    return np.abs(eigenvalues) - 1 if kind == "map" else eigenvalues.real


def count_unstable(
    eigenvalues: Complex[np.ndarray, "point mode"],
    kind: str,
    band: float,
    on_kink: Bool[np.ndarray, " point"] | bool = False,
) -> Int[np.ndarray, " point"]:
    """Return the number of modes beyond the boundary by more than `band`.

    It is −1, unknown, where a mode is NaN, and on a kink.
    """
    margin = growth(eigenvalues, kind)
    return np.where(np.isnan(margin).any(1) | on_kink, -1, (margin > band).sum(1))


def classify(
    eigenvalues: Complex[np.ndarray, "point mode"],
    kind: str,
    band: float,
    on_kink: Bool[np.ndarray, " point"] | bool = False,
) -> Shaped[np.ndarray, " point"]:
    """Name each point "stable", "saddle", "unstable", "marginal" or "kink", or "unknown".

    A point is marginal when no mode is clearly unstable and at least one lies within `band` of the
    boundary, so that linearization cannot tell. Nor can it on a kink. It is unknown where a mode is
    NaN.
    """
    margin = growth(eigenvalues, kind)
    unstable = (margin > band).sum(1)
    marginal = (np.abs(margin) <= band).any(1)
    names = name_of(unstable, margin.shape[1])
    names = np.where((unstable == 0) & marginal, "marginal", names)
    names = np.where(on_kink, KINK, names)
    return np.where(np.isnan(margin).any(1), "unknown", names)


def name_of(n_unstable: Int[np.ndarray, " point"], size: int) -> Shaped[np.ndarray, " point"]:
    """Name points without marginal modes, by the numbers of their unstable ones."""
    names = np.where(n_unstable == size, "unstable", "saddle")
    return np.where(n_unstable == 0, "stable", names)
